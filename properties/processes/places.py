"""Where an implementation lives: in this process, or contained in one of its own."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

from seqlaws.properties import backends, surroundings
from seqlaws.properties.backends import Backend
from seqlaws.properties.processes.contained import Contained
from seqlaws.properties.processes.dicts import Dicts
from seqlaws.properties.processes.inside import in_threads
from seqlaws.properties.processes.limits import Limits


class Place(Protocol):
    """What differs with the place."""

    until: float
    limits: Limits

    def backend(self, library: str) -> Backend:
        """The arrays of a library."""

    def settled(self, given: Sequence[Any]) -> Sequence[Any]:
        """The arguments of a call; a dict of which entries changed since the call before is one."""

    def rewritten(self) -> bool:
        """Whether the latest call changed a dict that it was given."""

    def together(self, calls: Sequence[tuple[Any, Any, Any]]) -> list[Any]:
        """What several calls (function, given, options) at once give, or raise."""

    def watch(self, seed: int) -> None:
        """Note the surroundings of a call."""

    def changed(self) -> list[str]:
        """What changed of them since."""

    def unlike_first(self) -> list[str]:
        """What is not as it was before anything was called."""

    def replaced(self) -> list[str]:
        """The functions of libraries that are others than before the import."""

    def left(self) -> dict[str, int]:
        """How many threads, file descriptors and processes there are."""


class Here:
    """In this process."""

    until = math.inf  # nobody can be stopped here
    limits = Limits(seconds=300.0, memory=1 << 20)  # of its calls from any other program

    def __init__(self) -> None:
        self.dicts = Dicts()

    def backend(self, library: str) -> Backend:
        return backends.backend(library)

    def settled(self, given: Sequence[Any]) -> Sequence[Any]:
        return self.dicts.settled(given)

    def rewritten(self) -> bool:
        return self.dicts.rewritten()

    def together(self, calls: Sequence[tuple[Any, Any, Any]]) -> list[Any]:
        return in_threads(calls)

    def watch(self, seed: int) -> None:
        surroundings.watch(seed)

    def changed(self) -> list[str]:
        return surroundings.changed()

    def unlike_first(self) -> list[str]:
        return surroundings.unlike_first()

    def replaced(self) -> list[str]:
        return surroundings.replaced()

    def left(self) -> dict[str, int]:
        return surroundings.left()


HERE = Here()


def place_of(namespace: Any) -> Place:
    """Where an implementation lives."""
    return namespace if isinstance(namespace, Contained) else HERE
