"""The cases that a law is tried on: drawn ones, and those of its sweep.

An implementation that is compiled for each shape gets few shapes. All laws share them, and the
numbers are drawn anew for each case.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from random import Random
from typing import Any, NamedTuple

from seqlaws.properties.inputs import admitted
from seqlaws.properties.inputs.numbers import Draw, OfShape, by_seed
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.sizes import Fixed, across_tiles, beside_tiles
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.inputs.sweeps import (
    combinations_of_gradients,
    every_combination,
    every_size,
    moderate_sizes,
)
from seqlaws.properties.laws import Law
from seqlaws.properties.subjects.subject import Subject

SWEPT = 24  # cases of a sweep that a slow implementation gets, where time allows
FEW_STEPS = 4  # of a slow recurrence, in a sweep about something else
TILE = 64  # where none is declared: sizes above it cross the edge of a kernel's tile
SHAPES = 4  # of an operation, for one that is compiled for each shape
NUMBERS = 3  # cases of each shape in a sweep
COMBINATIONS = (every_combination, combinations_of_gradients)


class Try(NamedTuple):
    """Recipe of a case, the draws that it is made of, and the recipe of what it is shrunk to."""

    makes: Any
    draw: Draw
    simpler: Any


def cases_of(made: Law, subject: Subject, pinned: Mapping[str, Any] | None = None) -> Any:
    """Return what makes the law's cases of drawn numbers; pinned: what a sweep pins."""
    fixed = {**(pinned or {}), "gradients": made.gradients}
    own = getattr(made.cases, "keywords", {})
    cases = admitted.within(made.cases, subject.traits.sizes, {**own, **fixed})
    return partial(cases, operation=subject.operation, dtype=subject.dtype, **fixed)


def of_few_shapes(made: Law, subject: Subject, seed: int, count: int) -> Iterator[Try]:
    """Yield cases of a few shapes; every other one goes beyond a tile."""
    for k in range(count):
        shape = k % SHAPES
        makes = cases_of(made, subject, left_free(made, across_tiles(subject.traits.tiles, shape)))
        yield Try(makes, of_shape(subject, shape, by_seed(seed, seed >> 32, k)), makes)


def of_shape(subject: Subject, shape: int, numbers: Draw) -> Draw:
    """Draw sizes and options as all laws do for this number, and the numbers of arrays anew."""
    return OfShape(by_seed(*subject.operation.name.encode(), shape), numbers)


def left_free(made: Law, pinned: Fixed) -> Fixed:
    """Return what a law does not pin itself; nothing of what makes its cases in its own way."""
    if getattr(made.cases, "func", made.cases) is not build:
        return {}
    own = getattr(made.cases, "keywords", {})
    return {name: size for name, size in pinned.items() if name not in own}


def of_sweep(made: Law, subject: Subject, share: float, seed: int, parts: int) -> Iterator[Try]:
    """Yield the cases of a law's sweep; share: the part of it, or how often all of it.

    parts: of which one is tried, in a dtype that is judged beside float32.
    """
    few = subject.pace.wants_few_shapes
    for k, i, one in swept(made, subject, share, seed, parts):
        simpler = cases_of(made, subject, one)
        for again in range(NUMBERS if few else 1):
            draw = by_seed(seed, seed >> 32, k, i, *[again] * bool(again))
            draw = of_shape(subject, 0, draw) if few else draw
            yield Try(partial(simpler, dense=True), draw, simpler)


def further(made: Law, subject: Subject, share: float, seed: int, parts: int) -> Iterator[Try]:
    """Yield the cases that a law names beside the drawn ones; a slow implementation gets none.

    What the law pins itself stays as it is.
    """
    if made.also is None or subject.pace.is_slow:
        return
    own, named = getattr(made.cases, "keywords", {}), made.also(subject.operation)
    free = [{name: one[name] for name in one if name not in own} for one in named]
    yield from of_sweep(replace(made, sweep=lambda _: free), subject, share, seed, parts)


def swept(
    made: Law, subject: Subject, share: float, seed: int, parts: int
) -> Iterator[tuple[int, int, Fixed]]:
    """Yield what the law's sweep pins, with the numbers of its round and its place."""
    operation, tiles = subject.operation, subject.traits.tiles
    assert made.sweep is not None
    pinned = made.sweep(operation)
    if made.sweep in (every_size, moderate_sizes):
        pinned = pinned + beside_tiles(tiles)
    if subject.traits.sizes:
        pinned = admitted.swept(pinned, subject.traits.sizes)
    stride = max(1, round(1 / share))  # a short run takes a part of it
    if subject.pace.is_slow:  # the first ones, as far as time allows
        most = max(SWEPT, 10 * len(pinned) // stride)
        some = [short(one) for one in pinned] if operation.recurrent else pinned
        some = in_turn(some, subject, seed)[:most]
        if subject.pace.wants_few_shapes and made.sweep in COMBINATIONS:
            some = [*of_options(operation, pinned, tiles), *some]
        yield from ((0, i, one) for i, one in enumerate(some))
        return
    sweep = list(enumerate(pinned))
    stride = max(1, min(stride * parts, len(sweep)))
    for k in range(max(1, round(share))):
        yield from ((k, i, one) for i, one in sweep[(seed + k) % stride :: stride])


def of_options(operation: Operation, pinned: list[Fixed], tiles: Mapping[str, int]) -> list[Fixed]:
    """Return each combination of options that a sweep pins, at the sizes that all laws share.

    Where tiles are declared, beyond a tile too.
    """
    if not operation.letters:  # an axis is one of a rank
        return []
    options = {kind.key(name) for name, kind in operation.kinds.items()}
    kept = [
        {n: value for n, value in one.items() if n in options or type(value) is not int}
        for one in pinned
    ]
    once = [one for k, one in enumerate(kept) if one not in kept[:k]]
    beyond = across_tiles(tiles, 0)
    return [one | sizes for one in once for sizes in ((beyond, {}) if beyond else ({},))]


def short(pinned: Fixed) -> Fixed:
    """Few steps of a recurrence, where what is pinned is not about the number of steps alone."""
    about = pinned.keys() & {"I", "H"} or "T" not in pinned
    return pinned | {"T": min(FEW_STEPS, pinned.get("T", FEW_STEPS))} if about else pinned


def in_turn(pinned: list[Fixed], subject: Subject, seed: int) -> list[Fixed]:
    """Shuffle what a sweep pins: in turn beyond a tile, where kernels err, and below.

    Those come first that are so in most letters, and of these the smallest. A slow implementation
    gets no further than its time.
    """
    tiles = {**dict.fromkeys(subject.operation.letters, TILE), **subject.traits.tiles}
    shuffled = Random(seed).sample(pinned, len(pinned))  # noqa: S311  # the same for everybody
    large: list[tuple[int, int, int]] = []
    small: list[int] = []
    for k, one in enumerate(shuffled):
        beyond = [one[name] for name, n in tiles.items() if (one.get(name) or 0) > n]
        if beyond:
            large.append((-len(beyond), sum(beyond), k))
        else:
            small.append(k)
    pairs = zip_longest((k for *_, k in sorted(large)), small)
    return [shuffled[k] for pair in pairs for k in pair if k is not None]
