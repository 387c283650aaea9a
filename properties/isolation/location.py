"""Places where an implementation runs: in this process, or contained in one of its own."""

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from seqlaws.properties.backends import instances, side_effects
from seqlaws.properties.backends.protocol import Arrays
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.devices import SpoiltError, finished
from seqlaws.properties.isolation.executed_lines import Executed, Lines, following
from seqlaws.properties.isolation.limits import Limits, LostError
from seqlaws.properties.isolation.parameter_dicts import Dicts
from seqlaws.properties.isolation.threads import in_threads


class Place(Protocol):
    """Place where an implementation runs: this process or a process of its own."""

    until: float
    limits: Limits
    patience: float  # seconds that a call may take, if more than its limit

    def backend(self, library: str) -> Arrays:
        """The arrays of a library."""

    def settled(self, given: Sequence[Any]) -> Sequence[Any]:
        """Return the arguments, with the last call's dict in place of one that shares an entry."""

    def finished(self, library: str, device: str, call: Callable[[], Any]) -> Any:
        """Return the outputs of a call once the device has computed them.

        Raises LostError where the device cannot be used any more.
        """

    def spoilt(self, device: str) -> str:
        """Return how a device failed, if it cannot be used any more; else ""."""

    def soil(self, library: str, sizes: Sequence[int], device: str) -> None:
        """Leave odd bytes in free memory before the next call, as a backend does."""

    def rewritten(self) -> bool:
        """Return True if the latest call changed a dict that it was given."""

    def together(self, calls: Sequence[tuple[Any, Any, Any]]) -> list[Any]:
        """Make calls (function, given, options) at once; return each output or exception."""

    def watch(self, seed: int) -> None:
        """Note the global state before a call."""

    def changed(self) -> list[str]:
        """Return the names of the state that changed since `watch` or since it was first noted."""

    def unlike_first(self) -> list[str]:
        """Return the names of the lasting state that changed since it was first noted."""

    def replaced(self) -> list[str]:
        """Return the names of functions that were replaced by the import or by a call."""

    def left(self) -> dict[str, int]:
        """Count the threads, file descriptors and child processes."""

    def follow(self, namespace: Any) -> None:
        """Note from now on which lines of the implementation's source are executed."""

    def executed(self) -> Lines:
        """Return the lines that were executed, each at least once over all answers."""


class Here:
    """Place of a subject in this process, whose dicts and devices all subjects share."""

    limits = Limits(seconds=300.0, memory=1 << 20)  # of its calls from any other program
    dicts = Dicts()
    failed: ClassVar[dict[str, str]] = {}  # devices that cannot be used any more

    def __init__(self) -> None:
        self.until = math.inf  # when the time of this subject is over; no call is stopped here
        self.patience = 0.0
        self.lines: Executed | None = None

    def backend(self, library: str) -> Arrays:
        return instances.backend(library)

    def settled(self, given: Sequence[Any]) -> Sequence[Any]:
        return self.dicts.settled(given)

    def finished(self, library: str, device: str, call: Callable[[], Any]) -> Any:
        try:
            return finished(instances.backend(library), device, following(self.lines, call))
        except SpoiltError as error:
            self.failed.setdefault(device, str(error))
            raise LostError(str(error), slow=True) from error

    def spoilt(self, device: str) -> str:
        return self.failed.get(device, "")

    def soil(self, library: str, sizes: Sequence[int], device: str) -> None:
        instances.backend(library).soil(sizes, device)

    def rewritten(self) -> bool:
        return self.dicts.rewritten()

    def together(self, calls: Sequence[tuple[Any, Any, Any]]) -> list[Any]:
        return in_threads(calls)

    def watch(self, seed: int) -> None:
        side_effects.watch(seed)

    def changed(self) -> list[str]:
        return side_effects.changed()

    def unlike_first(self) -> list[str]:
        return side_effects.unlike_first()

    def replaced(self) -> list[str]:
        return side_effects.replaced()

    def left(self) -> dict[str, int]:
        return side_effects.left()

    def follow(self, namespace: Any) -> None:
        self.lines = Executed(namespace)

    def executed(self) -> Lines:
        return self.lines.told() if self.lines is not None else {}


def place_of(namespace: Any) -> Place:
    """Return the place of an implementation."""
    return namespace if isinstance(namespace, Contained) else Here()
