"""Cases of softmax."""

from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Draw, Filling, chance, pick
from seqlaws.properties.strategies.common import TILES, Strategy, rounded_numbers, with_cotangents


def softmax_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Scores of rank 1 to 5 along any axis, some -inf, up to the scale of 1e4."""
    fill = Filling(draw, dtype, fixed)
    rank = fixed.get("rank", pick(draw, (1, 2, 3, 4, 2, 3, 5)))
    shape = [pick(draw, (2, 3, 1, 4, 5, 7, 8, 9)) for _ in range(rank)]
    axis = fixed.get("axis", pick(draw, (-1, *range(rank), *range(-rank, 0))))
    if "rows" in fixed:
        shape[0] = fixed["rows"]
    shape[axis] = fixed.get("n", shape[axis])
    if "n" not in fixed and chance(draw, 4):
        shape[axis] = pick(draw, (*TILES, 127, 128, 129, 257))
    if chance(draw, 12) and not fixed.keys() & {"n", "rows"}:
        shape[pick(draw, range(rank))] = 0
    scales = fixed.get("scales", (1.0, 1.0, 4.0, 30.0, 1000.0, 1e4))
    x = fill.array(*shape, scale=pick(draw, scales))
    masked = pick(draw, (0.0, 0.0, 0.3, 0.9))
    if fixed.get("masked", True) and masked:
        x = np.where(fill.random().random_sample(x.shape) < masked, -np.inf, x)
    options = {} if axis == -1 and chance(draw, 2) else {"axis": axis}
    return with_cotangents(Case(operation, dtype, {"x": x}, options), fill, fixed)


SOFTMAX = Strategy(softmax_case, rounded_numbers)
