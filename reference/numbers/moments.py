"""Moments on rounding numbers, and sums over what an index brings together."""

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.rounding import (
    COARSEST,
    Array,
    Chain,
    Rounding,
    settled,
    size,
    unknown_if_nan,
)


def standardized(x: Rounding, eps: float) -> tuple[Rounding, Rounding]:
    """One rule for the whole: composed of its parts the bound would be infinite where it matters.

    What is off by the mean's error alone raises the mean square by the square of that error: n
    numbers d_j that sum to 0, all moved by delta, have the mean square mean(d^2) + delta^2. And no
    number exceeds sqrt(n) times the root of the mean square of n numbers that it is among, however
    far off all of them are. 1 / sqrt may be one function, or a root and a division.
    """
    x = settled(x)
    a, n = x.arithmetic, max(x.shape[-1], 1)
    value, reciprocal_root = algebra.standardized(x.value, eps)
    centred, off = centred_values(x)
    least, most = mean_square(centred, off, n)
    if eps:
        least = (least + eps * (1 - a.unit)) * (1 - a.unit) - 2 * a.tiny
        most = (most + eps * (1 + a.unit)) * (1 + a.unit) + 2 * a.tiny
    overflows = ~(n * most <= a.largest)
    highest, lowest = 1 / np.sqrt(np.maximum(least, 0)), 1 / np.sqrt(most)
    own = 2 * (a.ulps + 1) * a.unit  # of 1 / sqrt, or of sqrt and a division
    spread = np.maximum(highest - reciprocal_root, reciprocal_root - lowest)
    spread = unknown_if_nan(spread + own * highest + a.function_tiny)
    highest = highest * (1 + own) + a.function_tiny
    error = unknown_if_nan(centred.error * highest) + unknown_if_nan(np.abs(centred.value) * spread)
    known = (centred.error == 0) & (centred.value == 0) & np.isfinite(spread)
    error = error + a.unit * (np.abs(value) + error) + a.tiny
    slack = (n + 20) * a.unit
    if eps >= 16 * a.tiny and slack < 0.5:  # what underflows in the squares is less than eps
        error = np.minimum(error, np.abs(value) + np.sqrt(n) * (1 + slack))
    error = np.where(overflows, np.inf, np.where(known, 0, error))
    spread = np.where(overflows | (highest > a.largest), np.inf, spread)
    grid = COARSEST if np.all(known) else 0.0
    return Rounding(value, error, a, grid), Rounding(reciprocal_root, spread, a)


def centred_values(x: Rounding) -> tuple[Rounding, Array]:
    """x - mean(x), and how far off the mean may be; a single number is its own mean."""
    if x.shape[-1] == 1:
        error = np.where(np.isfinite(x.value) & np.isfinite(x.error), 0.0, np.inf)
        return Rounding(x.value - x.value, error, x.arithmetic, COARSEST), error
    centre = algebra.mean(x)
    return settled(x - centre), centre.error


def mean_square(centred: Rounding, off: Array, n: int) -> tuple[Array, Array]:
    """The least and the greatest that the mean square of centred numbers may be computed to be."""
    a, d = centred.arithmetic, centred.value
    plain = np.sum(d * d, axis=-1, keepdims=True) / n
    alone = unknown_if_nan(centred.error - off)  # each number's error beside the one they share
    apart = np.sqrt(np.sum(alone * alone, axis=-1, keepdims=True) / n)
    least = np.maximum(np.sqrt(np.maximum(plain - off * off, 0)) - apart, 0) ** 2
    most = (np.sqrt(plain + off * off) + apart) ** 2
    charge = (n + 2) * a.unit * (1 + 4 * a.unit)
    least = np.maximum(least * (1 - charge) - 4 * a.tiny, 0)
    most = most * (1 + charge) + 4 * a.tiny
    known = Rounding(d, np.zeros_like(d), a, centred.grid)
    squares = algebra.mean(known * known)
    exact = ~np.any(centred.error > 0, axis=-1, keepdims=True)
    return (
        np.where(exact, np.maximum(squares.value - squares.error, 0), unknown_if_nan(least)),
        np.where(exact, squares.value + squares.error, unknown_if_nan(most)),
    )


def added_at(terms: Rounding, places: tuple[Array, ...], shape: tuple[int, ...]) -> Rounding:
    """One chain at each place, of as many terms as the place that has most."""
    c = terms.chain or Chain(size(terms), 1, 0)
    parts = terms.value, terms.error, np.broadcast_to(c.magnitude, terms.shape)
    value, error, m = (algebra.added_at(z, places, shape) for z in parts)
    count = int(np.max(algebra.added_at(np.ones(terms.shape), places, shape), initial=0))
    chain = Chain(unknown_if_nan(m), count * c.terms, c.roundings)
    return Rounding(value, unknown_if_nan(error), terms.arithmetic, terms.grid, chain)


algebra.standardized.register(Rounding, standardized)
algebra.added_at.register(Rounding, added_at)
