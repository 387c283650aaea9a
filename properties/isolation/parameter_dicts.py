"""The dicts that calls are given: one of which entries change, as a model's parameters do."""

from collections.abc import Sequence
from typing import Any


class Dicts:
    """The dicts of the latest call, by their place among its arguments, and what was in them."""

    def __init__(self) -> None:
        self.latest: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}

    def settled(self, given: Sequence[Any]) -> list[Any]:
        """The arguments of a call; a dict that has an entry of the one before is that one, changed.

        So a training loop replaces parameters in one dict: whatever is kept for the dict is stale.
        """
        return [self.one(i, v) if isinstance(v, dict) else v for i, v in enumerate(given)]

    def one(self, place: int, value: dict[str, Any]) -> dict[str, Any]:
        """The dict that is given at a place."""
        before, _ = self.latest.get(place, ({}, {}))
        if any(before.get(name) is entry for name, entry in value.items()):
            before.clear()
            before.update(value)
            value = before
        self.latest[place] = value, dict(value)
        return value

    def rewritten(self) -> bool:
        """Whether a dict of the latest call is not what it was when it was given."""
        return any(
            list(now) != list(then) or any(now[name] is not then[name] for name in now)
            for now, then in self.latest.values()
        )
