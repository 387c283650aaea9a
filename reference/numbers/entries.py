"""Facts about the entries of float64 arrays, on which bounds depend."""

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BLOCK = 1 << 15  # entries: 256 KiB
COARSEST = 2.0**200  # the grid of zeros: every power of two divides them


def grid_of(v: Array) -> float:
    """The largest power of two that divides every finite entry."""
    flat = v.reshape(-1)
    blocks = (flat[k : k + BLOCK] for k in range(0, flat.size, BLOCK))
    return min(map(grid_of_block, blocks), default=COARSEST)


def grid_of_block(v: Array) -> float:
    """The same for a few entries, on which several passes are made in the cache."""
    v = v[np.isfinite(v) & (v != 0)]
    if not v.size:
        return COARSEST
    mantissa, exponent = np.frexp(v)
    odd = (np.abs(mantissa) * 2.0**53).astype(np.int64)
    return float(np.min(np.ldexp((odd & -odd).astype(float), exponent - 53)))


def is_finite(v: Array) -> bool:
    """Return True if every entry is finite; then most often the sum is, which is found faster."""
    return math.isfinite(np.add.reduce(v, axis=None)) or bool(np.isfinite(v).all())


def unknown_if_nan(x: Any) -> Any:
    """inf - inf and 0 * inf say nothing: the bound there is inf."""
    nan = np.isnan(x)
    return np.where(nan, np.inf, x) if np.count_nonzero(nan) else x  # faster than any()
