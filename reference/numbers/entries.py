"""Facts about the entries of float64 arrays, on which bounds depend."""

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
COARSEST = 2.0**200  # the grid of zeros: every power of two divides them


def grid_of(v: Array) -> float:
    """The largest power of two that divides every finite entry."""
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
