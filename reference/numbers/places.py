"""Rules that choose, join and rearrange rounding numbers, and questions of the values alone."""

from collections.abc import Callable, Iterable
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
    """Each entry from one of the two."""
    (x, y), z = put_together((x, y), lambda both: np.where(condition, *both))
    if x.ceiling is not None or y.ceiling is not None:
        z.ceiling = np.where(condition, ceiling(x), ceiling(y))
    return z


def joined(join: Callable[..., Array]) -> Callable[..., Rounding]:
    """np.stack, np.concatenate."""
    return lambda parts, axis=0: put_together(parts, lambda some: join(some, axis=axis))[1]


def put_together(
    parts: Iterable[Any], join: Callable[[list[Array]], Array]
) -> tuple[list[Rounding], Rounding]:
    """Return rounding numbers, and the one that they are together.

    Sums that are alike are still one, also beside zeros; otherwise every sum is charged.
    """
    given = list(parts)
    like = next(x for x in given if isinstance(x, Rounding))
    lifted = [lift(x, like) for x in given]
    chain = common_chain(lifted)
    if chain is None:
        lifted = [settled(x) for x in lifted]
    else:
        sizes = join([np.broadcast_to(magnitude(x), x.shape) for x in lifted])
        chain = Chain(sizes, chain.terms, chain.roundings)
    value, error = (join([getattr(x, z) for x in lifted]) for z in ("value", "error"))
    grid, finite = min(x.grid for x in lifted), all(x.finite for x in lifted)
    return lifted, Rounding(value, error, lifted[0].arithmetic, grid, chain, finite)


def common_chain(parts: list[Rounding]) -> Chain | None:
    """Return a chain of the sums that all parts are, but for zeros; None if they differ."""
    if not all(x.finite for x in parts) or all(x.chain is None for x in parts):
        return None
    chains = [x.chain for x in parts if x.value.any() or x.error.any()]
    first = next((c for c in chains if c is not None), None)
    if first and all(c is not None and c[1:3] == first[1:3] for c in chains):
        return first
    return None


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
