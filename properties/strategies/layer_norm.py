"""Cases of layer_norm."""

from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Draw, Filling, chance, pick, representable
from seqlaws.properties.strategies.common import (
    SMALL,
    TILES,
    Strategy,
    rounded_numbers,
    with_cotangents,
)

OFFSETS = (0.0, 0.0, 0.0, 16.0, 1000.0, -3.0)
SCALES = (1.0, 1.0, 1.0, 4.0, 1e-3, 100.0)
EXTREMES = (1e-30, 1e30, 1e5, 1e-5)
EPS = (1e-5, 1e-3, 1e-6, 1e-12, 0.5)


def layer_norm_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Rank 1 to 4, one feature and more, offsets, constant positions, the largest and smallest."""
    fill = Filling(draw, dtype, fixed)
    rank = fixed.get("rank", pick(draw, (2, 1, 3, 4, 2, 3)))
    shape = [pick(draw, (2, 3, 1, 4, 5, 7)) for _ in range(rank)]
    features = pick(draw, TILES) if chance(draw, 6) else pick(draw, SMALL)
    shape[-1] = fixed.get("E", features)
    if rank > 1:
        shape[0] = fixed.get("rows", shape[0])
    if chance(draw, 16) and not fixed.keys() & {"E", "rows"}:
        shape[pick(draw, range(rank))] = 0
    scale, offset = pick(draw, SCALES), pick(draw, OFFSETS)
    if chance(draw, 8):
        scale, offset = pick(draw, EXTREMES), 0.0
    scale, offset = fixed.get("scale", scale), fixed.get("offset", offset)
    x = fill.array(*shape, scale=scale) + offset
    constant = pick(draw, fixed.get("constant", (0.0, 0.0, 0.0, 0.3)))
    if constant:
        alike = fill.random().random_sample((*shape[:-1], 1)) < constant
        x = np.where(alike, x[..., :1], x)
    arrays = {
        "x": representable(x, dtype),
        "weight": fill.array(shape[-1]),
        "bias": fill.array(shape[-1]),
    }
    given, eps = chance(draw, 2), pick(draw, EPS)
    options = {"eps": fixed.get("eps", eps)} if given or "eps" in fixed else {}
    return with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)


LAYER_NORM = Strategy(layer_norm_case, rounded_numbers)
