"""Shards: the part of a run that one of several machines takes."""

from typing import Any, NamedTuple


class Shard(NamedTuple):
    """Part `number` of `of`, counted from 1; written "3/8"."""

    number: int
    of: int

    def part(self, items: list[Any]) -> list[Any]:
        """Return every `of`-th item, so that neighbours, which take alike long, are spread."""
        return items[self.number - 1 :: self.of]


def shard_of(text: str) -> Shard:
    """Return the shard that a text such as "3/8" means. Raises ValueError."""
    number, slash, of = text.partition("/")
    if not (slash and number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise ValueError(f"shard {text!r}: write K/N, part K of N, such as 1/8 up to 8/8")
    return Shard(int(number), int(of))
