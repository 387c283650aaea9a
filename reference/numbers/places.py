"""Rules that choose, join and rearrange rounding numbers, and questions of the values alone."""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference.numbers.entries import Array
from seqlaws.reference.numbers.rounding import (
    FUNCTIONS,
    UFUNCS,
    Rounding,
    ceiling,
    lift_all,
    rearranged,
    settled,
)


def maximum(x: Rounding, y: Rounding) -> Rounding:
    """The error of whichever may be the larger."""
    x, y = settled(x), settled(y)
    x_may = ~(x.value + x.error < y.value - y.error)  # it may where nothing is known
    y_may = ~(y.value + y.error < x.value - x.error)
    error = np.maximum(np.where(x_may, x.error, 0), np.where(y_may, y.error, 0))
    return Rounding(np.maximum(x.value, y.value), error, x.arithmetic, min(x.grid, y.grid))


def where(condition: Any, x: Any, y: Any) -> Rounding:
    """Each entry from one of the two, chains charged."""
    x, y = lift_all(x, y)
    value, error = (np.where(condition, *z) for z in ((x.value, y.value), (x.error, y.error)))
    z = Rounding(value, error, x.arithmetic, min(x.grid, y.grid))
    if x.ceiling is not None or y.ceiling is not None:
        z.ceiling = np.where(condition, ceiling(x), ceiling(y))
    return z


def joined(join: Callable[..., Array]) -> Callable[..., Rounding]:
    """np.stack, np.concatenate."""

    def rule(parts: Any, axis: int = 0) -> Rounding:
        parts = lift_all(*parts)
        value, error = (join([getattr(x, z) for x in parts], axis=axis) for z in ("value", "error"))
        return Rounding(value, error, parts[0].arithmetic, min(x.grid for x in parts))

    return rule


def moving(move: Callable[..., Array]) -> Callable[..., Rounding]:
    """A function that only rearranges."""
    return lambda x, *args, **kwargs: rearranged(x, lambda z: move(z, *args, **kwargs))


def of_value(question: Callable[[Array], Array]) -> Callable[[Rounding], Array]:
    """A question that is asked of the value alone."""
    return lambda x: question(x.value)


def known_real(x: Rounding) -> Array:
    """The value; NaN where an overflow made it infinite: such a -inf masks nothing."""
    return np.where(np.isinf(x.value) & np.isinf(x.error), np.nan, x.value)


UFUNCS |= {
    "maximum": maximum,
    "isfinite": of_value(np.isfinite),
    "isnan": of_value(np.isnan),
}
FUNCTIONS |= {
    "where": where,
    "stack": joined(np.stack),
    "concatenate": joined(np.concatenate),
    "real": known_real,
    "isneginf": of_value(np.isneginf),
    **{f.__name__: moving(f) for f in (np.swapaxes, np.moveaxis, np.repeat, np.reshape)},
}
