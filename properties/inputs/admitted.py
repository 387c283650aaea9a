"""Sizes that an implementation admits, where it does not take all of them (the trait `sizes`)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Draw, pick

MULTIPLES = (1, 2, 3, 1, 5, 4, 9)  # drawn, times the size of which all others are multiples
LARGEST = 3 << 18  # entries of a call: where one size is pinned, the others cannot be 1
TOO_LARGE = "a size that is too large beside the others"
FORMS = 'an int, a tuple of ints, "multiple of N" or "at most N"'


@dataclass(frozen=True)
class Admitted:
    """Sizes of one letter: some, or multiples of `step` up to `most`."""

    some: tuple[int, ...] = ()
    step: int = 1
    most: int | None = None

    def __contains__(self, size: int) -> bool:
        if self.some:
            return size in self.some
        return size > 0 and size % self.step == 0 and (self.most is None or size <= self.most)

    def nearest(self, size: int) -> int:
        """Return the smallest admitted size that is not below; else the largest."""
        if self.some:
            return min((n for n in self.some if n >= size), default=max(self.some))
        return min(max(-(-size // self.step), 1) * self.step, self.most or size + self.step)

    def drawn(self, draw: Draw) -> int | None:
        """Draw a size; None if nearly any will do."""
        if self.some:
            return pick(draw, self.some)
        return pick(draw, MULTIPLES) * self.step if self.step > 1 else None


def parsed(value: Any) -> Admitted | None:
    """Return the sizes that a value of the trait means; None if it means none."""
    if isinstance(value, str):
        found = re.fullmatch(r"(multiple of|at most) ([1-9]\d*)", value.strip())
        if found is None:
            return None
        n = int(found[2])
        return Admitted(step=n) if found[1] == "multiple of" else Admitted(most=n)
    given = (value,) if type(value) is int else value
    sound = isinstance(given, (tuple, list)) and given and all(type(n) is int for n in given)
    return Admitted(some=tuple(sorted(given))) if sound and min(given) > 0 else None


def within(
    cases: Callable[..., Case], sizes: Mapping[str, Admitted], pinned: Mapping[str, Any]
) -> Callable[..., Case]:
    """Return what makes cases of admitted sizes alone; pinned: what a law or a sweep pins."""

    def made(draw: Draw, **given: Any) -> Case:
        chosen = {
            letter: chosen_size(draw, one, pinned.get(letter)) for letter, one in sizes.items()
        }
        return cases(draw, **given, **{name: n for name, n in chosen.items() if n is not None})

    return made


def chosen_size(draw: Draw, sizes: Admitted, pinned: Any) -> int | None:
    """Return the admitted size next to what is pinned, or one that is drawn."""
    return sizes.nearest(pinned) if isinstance(pinned, int) else sizes.drawn(draw)


def swept(pinned: list[dict[str, Any]], sizes: Mapping[str, Admitted]) -> list[dict[str, Any]]:
    """Return what a sweep pins, with admitted sizes, each once."""
    found = {}
    for one in pinned:
        near = {n: sizes[n].nearest(one[n]) for n in one.keys() & sizes if isinstance(one[n], int)}
        found[repr(sorted({**one, **near}.items()))] = {**one, **near}
    return list(found.values())


def beyond(case: Case, sizes: Mapping[str, Admitted]) -> str:
    """Say which size of a case is not admitted, or that they are too many; "" if all are well."""
    given = case.sizes() if sizes else {}
    if sizes and sum(a.size for a in case.arrays.values()) > LARGEST:
        return TOO_LARGE
    return ", ".join(f"{n} = {given[n]}" for n in given.keys() & sizes if given[n] not in sizes[n])
