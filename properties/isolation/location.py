"""Where an implementation lives: in this process, or contained in one of its own."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

from seqlaws.properties.backends import instances, side_effects
from seqlaws.properties.backends.protocol import Arrays
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.limits import Limits
from seqlaws.properties.isolation.parameter_dicts import Dicts
from seqlaws.properties.isolation.worker import in_threads


class Place(Protocol):
    """What differs with the place."""

    until: float
    limits: Limits

    def backend(self, library: str) -> Arrays:
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

    def backend(self, library: str) -> Arrays:
        return instances.backend(library)

    def settled(self, given: Sequence[Any]) -> Sequence[Any]:
        return self.dicts.settled(given)

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


HERE = Here()


def place_of(namespace: Any) -> Place:
    """Where an implementation lives."""
    return namespace if isinstance(namespace, Contained) else HERE
