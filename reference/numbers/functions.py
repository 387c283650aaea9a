"""Elementary functions, softmax and alternative formulas on rounding numbers.

A function is charged its ulps on top of what the error of its argument becomes: the Lipschitz
constant on the interval that the argument may lie in, not the global one, capped by the range.
"""

import math
from collections.abc import Callable

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.entries import Array, unknown_if_nan
from seqlaws.reference.numbers.rounding import UFUNCS, Rounding, ceiling, lift, settled, size

LOG2E = 1.4426950408889634


def evaluated(x: Rounding, value: Array, error: Array, ulps: float | None = None) -> Rounding:
    """A function's value, with its own error: so many ulps, of up to two unit roundoffs each."""
    error = with_ulps(x, value, error, x.arithmetic.ulps if ulps is None else ulps)
    largest = np.abs(value) + error
    return Rounding(value, np.where(largest > x.arithmetic.largest, np.inf, error), x.arithmetic)


def with_ulps(x: Rounding, value: Array, error: Array, ulps: float, least: float = 0.0) -> Array:
    """The error of an argument's function, and that of the function itself: at least `least`."""
    own = (2 * (ulps * x.arithmetic.unit + 2.0**-52)) * (np.abs(value) + error)
    if least:
        own = np.maximum(own, least)
    charged: Array = error + own + x.arithmetic.function_tiny
    return charged


def monotone(
    x: Rounding,
    value: Array,
    slope: Callable[[Array], Array],
    width: Array,
    least: float = 0.0,
) -> Rounding:
    """A bounded function whose slope falls with |x|; `width`: how far the range reaches at most.

    least: what its own error is at least.
    """
    nearest_zero = np.maximum(np.abs(x.value) - x.error, 0)
    reached = np.fmin(slope(nearest_zero) * x.error, width)  # where that is NaN, the whole range
    error = with_ulps(x, value, reached, x.arithmetic.ulps, least)
    error = np.where(np.isinf(x.error), np.inf, error)
    return Rounding(value, error, x.arithmetic, finite=x.finite)


def tanh(x: Rounding) -> Rounding:
    """0 at 0, exactly, unless its error is declared to be absolute."""
    x = settled(x)
    value, least = np.tanh(x.value), x.arithmetic.absolute

    def slope(z: Array) -> Array:
        steepness: Array = 1 / np.cosh(np.minimum(z, 700)) ** 2
        return steepness

    result = monotone(x, value, slope, 1 + np.abs(value), least)
    if not least:
        result.error = np.where((x.value == 0) & (x.error == 0), 0, result.error)
    return result


def sigmoid(x: Rounding) -> Rounding:
    """Between 0 and 1."""
    x = settled(x)
    value = algebra.sigmoid(x.value)

    def slope(z: Array) -> Array:
        e = np.exp(-z)
        return e / (1 + e) ** 2

    return monotone(x, value, slope, np.maximum(value, 1 - value), x.arithmetic.absolute)


def normal_cdf(x: Rounding) -> Rounding:
    """As erfc, or as (1 + erf(x / sqrt 2)) / 2: below 0 only its absolute error is then small.

    The quotient takes 3 roundings, erf or erfc its ulps, and adding 1 another.
    """
    x = settled(x)
    a, value = x.arithmetic, algebra.normal_cdf(x.value)

    def slope(z: Array) -> Array:
        return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    result = monotone(x, value, slope, np.maximum(value, 1 - value))
    near = np.minimum(np.abs(x.value), 40)  # beyond it the slope has vanished
    quotient = 3 * a.unit * slope(near) * near
    cancelled = np.where(value < 0.5, a.unit * (a.ulps * (1 - 2 * value) + 2 * value), 0)
    return Rounding(value, result.error + quotient + cancelled, a)


def step(x: Rounding) -> Rounding:
    """The slope of relu may be 0 or 1 where the sign is not certain."""
    x = settled(x)
    uncertain = (np.abs(x.value) <= x.error) & (x.error > 0)
    error = np.where(np.isinf(x.error), np.inf, np.where(uncertain, 1.0, 0.0))
    return Rounding(algebra.step(x.value), error, x.arithmetic, 1.0)


def exp(x: Rounding) -> Rounding:
    """exp, also as exp2 of a prescaled argument."""
    if x.chain is None:
        u = x.arithmetic.unit
        x = Rounding(x.value, x.error + x.arithmetic.prescalings * u * size(x), x.arithmetic)
    x = prescaled(x)
    value = np.exp(x.value)
    near = value * np.expm1(np.minimum(x.error, 1))
    far = np.exp(x.value + x.error)
    error = np.where(x.error < 1, near, np.where(np.isneginf(x.value), 0, far))
    return evaluated(x, value, error)


def log(x: Rounding) -> Rounding:
    """-inf at 0 and 0 at 1, exactly; nothing is claimed where the argument may be 0 and is not."""
    x = settled(x)
    value, known = np.log(x.value), x.error == 0
    reached = np.where(x.error < x.value, -np.log1p(-x.error / x.value), np.inf)
    result = evaluated(x, value, unknown_if_nan(reached))
    exactly = known & ((x.value == 0) | (x.value == 1))
    return Rounding(value, np.where(exactly, 0, result.error), x.arithmetic)


def prescaled(x: Rounding) -> Rounding:
    """log2(e) may be multiplied into a sum that is about to be an exponent."""
    if x.chain is not None:
        roundings = x.chain.roundings + x.arithmetic.prescalings
        x = Rounding(x.value, x.error, x.arithmetic, 0.0, x.chain._replace(roundings=roundings))
    return settled(x)


def log_sum_exp(x: Rounding) -> Rounding:
    """Kept relative to the maximum: an error of the maximum cancels out of the sum."""
    x = prescaled(x)
    a, n = x.arithmetic, x.shape[-1]
    value = algebra.log_sum_exp(x.value)
    off = exponent_error(x, largest_of_rows(x))
    away = np.max(off, axis=-1, keepdims=True, initial=0)
    own = a.unit * (2 * a.ulps * (1 + np.abs(value)) + 2 * np.abs(value) + n + blocks(x))
    return Rounding(value, away + own + a.tiny, a)


def exponent_error(x: Rounding, largest: Array) -> Array:
    """How far the exponents x_j - max x may be off, but for what all of a row share.

    With exp2 the score and the maximum are multiplied by log2(e) beforehand: the error grows with
    |x| + |max|. An online softmax takes one more exponential and product for every block of keys.
    """
    a = x.arithmetic
    offset = 3 * a.unit * (np.abs(unmasked(x)) + np.abs(largest))
    own = (2 * a.ulps * (1 + blocks(x)) + blocks(x)) * a.unit
    error: Array = x.error + offset + own
    return error if x.finite else np.where(np.isneginf(x.value), 0, error)


def unmasked(x: Rounding) -> Array:
    """The values, and 0 for what is masked."""
    return x.value if x.finite else np.where(np.isneginf(x.value), 0, x.value)


def largest_of_rows(x: Rounding) -> Array:
    """The maximum along the last axis, and 0 where all is masked."""
    largest = np.max(x.value, axis=-1, keepdims=True, initial=-np.inf)
    return np.where(np.isneginf(largest), 0, largest)


def blocks(x: Rounding) -> int:
    """How often an online softmax rescales."""
    return -(-x.shape[-1] // x.arithmetic.block)


def softmax_rows(x: Rounding) -> Rounding:
    """One rule for the whole of softmax: composed of its parts the bound would be useless.

    With exponents off by at most t_j, p_j lies between p e^-t / (p e^-t + sum others p e^t) and
    the same with the signs of t exchanged. `up` and `down` are how far a weight alone may move;
    sums over the others leave p_j out instead of subtracting it. Then come the sum and the division
    or, in exp(x_j - log_sum_exp(x)), the logarithm, which costs more. Nothing is lost where a score
    of 0 has no others beside it: exp(0) = 1 and log(1) = 0 are exact.
    """
    x = prescaled(x)
    a, n = x.arithmetic, x.shape[-1]
    if n == 0:
        return Rounding(x.value, x.value, a)
    largest = largest_of_rows(x)
    shifted = x.value - largest
    e = np.exp(shifted)
    whole = np.sum(e, axis=-1, keepdims=True)
    whole = np.where(whole == 0, 1, whole)
    p, t = e / whole, exponent_error(x, largest)
    masked = gone = np.zeros((), bool)
    if not x.finite:
        masked = np.isneginf(x.value)
    if not x.finite or np.min(x.value, initial=0) < -a.largest / 10:
        gone = np.isfinite(x.value) & (ceiling(x) < -a.largest / 10) & (largest > -a.largest / 100)
        t = np.where(gone, 0, t)
    down, up = p * -np.expm1(-t), p * np.expm1(np.minimum(t, 1))
    far = ~(t < 1) | ((p == 0) & ~masked)
    if far.any():
        up = np.where(far, np.exp(shifted + t) / whole - p, up)
    rest, others_down, others_up = others(p), others(down), others(up)
    above = (rest * up + p * others_down) / (p + up + np.maximum(rest - others_down, 0))
    below = (rest * down + p * others_up) / (p - down + rest + others_up)
    error = np.maximum(
        np.where(np.isfinite(above), above, 1 - p), np.where(np.isfinite(below), below, p)
    )
    error = np.minimum(error, np.maximum(p, 1 - p))
    later = np.where(gone | (p + error == 0), 0, np.expm1(by_logarithm(x, largest, whole)))
    error = error + (later + 2.0**-50) * (p + error)
    heaviest = np.exp(a.unit * np.abs(largest))  # by FMA, not 1
    error = error + (a.function_tiny + (1 + blocks(x)) * a.tiny) * heaviest
    alone = (x.value == 0) & (x.error == 0) & (rest == 0) & (others_up == 0)
    error = np.where(masked | alone, 0, error)  # what is masked weighs nothing
    overflows = np.isinf(x.error) | (size(x) * LOG2E > a.largest)  # as exp2 is prescaled
    hopeless = np.any(overflows & ~gone, axis=-1, keepdims=True) | (heaviest * n > a.largest)
    p = Rounding(p, np.where(hopeless, np.inf, error), a)
    p.weights = heaviest
    return p


def by_logarithm(x: Rounding, largest: Array, whole: Array) -> Array:
    """How far the exponents x_j - log_sum_exp(x) may be off, given how far the scores are.

    whole: the sum of the exponentials, each rounded. Its logarithm is off by its ulps, and by what
    the sum is; it is added to the maximum and kept, perhaps in another base, to which the maximum
    is brought beforehand, and the whole afterwards. Then come a difference and an exponential.
    """
    a, n, logarithm = x.arithmetic, x.shape[-1], np.log(whole)
    score, largest = np.abs(unmasked(x)), np.abs(largest)
    summed = 2 * a.ulps * (1 + blocks(x)) + n + 2 * blocks(x) + score + largest
    kept = 2 * a.ulps * logarithm + 5 * (largest + logarithm)
    total: Array = a.unit * (summed + kept + score + largest + logarithm + 2 * a.ulps)
    return total


def others(z: Array) -> Array:
    """For each entry the sum of the others along the last axis, without subtracting."""
    before, after = np.zeros_like(z), np.zeros_like(z)
    np.add.accumulate(z[..., :-1], axis=-1, out=before[..., 1:])
    np.add.accumulate(z[..., :0:-1], axis=-1, out=after[..., -2::-1])
    return before + after


def either(formula: Rounding, *equivalents: Rounding) -> Rounding:
    """The widest of the errors that one of the formulas allows."""
    x = settled(formula)
    error = x.error
    for other in equivalents:
        y = settled(lift(other, x))
        error = np.maximum(error, unknown_if_nan(y.error + np.abs(y.value - x.value)))
    return Rounding(x.value, error, x.arithmetic, x.grid)


UFUNCS |= {"tanh": tanh, "exp": exp, "log": log}
algebra.sigmoid.register(Rounding, sigmoid)
algebra.normal_cdf.register(Rounding, normal_cdf)
algebra.step.register(Rounding, step)
algebra.softmax_rows.register(Rounding, softmax_rows)
algebra.log_sum_exp.register(Rounding, log_sum_exp)
algebra.either.register(Rounding, either)
