"""Sizes that an implementation admits, where it does not take all of them (the trait `sizes`)."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Draw, pick
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.strategies import build

MULTIPLES = (1, 2, 3, 1, 5, 4, 9)  # drawn, times the size of which all others are multiples
EQUAL = (2, 3, 5, 8, 16, 17)  # drawn, of two sizes that have to be equal
ROOM = 1 << 21  # entries, up to which a small size that is pinned may become any admitted one
LARGEST = 3 << 22  # entries of a call: where one size is pinned, the others cannot be 1
TOO_LARGE = "a size that is too large beside the others"
FORMS = 'an int, a tuple of ints, "multiple of N", "at most N", or a letter of the same size'


@dataclass(frozen=True)
class Admitted:
    """Sizes of one letter: some, or multiples of `step` up to `most`, or those of another letter.

    like: that letter; both are equal.
    """

    some: tuple[int, ...] = ()
    step: int = 1
    most: int | None = None
    like: str = ""

    def __contains__(self, size: int) -> bool:
        if self.some:
            return size in self.some
        return size > 0 and size % self.step == 0 and (self.most is None or size <= self.most)

    def nearest(self, size: int, turn: int = 0, room: int = 0) -> int:
        """Return the smallest admitted size that is not below; else the largest.

        A size below some admitted ones stands for any of them, up to `room`: they take turns.
        """
        if self.some and size < self.some[0]:
            fit = [n for n in self.some if n <= room] or self.some[:1]
            return fit[turn % len(fit)]
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
        if value.isidentifier():
            return Admitted(like=value)
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
        return cases(draw, **{**given, **chosen_sizes(draw, sizes, pinned)})

    return made


def drawn_within(
    draw: Draw,
    operation: Operation,
    dtype: str,
    sizes: Mapping[str, Admitted],
    pinned: Mapping[str, Any],
) -> Case:
    """Draw a case of admitted sizes, each next to what is pinned."""
    return within(build, sizes, pinned)(draw, operation=operation, dtype=dtype, **pinned)


def chosen_sizes(
    draw: Draw, sizes: Mapping[str, Admitted], pinned: Mapping[str, Any]
) -> dict[str, int]:
    """Choose an admitted size of each letter, if not any will do."""
    chosen = {n: chosen_size(draw, one, pinned.get(n)) for n, one in sizes.items() if not one.like}
    found = {letter: n for letter, n in chosen.items() if n is not None}
    for letter, one in sizes.items():
        if one.like:
            given = found.get(one.like), pinned.get(one.like), pinned.get(letter)
            size = next((n for n in given if isinstance(n, int)), None)
            size = pick(draw, EQUAL) if size is None else size
            size = sizes[one.like].nearest(size) if one.like in sizes else size
            found |= {one.like: size, letter: size}
    return found


def chosen_size(draw: Draw, sizes: Admitted, pinned: Any) -> int | None:
    """Return the admitted size next to what is pinned, or one that is drawn."""
    return sizes.nearest(pinned) if isinstance(pinned, int) else sizes.drawn(draw)


def swept(pinned: list[dict[str, Any]], sizes: Mapping[str, Admitted]) -> list[dict[str, Any]]:
    """Return what a sweep pins, with admitted sizes, each once."""
    found = {}
    for turn, one in enumerate(pinned):
        near = {}
        for name in one.keys() & sizes:
            if isinstance(one[name], int) and not sizes[name].like:
                near[name] = sizes[name].nearest(one[name], turn, room_for(name, one))
        found[repr(sorted({**one, **near}.items()))] = {**one, **near}
    return list(found.values())


def room_for(letter: str, pinned: Mapping[str, Any]) -> int:
    """Return how large a size may be beside the others that are pinned."""
    others = [n for name, n in pinned.items() if name != letter and type(n) is int and n > 0]
    return ROOM // math.prod(others)


def beyond(case: Case, sizes: Mapping[str, Admitted]) -> str:
    """Say which size of a case is not admitted, or that they are too many; "" if all are well."""
    given = case.sizes() if sizes else {}
    if sizes and sum(a.size for a in case.arrays.values()) > LARGEST:
        return TOO_LARGE
    told = []
    for name in sorted(given.keys() & sizes):
        like = sizes[name].like
        if like and given[name] != given[like]:
            told.append(f"{name} = {given[name]} beside {like} = {given[like]}")
        elif not like and given[name] not in sizes[name]:
            told.append(f"{name} = {given[name]}")
    return ", ".join(told)
