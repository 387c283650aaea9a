"""NumPy's elementwise functions on rounding numbers, beside those of `functions`.

Of a monotone function the bound is read off at both ends of the interval that the argument may lie
in; then come the ulps of the function itself. What a function makes of a number outside its domain
is not bounded, unless every implementation gets a number within (a sum of squares, say).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.angles import exponential
from seqlaws.reference.numbers.entries import Array, unknown_if_nan
from seqlaws.reference.numbers.functions import evaluated
from seqlaws.reference.numbers.functions import exp as exp_rule
from seqlaws.reference.numbers.places import maximum
from seqlaws.reference.numbers.products import divide, multiply
from seqlaws.reference.numbers.rounding import UFUNCS, Rounding, lift, negative, settled

Rule = Callable[..., Rounding]


def rising(
    function: Callable[[Array], Array], least: float = -math.inf, ulps: float | None = None
) -> Rule:
    """A function that never falls, defined from `least` on. A fixed point at 0 is exact."""

    def rule(x: Rounding) -> Rounding:
        x = settled(x)
        low, high = x.value - x.error, x.value + x.error
        outside = (low < least) & ~(x.positive and least == 0)
        value = function(x.value)
        reach = np.maximum(function(high) - value, value - function(np.maximum(low, least)))
        y = evaluated(x, value, np.where(outside, np.inf, unknown_if_nan(reach)), ulps)
        at_zero = (x.value == 0) & (x.error == 0) & (value == 0)
        infinite = np.isinf(x.error)
        error = np.where(at_zero, 0.0, np.where(infinite, np.inf, y.error))
        return Rounding(value, error, x.arithmetic)

    return rule


def root(x: Rounding) -> Rounding:
    """sqrt: a square root, or a product with its reciprocal: 2 ulps more. Never below 0."""
    y = rising(np.sqrt, 0.0, x.arithmetic.ulps + 2)(x)
    y.positive = True
    return y


def square(x: Rounding) -> Rounding:
    """x * x."""
    return multiply(x, x)


def absolute(x: Rounding) -> Rounding:
    """Exact."""
    x = settled(x)
    y = Rounding(np.abs(x.value), x.error, x.arithmetic, x.grid)
    y.positive = True
    return y


def sign(x: Rounding) -> Rounding:
    """-1, 0 or 1; any of them where the sign is not certain."""
    x = settled(x)
    value = np.sign(x.value)
    unsure = (x.error > 0) & (np.abs(x.value) <= x.error)
    error = np.where(unsure, 1 + np.abs(value), 0.0)
    return Rounding(value, np.where(np.isinf(x.error), np.inf, error), x.arithmetic, 1.0)


def minimum(x: Rounding, y: Rounding) -> Rounding:
    """-max(-x, -y)."""
    z = maximum(negative(settled(x)), negative(settled(y)))
    return Rounding(-z.value, z.error, z.arithmetic, z.grid)


def greatest(x: Rounding, y: Rounding) -> Rounding:
    """The maximum; not below 0 if one of the two is not."""
    z = maximum(x, y)
    z.positive = x.positive or y.positive
    return z


def exp(x: Rounding) -> Rounding:
    """exp, which is never below 0."""
    y = exp_rule(x)
    y.positive = True
    return y


def expm1(x: Rounding) -> Rounding:
    """exp(x) - 1, of one function: relative to what comes out."""
    return rising(np.expm1)(x)


def power(x: Any, y: Any) -> Rounding:
    """x^y: a whole power as products, another as exp(y log x), of a base above 0."""
    if not isinstance(y, Rounding) and np.ndim(y) == 0:
        return to_the(x, float(y))
    if not isinstance(x, Rounding) and np.ndim(x) == 0 and x > 0:
        return exponential(settled(y), float(x))
    like = x if isinstance(x, Rounding) else y
    return exp(multiply(lift(y, like), UFUNCS["log"](lift(x, like))))


def to_the(x: Rounding, p: float) -> Rounding:
    """x to a constant power."""
    if p == 0:
        return Rounding(np.ones(x.shape), np.zeros(x.shape), x.arithmetic, 1.0)
    if p == 2:
        return multiply(x, x)
    if p in (1, 0.5):
        return root(x) if p == 0.5 else x
    x = settled(x)
    a, value = x.arithmetic, np.power(x.value, p)
    low, high = x.value - x.error, x.value + x.error
    ends = [np.power(low, p), np.power(high, p)]
    if p == int(p) and p > 0 and int(p) % 2 == 0:  # 0 may lie between
        reach = np.maximum(np.abs(ends[0] - value), np.abs(ends[1] - value))
        reach = np.maximum(reach, np.where((low < 0) & (high > 0), np.abs(value), 0))
    else:
        reach = np.maximum(np.abs(ends[0] - value), np.abs(ends[1] - value))
        if p < 0 or p != int(p):  # a pole, or a branch, at 0
            reach = np.where(low > 0, reach, np.inf)
    steps = abs(p) if p == int(p) else 0.0  # products, one after the other
    logarithm = np.abs(np.log2(np.maximum(np.abs(x.value), 1e-300)))
    ulps = a.ulps + steps / 2 + (a.ulps * abs(p) * logarithm if p != int(p) else 0.0)
    own = 2 * a.unit * ulps * (np.abs(value) + reach)
    y = evaluated(x, value, unknown_if_nan(reach + own))
    y.error = np.where(np.isinf(x.error), np.inf, y.error)
    y.positive = p % 2 == 0
    return y


def reciprocal(x: Rounding) -> Rounding:
    """1 / x."""
    return divide(lift(1.0, x), x)


def rounded(function: Callable[[Array], Array]) -> Rule:
    """floor, ceil, rint: a step where the argument may lie on both sides of it."""

    def rule(x: Rounding) -> Rounding:
        x = settled(x)
        value = function(x.value)
        low, high = function(x.value - x.error), function(x.value + x.error)
        error = unknown_if_nan(np.maximum(high - value, value - low))
        return Rounding(value, error, x.arithmetic, 1.0)

    return rule


def remainder(x: Rounding, y: Rounding) -> Rounding:
    """x mod y of what is known exactly; else it may jump."""
    x, y = settled(x), settled(y)
    value = np.remainder(x.value, y.value)
    known = (x.error == 0) & (y.error == 0)
    return Rounding(value, np.where(known, 0.0, np.inf), x.arithmetic, min(x.grid, y.grid))


def erf(x: Rounding) -> Rounding:
    """erf, odd and rising, between -1 and 1."""
    return rising(algebra.erf)(x)


def arctangent(x: Rounding) -> Rounding:
    """arctan."""
    return rising(np.arctan)(x)


def logarithm(function: Callable[[Array], Array]) -> Rule:
    """log2, log10: as a function of their own, or as log times a constant."""

    def rule(x: Rounding) -> Rounding:
        y = rising(function, 0.0, x.arithmetic.ulps + 2)(x)
        may_be_zero = ~(x.value - x.error > 0) & (x.error > 0)
        return Rounding(y.value, np.where(may_be_zero, np.inf, y.error), x.arithmetic)

    return rule


def log1p(x: Rounding) -> Rounding:
    """log(1 + x), of one function; of x above -1."""
    y = rising(np.log1p, -1.0)(x)
    may_be_pole = x.value - x.error <= -1
    error = np.where(may_be_pole, np.inf, y.error)
    return Rounding(y.value, error, x.arithmetic)


def larger(x: Any, y: Any) -> Rounding:
    """Any slope from 0 to 1 where either may be the larger, and at a tie."""
    like = x if isinstance(x, Rounding) else y
    x, y = settled(lift(x, like)), settled(lift(y, like))
    value = algebra.larger(x.value, y.value)
    with np.errstate(invalid="ignore"):
        unsure = ~(np.abs(x.value - y.value) > x.error + y.error)
    return Rounding(value, np.where(unsure, np.maximum(value, 1 - value), 0.0), x.arithmetic, 0.5)


def largest(x: Rounding) -> Rounding:
    """Any slope from 0 to 1 at each of several entries that may be the largest."""
    x = settled(x)
    value = algebra.largest(x.value)
    least = np.max(x.value - x.error, axis=-1, keepdims=True)
    may = ~(x.value + x.error < least)
    unsure = may & (np.sum(may, axis=-1, keepdims=True) > 1)
    return Rounding(value, np.where(unsure, np.maximum(value, 1 - value), 0.0), x.arithmetic)


UFUNCS |= {
    "exp": exp,
    "maximum": greatest,
    "minimum": minimum,
    "sqrt": root,
    "square": square,
    "absolute": absolute,
    "fabs": absolute,
    "sign": sign,
    "expm1": expm1,
    "log1p": log1p,
    "log2": logarithm(np.log2),
    "log10": logarithm(np.log10),
    "exp2": lambda x: exponential(x, 2.0),
    "power": power,
    "reciprocal": reciprocal,
    "floor": rounded(np.floor),
    "ceil": rounded(np.ceil),
    "rint": rounded(np.rint),
    "remainder": remainder,
    "arctan": arctangent,
    "erf": erf,  # scipy.special's
    "expit": algebra.sigmoid.registry[Rounding],
    "cbrt": rising(np.cbrt),
}
algebra.erf.register(Rounding, erf)
algebra.larger.register(Rounding, larger)
algebra.largest.register(Rounding, largest)
