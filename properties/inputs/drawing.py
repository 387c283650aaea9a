"""Helpers for drawing the cases of any operation: sizes, cotangents, other values of an array."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case, output_shapes
from seqlaws.properties.inputs.numbers import Array, Draw, Filling, pick

SMALL = (1, 2, 3, 4, 5, 2, 3, 6, 7, 8, 9)
TILES = (15, 16, 17, 31, 32, 33, 63, 64, 65)


def drawn_sizes(
    draw: Draw, letters: str, may_be_zero: str, fixed: Mapping[str, Any]
) -> dict[str, int]:
    """A size for each letter; sometimes one is at a tile's edge, sometimes one is 0."""
    names = letters.split()
    sizes = {name: pick(draw, SMALL) for name in names}
    kind = draw(24)
    if kind in (16, 17, 18):
        sizes[pick(draw, names)] = pick(draw, TILES)
    if kind in (19, 20):
        sizes[pick(draw, may_be_zero.split())] = 0
    if kind > 20:  # what is square, or as long as the batch, hides a transposition
        sizes = dict.fromkeys(names, pick(draw, SMALL))
    return {name: fixed.get(name, size) for name, size in sizes.items()}


def with_cotangents(case: Case, fill: Filling, fixed: Mapping[str, Any]) -> Case:
    """Random cotangents on every output; for a law of gradients, with windows that shrink."""
    case = replace(case, seed=fill.seed)
    if not case.operation.differentiable:
        return case
    drawn = fill.ordinary if fixed.get("gradients") else fill.dense
    return replace(case, cotangents={n: drawn(*s) for n, s in output_shapes(case).items()})


def harmful(poison: float, dtype: str) -> float:
    """What is finite of a poison stays so when it is multiplied and summed in the dtype itself.

    Sixteen bits may hold what stands between two stages, and an infinity is a poison of its own.
    """
    return min(poison, 64.0) if dtype == "float16" and np.isfinite(poison) else poison


def rounded_numbers(case: Case, name: str, random: np.random.RandomState) -> Array:
    """Other numbers around 1; -inf stays, and whole numbers stay below their bound."""
    array, integers = case.arrays[name], case.operation.integers
    if name in integers:
        bound = case.sizes()[integers[name]] if integers[name] else 50
        return np.asarray(random.randint(0, max(bound, 1), array.shape), array.dtype)
    other = np.round(random.standard_normal(array.shape), 1)
    return np.where(np.isneginf(array), array, other)
