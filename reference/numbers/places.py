"""Rules that choose, join and rearrange rounding numbers, and questions of the values alone."""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference.numbers.entries import Array
from seqlaws.reference.numbers.rounding import (
    FUNCTIONS,
    UFUNCS,
    Chain,
    Rounding,
    ceiling,
    lift,
    magnitude,
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
    """Each entry from one of the two; a sum beside zeros is still one."""
    (x, y), chain = sums(x, y)
    value, error = (np.where(condition, *z) for z in ((x.value, y.value), (x.error, y.error)))
    if chain is not None:
        of_both = (np.broadcast_to(magnitude(z), z.shape) for z in (x, y))
        chain = chain._replace(magnitude=np.where(condition, *of_both))
    z = Rounding(value, error, x.arithmetic, min(x.grid, y.grid), chain)
    if x.ceiling is not None or y.ceiling is not None:
        z.ceiling = np.where(condition, ceiling(x), ceiling(y))
    return z


def sums(*parts: Any) -> tuple[list[Rounding], Chain | None]:
    """Return rounding numbers, and what chain they have in common if they are put together.

    The sums among them have to be alike, and all else zeros; otherwise every sum is charged.
    """
    like = next(x for x in parts if isinstance(x, Rounding))
    lifted = [lift(x, like) for x in parts]
    if all(x.finite for x in lifted) and any(x.chain is not None for x in lifted):
        chains = [x.chain for x in lifted if x.value.any() or x.error.any()]
        first = next((c for c in chains if c is not None), None)
        if first and all(c is not None and c[1:3] == first[1:3] for c in chains):
            return lifted, first._replace(operands=None)
    return [settled(x) for x in lifted], None


def joined(join: Callable[..., Array]) -> Callable[..., Rounding]:
    """np.stack, np.concatenate."""

    def rule(parts: Any, axis: int = 0) -> Rounding:
        parts, chain = sums(*parts)
        value, error = (join([getattr(x, z) for x in parts], axis=axis) for z in ("value", "error"))
        if chain is not None:
            of_all = [np.broadcast_to(magnitude(x), x.shape) for x in parts]
            chain = chain._replace(magnitude=join(of_all, axis=axis))
        return Rounding(value, error, parts[0].arithmetic, min(x.grid for x in parts), chain)

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
