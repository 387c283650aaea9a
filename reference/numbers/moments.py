"""Moments on rounding numbers, and sums over what an index brings together."""

import math
from functools import reduce
from typing import Any

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.entries import COARSEST, Array, unknown_if_nan
from seqlaws.reference.numbers.rounding import Chain, Rounding, settled, size, total


def mean(x: Rounding) -> Rounding:
    """The sum over n, or a running mean: the wider of the two.

    A running mean m += (x_k - m) / k rounds m at each step, and then weighs it with k: the sum of
    k u |m_k| is what n times the mean is off by, and 3 u |x_k - m| more. Means of several parts
    that are merged round the mean at each of log2 n levels, and their weights. With x = mean + d
    that is u ((n / 2 + 2 log2 n + 1) |mean| + (n + 2 + 3 log n) mean|d|). Means of one
    number, of two whose difference is exact, and of zeros are as exact as their sums.
    """
    n = x.shape[-1]
    added = settled(total(x, axis=-1, keepdims=True) / max(n, 1))
    x = settled(x)
    a, mu, d = x.arithmetic, np.abs(added.value), x.value - added.value
    apart = average(np.abs(d) + 2 * x.error) if n else 0.0
    levels = n / 2 + 2 * math.log2(max(n, 1)) + 1
    rounded = levels * (mu + average(x.error)) + (n + 2 + 3 * math.log(max(n, 1))) * apart
    running = average(x.error) + a.unit * (1 + 4 * n * a.unit) * rounded + 3 * n * a.tiny
    trivial = (n <= 1) | ~np.any(size(x) > 0, axis=-1, keepdims=True)
    if n == 2:  # m_2 = m_1 + (x_2 - m_1) / 2 is a sum where the difference is exact
        running = average(x.error) + a.unit * (1 + 8 * a.unit) * (mu + 2 * apart) + 6 * a.tiny
        exact_up_to = x.grid / a.unit if x.grid >= 4 * a.tiny else 0.0
        trivial = trivial | np.all(
            (x.error == 0) & (2 * np.abs(d) <= exact_up_to), -1, keepdims=True
        )
    error = np.where(trivial, added.error, np.maximum(added.error, unknown_if_nan(running)))
    averaged = Rounding(added.value, error, a, added.grid)
    averaged.positive = x.positive
    return averaged


def average(z: Array) -> Array:
    """The mean of what is not a rounding number; 0 of nothing."""
    averaged: Array = np.sum(z, axis=-1, keepdims=True) / max(z.shape[-1], 1)
    return averaged


def standardized(x: Rounding, eps: float) -> tuple[Rounding, Rounding]:
    """One rule for the whole: composed of its parts the bound would be infinite where it matters.

    From the least and the greatest that the mean square may be computed to be. 1 / sqrt may be one
    function, or a root and a division. In x / sigma - mean / sigma both terms are rounded, and a
    weight may be multiplied into them beforehand. However far off x is, what comes out is not much
    larger than sqrt(n).
    """
    x = settled(x)
    a, n = x.arithmetic, max(x.shape[-1], 1)
    value, reciprocal_root = algebra.standardized(x.value, eps)
    centred, off = centred_values(x)
    least, most = mean_square(x, centred, off)
    if eps:
        least = (least + eps * (1 - a.unit)) * (1 - a.unit) - 2 * a.tiny
        most = (most + eps * (1 + a.unit)) * (1 + a.unit) + 2 * a.tiny
    overflows = ~(n * n * most <= a.largest)  # the squared difference of two means, weighed by n
    highest, lowest = 1 / np.sqrt(np.maximum(least, 0)), 1 / np.sqrt(most)
    own = 2 * (a.ulps + 1) * a.unit  # of 1 / sqrt, or of sqrt and a division
    spread = np.maximum(highest - reciprocal_root, reciprocal_root - lowest)
    spread = unknown_if_nan(spread + own * highest + a.function_tiny)
    highest = highest * (1 + own) + a.function_tiny
    error = unknown_if_nan(centred.error * highest) + unknown_if_nan(np.abs(centred.value) * spread)
    known = (centred.error == 0) & (centred.value == 0) & np.isfinite(spread)
    if a.normalise == "affine":
        terms = size(x) + size(x - centred) + off  # |x| + |mean|
        error = error + 4 * a.unit * unknown_if_nan(terms * highest) + 4 * a.tiny
        overflows = overflows | ~(n * average(size(x) ** 2) <= a.largest)
        overflows = overflows | np.any(~(terms * highest <= a.largest), axis=-1, keepdims=True)
        known = known & (terms == 0)
    error = error + a.unit * (np.abs(value) + error) + a.tiny
    error = np.minimum(error, np.abs(value) + largest_of_all(x, off, eps, highest))
    error = np.where(overflows, np.inf, np.where(known, 0, error))
    spread = np.where(overflows | (highest > a.largest), np.inf, spread)
    grid = COARSEST if np.all(known) else 0.0
    return Rounding(value, error, a, grid), Rounding(reciprocal_root, spread, a)


def largest_of_all(x: Rounding, off: Array, eps: float, highest: Array) -> Array:
    """What no computed (x - mean) / sqrt(sigma^2 + eps) exceeds, whatever x is within its error.

    No x - mean exceeds sqrt(n) sigma. The mean is off by what it was rounded; sigma^2 by 2.42 sigma
    e + e^2, with e of `running_squares`: what remains of it is at least sigma^2 / 2 where sigma is
    more than 5.6 e, and eps is always added.
    """
    a, n = x.arithmetic, max(x.shape[-1], 1)
    slack = (3 * n + 40) * a.unit
    if eps < 16 * a.tiny or slack > 0.5:  # what underflows in the squares may be more than eps
        return np.full(off.shape, np.inf)
    e, shared = rounding_of_the_mean(x), np.maximum(off - average(x.error), 0)
    least = eps * (1 - 4 * a.unit) - 8 * a.tiny
    beyond = 5.6 * math.sqrt(n) * e + (shared if n > 1 else 0.0)
    if a.normalise == "affine":
        mu = np.abs(average(x.value)) + average(x.error)
        least = least - a.unit * (n + 12 + 3 * math.log(n)) * mu * mu - 2 * mu * shared - shared**2
        beyond = beyond + 4 * a.unit * (np.max(size(x), axis=-1, keepdims=True, initial=0) + mu)
    root = np.sqrt(np.maximum(least, 0))
    return math.sqrt(2 * n) * (1 + slack) + unknown_if_nan(beyond / root) + a.tiny * highest


def rounding_of_the_mean(x: Rounding) -> Array:
    """How far running means may be off, in the root mean square over all of them, by |mean|."""
    a, n = x.arithmetic, max(x.shape[-1], 1)
    levels = n / 2 + 2 * math.log2(n) + 1
    e = levels * (np.abs(average(x.value)) + average(x.error))
    rounded: Array = (n > 1) * (a.unit * (1 + 4 * n * a.unit) * e + 3 * n * a.tiny)
    return rounded


def centred_values(x: Rounding) -> tuple[Rounding, Array]:
    """x - mean(x), and how far off the mean may be; a single number is its own mean."""
    if x.shape[-1] == 1:
        error = np.where(np.isfinite(x.value) & np.isfinite(x.error), 0.0, np.inf)
        return Rounding(x.value - x.value, error, x.arithmetic, COARSEST), error
    centre = mean(x)
    return settled(x - centre), centre.error


def mean_square(x: Rounding, centred: Rounding, off: Array) -> tuple[Array, Array]:
    """The least and the greatest that the mean square of centred numbers may be computed to be."""
    a, d = centred.arithmetic, centred.value
    ranges = [two_passes(centred, off), running_squares(x, d)]
    if a.normalise == "affine":
        ranges.append(one_pass(x, d, off))
    least = reduce(np.minimum, (low for low, _ in ranges))
    most = reduce(np.maximum, (high for _, high in ranges))
    known = Rounding(d, np.zeros_like(d), a, centred.grid)
    squares = algebra.mean(known * known)
    exact = ~np.any(centred.error > 0, axis=-1, keepdims=True) & (a.normalise == "centred")
    return (
        np.where(exact, np.maximum(squares.value - squares.error, 0), unknown_if_nan(least)),
        np.where(exact, squares.value + squares.error, unknown_if_nan(most)),
    )


def two_passes(centred: Rounding, off: Array) -> tuple[Array, Array]:
    """The mean first, then the mean square of what is left.

    What is off by the mean's error alone raises the mean square by the square of that error: n
    numbers d_j that sum to 0, all moved by delta, have the mean square mean(d^2) + delta^2.
    """
    a, n = centred.arithmetic, centred.shape[-1]
    plain = average(centred.value * centred.value)
    alone = unknown_if_nan(centred.error - off)  # each number's error beside the one they share
    apart = np.sqrt(average(alone * alone))
    least = np.maximum(np.sqrt(np.maximum(plain - off * off, 0)) - apart, 0) ** 2
    most = (np.sqrt(plain + off * off) + apart) ** 2
    charge = (n + 2) * a.unit * (1 + 4 * a.unit)
    return np.maximum(least * (1 - charge) - 4 * a.tiny, 0), most * (1 + charge) + 4 * a.tiny


def running_squares(x: Rounding, d: Array) -> tuple[Array, Array]:
    """Welford's: (x_k - m_{k-1}) (x_k - m_k), added up while the mean runs; or parts, merged.

    With the running means off by e_k, of a root mean square e, the sum is off by sum_k (|x_k -
    m_{k-1}| |e_k| + |x_k - m_k| |e_{k-1}| + |e_k e_{k-1}|). The products sum to n sigma^2, and
    neither factor exceeds the other more than twice: the mean square is off by at most (1 +
    sqrt 2) sigma e + e^2. As m_k lies between m_{k-1} and x_k, no product is negative.
    """
    a, n = x.arithmetic, max(x.shape[-1], 1)
    sigma, apart = np.sqrt(average(d * d)), np.sqrt(average(x.error * x.error))
    narrow, wide = np.maximum(sigma - apart, 0), sigma + apart
    deviations = n / 2 + 5 * math.sqrt(1 + math.log(n))
    e = rounding_of_the_mean(x) + a.unit * (1 + 4 * n * a.unit) * deviations * wide
    charge = (n + 8) * a.unit * (1 + 4 * a.unit)
    least = np.maximum(narrow * narrow - 2.42 * narrow * e - e * e, 0)
    most = (wide + 1.21 * e) ** 2
    return np.maximum(least * (1 - charge) - 4 * a.tiny, 0), most * (1 + charge) + 4 * a.tiny


def one_pass(x: Rounding, d: Array, off: Array) -> tuple[Array, Array]:
    """E[x^2] - E[x]^2, where declared: both are as large as the mean is, and it may be below 0."""
    a, n = x.arithmetic, max(x.shape[-1], 1)
    sigma, apart = np.sqrt(average(d * d)), np.sqrt(average(x.error * x.error))
    mu = np.abs(average(x.value)) + average(x.error)
    rounded = np.maximum(off - average(x.error), 0) if n > 1 else 0.0
    charge = a.unit * (n + 8 + 3 * math.log(n)) * (1 + 4 * n * a.unit)
    lost = charge * average(size(x) ** 2) + 2 * mu * rounded + rounded * rounded
    lost = lost + a.unit * (2 * mu * mu + (sigma + apart) ** 2) + (3 * n + 4) * a.tiny
    return np.maximum(sigma - apart, 0) ** 2 - lost, (sigma + apart) ** 2 + lost


def uncentred(dx: Rounding, dh: Any, x: Rounding, reciprocal_root: Rounding) -> Rounding:
    """dx = r dh + b x - (b mean(x) + r mean(dh)), b = r^3 (mean(x) mean(dh) - mean(dh x)).

    Beside what the other form is off by: the sums in b are rounded relative to x, not to x - mean;
    b then multiplies x - mean, as it is the same in both terms, which are rounded on their own.
    """
    a = dx.arithmetic
    if a.normalise != "affine":
        return dx
    dx, dh, x, n = settled(dx), settled(dh), settled(x), x.shape[-1]
    centre = mean(x) if n else x
    d, mu, r = size(settled(x - centre)), size(centre), size(reciprocal_root)
    products = average(size(dh) * size(x)) + mu * average(size(dh))
    b = r**3 * average(size(dh) * d)
    lost = (n + 6) * r**3 * d * products + 4 * b * (size(x) + mu)
    lost = a.unit * (1 + 4 * n * a.unit) * (lost + 8 * r * (size(dh) + average(size(dh))))
    powers = 4 * (1 + r) * n * products * d + n * r**3 * d + size(x) + mu + 8  # that underflow
    error = dx.error + unknown_if_nan(lost + a.tiny * powers)
    most = np.maximum(np.maximum(n * products, 1) * np.maximum(1, r**3), b * (size(x) + mu))
    return Rounding(dx.value, np.where(~(most <= a.largest), np.inf, error), a)


def added_at(terms: Rounding, places: tuple[Array, ...], shape: tuple[int, ...]) -> Rounding:
    """One chain at each place, of as many terms as the place that has most."""
    c = terms.chain or Chain(size(terms), 1, 0)
    parts = terms.value, terms.error, np.broadcast_to(c.magnitude, terms.shape)
    value, error, m = (algebra.added_at(z, places, shape) for z in parts)
    count = int(np.max(algebra.added_at(np.ones(terms.shape), places, shape), initial=0))
    chain = Chain(unknown_if_nan(m), count * c.terms, c.roundings)
    return Rounding(value, unknown_if_nan(error), terms.arithmetic, terms.grid, chain)


algebra.mean.register(Rounding, mean)
algebra.standardized.register(Rounding, standardized)
algebra.uncentred.register(Rounding, uncentred)
algebra.added_at.register(Rounding, added_at)
