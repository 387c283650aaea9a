"""Dicts of parameters, reused from call to call as in a training loop."""

from collections.abc import Sequence
from typing import Any


class Dicts:
    """Dicts of the latest call, by their position among its arguments, and their entries."""

    def __init__(self) -> None:
        self.latest: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.given: set[int] = set()  # positions of those of the latest call

    def settled(self, given: Sequence[Any]) -> list[Any]:
        """Return the arguments, with the last call's dict in place of one that shares an entry.

        The reused dict gets the new entries, as a training loop replaces parameters in one dict. A
        value that an implementation has cached for the dict is then stale.
        """
        self.given = {i for i, v in enumerate(given) if isinstance(v, dict)}
        return [self.one(i, v) if i in self.given else v for i, v in enumerate(given)]

    def one(self, place: int, value: dict[str, Any]) -> dict[str, Any]:
        """Return the dict to give at a position."""
        before, _ = self.latest.get(place, ({}, {}))
        if any(before.get(name) is entry for name, entry in value.items()):
            before.clear()
            before.update(value)
            value = before
        self.latest[place] = value, dict(value)
        return value

    def rewritten(self) -> bool:
        """Return True if the latest call changed a dict that it was given."""
        return any(
            list(now) != list(then) or any(now[name] is not then[name] for name in now)
            for now, then in (self.latest[i] for i in self.given)
        )
