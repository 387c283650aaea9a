"""Selects what runs: the operations, dtypes and devices of an implementation."""

from collections.abc import Collection, Iterable
from typing import Any

from seqlaws.properties.discovery.traits import nearest, traits_of
from seqlaws.properties.isolation.limits import LostError
from seqlaws.properties.isolation.location import place_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.runner.pairing import Candidate


def candidates_of(
    spec: str,
    name: str,
    namespace: Any,
    operations: Collection[str] = (),
    dtypes: Collection[str] = (),
    devices: Collection[str] = (),
) -> list[Candidate]:
    """Return a candidate for each operation, dtype and device.

    Without a request these are all operations, and the dtypes and the device that the
    implementation declares for each. A candidate that cannot run is included, with the reason.
    """
    made = []
    for operation in operations or OPERATIONS:
        declared = dtypes_of(namespace, operation)
        judged = [dtype for dtype in dtypes or declared if dtype in declared]
        offered = callable(getattr(namespace, operation, None))
        own = traits_of(getattr(namespace, "TRAITS", {}), operation).device
        for device in devices or (own,):
            missing = why_unavailable(namespace, operation, device) if offered else ""
            for dtype in dtypes or declared:
                lacks = "" if offered else f"{operation} is not offered"
                if offered and dtype not in declared:
                    lacks = f"{dtype} is not offered; declared: {', '.join(declared)}"
                one = Candidate(
                    spec,
                    name,
                    namespace,
                    operation,
                    dtype,
                    device,
                    not_offered=lacks,
                    unavailable=missing and f"{name}: {missing}",
                    beside_float32=dtype != "float32" and "float32" in judged,
                )
                made.append(one)
    return made


def dtypes_of(namespace: Any, operation: str) -> tuple[str, ...]:
    """The dtypes that an implementation declares, or the operation's own where it has only some."""
    declared = traits_of(getattr(namespace, "TRAITS", {}), operation).dtypes
    return OPERATIONS[operation].dtypes or declared


def why_unavailable(namespace: Any, operation: str, device: str) -> str:
    """Return why the operation's array library cannot be used on a device; "" if it can."""
    library = traits_of(getattr(namespace, "TRAITS", {}), operation).backend
    try:
        return place_of(namespace).backend(library).available(device)
    except ImportError as error:
        return str(error)
    except LostError as lost:
        return f"looking up the device {device!r} {lost}"


def known_words(what: str, words: Iterable[str] | None, all_: tuple[str, ...]) -> list[str]:
    """The words that were given, one or several. Raises ValueError for one that is not known."""
    given = [words] if isinstance(words, str) else list(words or ())
    for word in given:
        if word not in all_:
            raise ValueError(f"unknown {what} {word!r}{nearest(word, list(all_))}")
    return given
