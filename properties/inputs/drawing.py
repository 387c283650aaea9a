"""Helpers for drawing the cases of any operation: sizes, cotangents, other values of an array."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case, shapes_of_cotangents
from seqlaws.properties.inputs.numbers import Array, Draw, Filling, chance, pick
from seqlaws.properties.inputs.operation import Operation, extent
from seqlaws.properties.inputs.options import same

SMALL = (1, 2, 3, 4, 5, 2, 3, 6, 7, 8, 9)
EXPONENTS = (0, 0, 0, 10, 20, -10, -20)  # of the factor of all cotangents
EXPONENTS_OF_16 = (0, 0, 0, 4, 7, -4, -7)  # in float16, so that sums of them stay within range
TILES = (15, 16, 17, 31, 32, 33, 63, 64, 65)


def drawn_sizes(
    draw: Draw, letters: str, may_be_zero: str, fixed: Mapping[str, Any]
) -> dict[str, int]:
    """A size for each letter; sometimes one is at a tile's edge, sometimes one is 0."""
    names = letters.split()
    sizes = {name: pick(draw, SMALL) for name in names}
    kind = draw(24)
    if kind in (16, 17, 18) and names:
        sizes[pick(draw, names)] = pick(draw, TILES)
    if kind in (19, 20) and may_be_zero:
        sizes[pick(draw, may_be_zero.split())] = 0
    if kind > 20:  # what is square, or as long as the batch, hides a transposition
        sizes = dict.fromkeys(names, pick(draw, SMALL))
    return {name: fixed.get(name, size) for name, size in sizes.items()}


def with_cotangents(case: Case, fill: Filling, fixed: Mapping[str, Any]) -> Case:
    """Random cotangents on every output; for a law of gradients, with windows that shrink.

    There they are of any magnitude, as a gradient is linear in them: all times a power of two.
    """
    case = replace(case, seed=fill.seed)
    if not case.operation.differentiable:
        return case
    shapes = shapes_of_cotangents(case).items()
    if not fixed.get("gradients"):
        return replace(case, cotangents={n: fill.dense(*s) for n, s in shapes})
    scale = 2.0 ** pick(fill.draw, EXPONENTS_OF_16 if case.dtype == "float16" else EXPONENTS)
    return replace(case, cotangents={n: fill.ordinary(*s, scale=scale) for n, s in shapes})


def harmful(poison: float, dtype: str) -> float:
    """Return the poison; in float16 at most 64 if finite, so that products and sums stay finite.

    Values between two stages may be held in float16, and infinity is a poison of its own.
    """
    return min(poison, 64.0) if dtype == "float16" and np.isfinite(poison) else poison


def rounded_numbers(case: Case, name: str, random: np.random.RandomState) -> Array:
    """Return other numbers of order 1; -inf stays, and whole numbers stay below their bound."""
    array, integers = case.arrays[name], case.operation.integers
    if name in integers:
        bound = case.sizes()[integers[name]] if integers[name] else 50
        return np.asarray(random.randint(0, max(bound, 1), array.shape), array.dtype)
    other = np.round(random.standard_normal(array.shape), 1)
    return np.where(np.isneginf(array), array, other)


def plain_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """A case by the letters of the axes and the kinds of the options alone.

    Besides letters and options, `fixed` may pin "leading": the axes that "..." stands for.
    """
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, " ".join(operation.letters), " ".join(operation.may_be_zero), fixed)
    leading = fixed.get("leading", drawn_leading(draw, operation))
    scale = pick(draw, fixed.get("scales", (1.0, 1.0, 4.0, 0.1)))
    arrays = {
        name: drawn_array(fill, operation, name, leading, n, scale) for name in operation.arrays
    }
    options = drawn_options(draw, operation, fill, n, fixed)
    return with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)


def drawn_leading(draw: Draw, operation: Operation) -> tuple[int, ...]:
    """Up to three axes, at least one if no other axis has a letter; sometimes one is 0."""
    if not operation.leading:
        return ()
    least = 0 if operation.letters else 1
    shape = [pick(draw, SMALL) for _ in range(least + pick(draw, (1, 0, 2, 3 - least)))]
    if shape and chance(draw, 16):
        shape[pick(draw, range(len(shape)))] = 0
    return tuple(shape)


def drawn_array(
    fill: Filling,
    operation: Operation,
    name: str,
    leading: tuple[int, ...],
    sizes: Mapping[str, int],
    scale: float,
) -> Array:
    """Whole numbers below their bound; the first array of a scale; matrices that keep it."""
    axes = operation.axes(name)
    shape = [n for a in axes for n in (leading if a == "..." else (extent(a, sizes),))]
    if name in operation.integers:
        bound = sizes.get(operation.integers[name], 50)
        return np.asarray(fill.random().randint(0, max(bound, 1), shape), np.int64)
    if name.rpartition(".")[2].startswith("weight") and len(shape) > 1:
        return fill.array(*shape, scale=max(shape[-1], 1) ** -0.5)
    return fill.array(*shape, scale=scale if name == next(iter(operation.arrays)) else 1.0)


def drawn_options(
    draw: Draw,
    operation: Operation,
    fill: Filling,
    sizes: Mapping[str, int],
    fixed: Mapping[str, Any],
) -> dict[str, Any]:
    """Each option given or not, whatever the others; numbers that every call gives always."""
    options = {}
    for name, kind in operation.kinds.items():
        given = not operation.is_option(name) or kind.key(name) in fixed or chance(draw, 2)
        value = kind.drawn(name, draw, fill, sizes, fixed)
        if given and not same(value, operation.options.get(name, ...)):
            options[name] = value
    return options
