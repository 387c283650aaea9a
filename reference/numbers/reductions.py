"""NumPy's reductions along axes on rounding numbers, beside np.sum."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.elementwise import root
from seqlaws.reference.numbers.entries import unknown_if_nan
from seqlaws.reference.numbers.moments import centred_values, mean_square
from seqlaws.reference.numbers.rounding import FUNCTIONS, Chain, Rounding, rearranged, settled, size
from seqlaws.reference.numbers.truths import Truth

Axis = Any  # None, a whole number, or several


def axes_of(x: Any, axis: Axis) -> tuple[int, ...]:
    """Return the axes of a reduction, counted from the front."""
    given = range(len(x.shape)) if axis is None else (axis,) if np.ndim(axis) == 0 else axis
    return tuple(sorted(int(a) % len(x.shape) for a in given))


def to_the_end(x: Any, axes: tuple[int, ...]) -> Any:
    """Return x with some axes as one, the last."""
    kept = [a for a in range(len(x.shape)) if a not in axes]
    moved = np.moveaxis(x, axes, range(len(kept), len(x.shape)))
    shape = tuple(x.shape[a] for a in kept)
    return np.reshape(moved, (*shape, math.prod(x.shape[a] for a in axes)))


def along(rule: Callable[..., Rounding]) -> Callable[..., Rounding]:
    """A reduction along any axes, of a rule along the last axis that keeps it."""

    def reduced(x: Any, axis: Axis = None, keepdims: bool = False, **more: Any) -> Rounding:
        x = x.as_number(x.arithmetic) if isinstance(x, Truth) else x
        axes = axes_of(x, axis)
        y = rule(to_the_end(x, axes), **more)
        shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape))
        kept = shape if keepdims else tuple(n for a, n in enumerate(x.shape) if a not in axes)
        return rearranged(y, lambda z: np.reshape(z, kept))

    return reduced


def variance(x: Rounding, ddof: float = 0, correction: float | None = None) -> Rounding:
    """np.var in two passes or by Welford; in one pass where it is declared."""
    n, less = x.shape[-1], ddof if correction is None else correction
    x = settled(x)
    centred, off = centred_values(x)
    value = np.mean(np.square(centred.value), axis=-1, keepdims=True)
    least, most = mean_square(x, centred, off)
    a, factor = x.arithmetic, n / (n - less) if n > less else math.nan
    reach = unknown_if_nan(np.maximum(most - value, value - least) * factor)
    value = value * factor
    error = reach + 3 * a.unit * (value + reach) * (less != 0) + 2.0**-50 * value
    overflows = ~(n * n * most <= a.largest)
    y = Rounding(value, np.where(overflows, np.inf, unknown_if_nan(error)), a)
    y.positive = a.normalise == "centred"
    return y


def product(x: Rounding) -> Rounding:
    """np.prod: (1 + e_1) ... (1 + e_n), and one rounding less than there are factors."""
    x = settled(x)
    a, n = x.arithmetic, x.shape[-1]
    value = np.prod(x.value, axis=-1, keepdims=True)
    most = np.prod(size(x), axis=-1, keepdims=True)
    partial = np.prod(np.maximum(size(x), 1), axis=-1, keepdims=True)  # in any order
    underflow = a.tiny * n * np.prod(np.maximum(size(x), 1), axis=-1, keepdims=True)
    reach = most - np.prod(np.abs(x.value), axis=-1, keepdims=True)
    rounded = max(n - 1, 0) * a.unit * (1 + 2 * n * a.unit) * most
    known = (x.error == 0).all(axis=-1, keepdims=True)
    whole = known & (x.grid >= 1) & (most <= 1 / a.unit)  # every partial product is a whole number
    error = unknown_if_nan(reach * (1 + 2.0**-40) + rounded + underflow + 2.0**-50 * most)
    error = np.where(whole, 0.0, np.where(partial > a.largest, np.inf, error))
    return Rounding(value, error, a, min(x.grid, 2.0**40) ** n if x.grid >= 1 and n < 20 else 0.0)


def highest(x: Rounding, initial: Any = None) -> Rounding:
    """np.max: no further off than the furthest of those that may be the largest."""
    x = settled(x)
    more: Any = {} if initial is None else {"initial": float(initial)}
    value = np.max(x.value, axis=-1, keepdims=True, **more)
    least = np.max(x.value - x.error, axis=-1, keepdims=True, **more)
    may = ~(x.value + x.error < least)
    error = np.max(np.where(may, x.error, 0.0), axis=-1, keepdims=True, initial=0.0)
    y = Rounding(value, error, x.arithmetic, x.grid)
    y.positive = x.positive
    return y


def lowest(x: Rounding, initial: Any = None) -> Rounding:
    """np.min."""
    y = highest(-x, None if initial is None else -initial)
    return Rounding(-y.value, y.error, y.arithmetic, y.grid)


def running_sum(x: Any, axis: Any = None) -> Rounding:
    """np.cumsum: each entry is a chain of its own, of at most n terms."""
    if axis is None:
        x, axis = np.reshape(x, (math.prod(x.shape),)), 0
    c = x.chain or Chain(size(x), 1, 0)
    value, error, m = (
        np.cumsum(np.broadcast_to(z, x.shape), axis=axis) for z in (x.value, x.error, c.magnitude)
    )
    chain = Chain(unknown_if_nan(m), c.terms * max(x.shape[axis], 1), c.roundings)
    y = Rounding(value, unknown_if_nan(error), x.arithmetic, x.grid, chain)
    y.positive = x.positive
    return y


def running_product(x: Any, axis: Any = None) -> Rounding:
    """np.cumprod: the product of the first entries, for each."""
    if axis is None:
        x, axis = np.reshape(x, (math.prod(x.shape),)), 0
    place = axis % len(x.shape)
    moved = rearranged(settled(x), lambda z: np.moveaxis(z, place, -1))
    parts = [product(moved[..., : k + 1]) for k in range(moved.shape[-1])]
    y = FUNCTIONS["concatenate"](parts, axis=-1) if parts else moved
    return rearranged(y, lambda z: np.moveaxis(z, -1, place))


def deviation(x: Any, axis: Axis = None, keepdims: bool = False, **more: Any) -> Rounding:
    """np.std."""
    return root(FUNCTIONS["var"](x, axis=axis, keepdims=keepdims, **more))


def plain_sum(x: Any, axis: Axis = None, keepdims: bool = False, **more: Any) -> Rounding:
    """np.sum; of several axes, too."""
    if more.keys() - {"dtype"}:
        raise TypeError(f"np.sum with {', '.join(more)} has no rounding rule")
    x = x.as_number(x.arithmetic) if isinstance(x, Truth) else x
    return CHAINED(
        x, axis=axis if axis is None or np.ndim(axis) == 0 else tuple(axis), keepdims=keepdims
    )


def averaged(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Rounding:
    """np.mean."""
    return of_mean(x, axis, keepdims)


CHAINED = FUNCTIONS["sum"]
of_mean = along(algebra.mean.registry[Rounding])
FUNCTIONS |= {
    "sum": plain_sum,
    "mean": averaged,
    "var": along(variance),
    "std": deviation,
    "prod": along(product),
    "max": along(highest),
    "amax": along(highest),
    "min": along(lowest),
    "amin": along(lowest),
    "cumsum": running_sum,
    "cumprod": running_product,
}
