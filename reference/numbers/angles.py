"""Angles, their sines and cosines, and changes of precision on rounding numbers.

An angle is a position times a power of the base. It loses as many units as it is long: in float32 a
million radians are known to a few hundredths. Its sine and cosine are reduced exactly, as every
library does, and their bounds do not exceed what numbers from -1 to 1 may differ by.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.arithmetic import Arithmetic
from seqlaws.reference.numbers.entries import Array
from seqlaws.reference.numbers.functions import evaluated
from seqlaws.reference.numbers.rounding import UFUNCS, Rounding, constant, settled, size

ANGLES = Arithmetic("float32")  # what angles are at least formed in


def wave(
    function: Callable[[Array], Array], slope: Callable[[Array], Array]
) -> Callable[[Rounding], Rounding]:
    """Sine or cosine: |f(x + t) - f(x)| <= |slope(x)| |t| + |f(x)| t^2 / 2. Exact at 0."""

    def rule(x: Rounding) -> Rounding:
        x = settled(x)
        value, t = function(x.value), x.error
        reach = np.abs(slope(x.value)) * t + np.abs(value) * t * t / 2
        error = evaluated(x, value, np.minimum(reach, 1 + np.abs(value))).error
        at_zero = (x.value == 0) & (t == 0)
        error = np.where(np.isfinite(x.value), np.where(at_zero, 0.0, error), np.inf)
        return Rounding(value, error, x.arithmetic)

    return rule


def exponential(x: Rounding, base: float) -> Rounding:
    """base^x, as a power, one over a power, or an exponential of x log(base).

    The exponential is the worst of them: the logarithm's ulps, the base as it is held, the product
    and the change to base 2 are all in the exponent, whose absolute error is the result's relative.
    """
    x = settled(x)
    a, value, log = x.arithmetic, np.power(base, x.value), abs(math.log(base))
    own = (2 * a.ulps + 1 + a.prescalings) * log + 1
    t = log * x.error + own * a.unit * np.abs(x.value)
    result = evaluated(x, value, value * (np.expm1(t) + a.unit))
    at_zero = (x.value == 0) & (x.error == 0)  # base^0 is 1, in every form
    return Rounding(value, np.where(at_zero, 0.0, result.error), a, float(at_zero.all()))


def number(like: Rounding, values: Any, over: int = 1) -> Rounding:
    """A quotient that everyone rounds for himself; or what was computed, held as `like` is."""
    if not isinstance(values, Rounding):
        return constant(np.asarray(values, float) / over, like.arithmetic)
    x, a = settled(values), like.arithmetic
    if a.unit <= x.arithmetic.unit:
        return Rounding(x.value, x.error, a, x.grid)
    known = (x.error == 0) & (constant(x.value, a).error == 0)
    error = np.where(known, 0.0, x.error + a.unit * size(x) + a.tiny)
    return Rounding(x.value, error, a, x.grid)


def single(x: Rounding) -> Rounding:
    """In float32 whatever was declared: float64 implementations may form angles in it."""
    x = settled(x)
    return Rounding(x.value, x.error, ANGLES, x.grid)


UFUNCS |= {"sin": wave(np.sin, np.cos), "cos": wave(np.cos, np.sin)}
algebra.exponential.register(Rounding, exponential)
algebra.number.register(Rounding, number)
algebra.single.register(Rounding, single)
