"""Calls on a device other than the CPU: they last until the device is done, and it may fail."""

from collections.abc import Callable
from typing import Any

from seqlaws.properties.backends.protocol import Arrays
from seqlaws.properties.backends.side_effects import note_at_first
from seqlaws.properties.discovery.raised import said_by
from seqlaws.properties.isolation.limits import LostError

USED: set[str] = set()  # by this process


class SpoiltError(LostError):
    """A device of this process can no longer be used; the message completes a sentence."""


def finished(arrays: Arrays, device: str, call: Callable[[], Any]) -> Any:
    """Return the outputs of a call once the device has computed them.

    An error of a kernel comes when the device is waited for; so it belongs to this call, not to the
    next. Raises SpoiltError if the device cannot be used any more: after an illegal memory access,
    for one, all that follows in the process fails.
    """
    if device == "cpu":
        return call()
    if device not in USED:  # by now it is initialised, and nobody has changed its settings
        USED.add(device)
        note_at_first()
    try:
        outputs = call()
        arrays.finish(outputs, device)
    except BaseException as error:
        if arrays.available(device):
            first = (said_by(error).strip().splitlines() or [""])[0]
            says = f"made the device {device} fail: {type(error).__name__}: {first}"
            raise SpoiltError(says) from error
        raise
    return outputs
