"""Functions that the equations use in addition to NumPy's.

Each is an ordinary function of arrays. A number system with a sharper rule registers it here
(`functools.singledispatch`), so that an equation is the same for all number systems. Unary plus, in
the equations, marks a value that an implementation may keep in storage precision.
"""

import math
from functools import singledispatch
from typing import Any

import numpy as np

Array = Any  # an ndarray of float64, complex128 or objects, or a number system's own array


def transpose(x: Array) -> Array:
    """Swap the last two axes."""
    return np.swapaxes(x, -1, -2)


@singledispatch
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    with np.errstate(over="ignore"):  # exp(-x) = inf is the right intermediate: 1 / inf = 0
        return 1 / (1 + np.exp(-x))


@singledispatch
def normal_cdf(x: Array) -> Array:
    """Phi(x) = (1 + erf(x / sqrt 2)) / 2 = erfc(-x / sqrt 2) / 2, of a standard normal variable.

    Of a complex number to first order in its imaginary part, which is all that a complex step has.
    """
    if np.iscomplexobj(x):
        phi = np.exp(-(x.real**2) / 2) / math.sqrt(2 * math.pi)
        return normal_cdf(x.real) + 1j * x.imag * phi
    return np.vectorize(math.erfc, otypes=[float])(-x / math.sqrt(2)) / 2


@singledispatch
def erf(x: Array) -> Array:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x; of a complex number as above."""
    if np.iscomplexobj(x):
        slope = 2 / math.sqrt(math.pi) * np.exp(-(x.real**2))
        return erf(x.real) + 1j * x.imag * slope
    return np.vectorize(math.erf, otypes=[float])(x)


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0)


@singledispatch
def step(x: Array) -> Array:
    """The slope of relu: 1 where x > 0, else 0; 0 at 0 (and NaN at NaN)."""
    return np.where(np.isnan(x), x, np.where(x > 0, 1.0, 0.0))


@singledispatch
def larger(x: Array, y: Array) -> Array:
    """The slope of max(x, y) along x: 1 where x is larger, 0 where y is, 1/2 where they are equal.

    At a tie every number from 0 to 1 is a subgradient: on rounding numbers any of them is allowed.
    """
    rule = larger.dispatch(type(y))  # x may be a constant
    if rule is not larger.dispatch(object):
        return rule(x, y)
    return np.where(np.real(x) > np.real(y), 1.0, np.where(np.real(x) < np.real(y), 0.0, 0.5))


@singledispatch
def largest(x: Array) -> Array:
    """The slope of the maximum along the last axis: 1 at it; shared where several are equal."""
    at = np.real(x) == np.max(np.real(x), axis=-1, keepdims=True)
    return at / np.sum(at, axis=-1, keepdims=True)


@singledispatch
def either(formula: Array, *equivalents: Array) -> Array:
    """A formula and others that equal it in exact arithmetic, any of which may be computed."""
    return formula


@singledispatch
def number(like: Array, values: Any, over: int = 1) -> Array:
    """values / over, as numbers of the kind of `like`."""
    return values / over


@singledispatch
def single(x: Array) -> Array:
    """x, where what is made of it is asked for in float32, or wider, whatever the dtype of x."""
    return x


@singledispatch
def exponential(x: Array, base: float) -> Array:
    """base^x."""
    return np.power(base, x)


@singledispatch
def softmax_rows(x: Array) -> Array:
    """exp(x_j - max x) / sum_k exp(x_k - max x) along the last axis; x_j may be -inf.

    A row that is -inf throughout has no softmax: it is returned as zeros, and the caller decides.
    """
    largest = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    e = np.exp(x - np.where(np.isneginf(np.real(largest)), 0, largest))
    total = np.sum(e, axis=-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


@singledispatch
def log_sum_exp(x: Array) -> Array:
    """log sum_k exp(x_k) along the last axis, kept as an axis of size 1; 0 for an empty sum."""
    largest = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    largest = np.where(np.isneginf(np.real(largest)), 0, largest)
    total = np.sum(np.exp(x - largest), axis=-1, keepdims=True)
    return np.log(np.where(total == 0, 1, total)) + largest


@singledispatch
def mean(x: Array) -> Array:
    """sum_j x_j / n along the last axis, kept as an axis of size 1; 0 of nothing."""
    return np.sum(x, axis=-1, keepdims=True) / max(x.shape[-1], 1)


@singledispatch
def standardized(x: Array, eps: float) -> tuple[Array, Array]:
    """(x - mean) / sqrt(variance + eps) along the last axis, and 1 / sqrt(variance + eps).

    In two passes: the mean first, then the mean square of what is left.
    """
    centred = x - mean(x)
    root = np.sqrt(mean(centred * centred) + eps)
    return centred / root, 1 / root


@singledispatch
def uncentred(dx: Array, dh: Array, x: Array, reciprocal_root: Array) -> Array:
    """The gradient dx through `standardized`, or its expansion in products with x itself.

        dx = r dh + b x - (b mean(x) + r mean(dh)),  b = r^3 (mean(x) mean(dh) - mean(dh x))

    They are equal on paper. Beside an offset large terms cancel in the expansion: it is computed
    only where it is declared.
    """
    return dx


@singledispatch
def added_at(terms: Array, places: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, each term added at its place: what indexing by `places` is backwards."""
    total = np.zeros(shape, terms.dtype)
    np.add.at(total, places, terms)
    return total


def matmul_where(counts: Array, a: Array, b: Array) -> Array:
    """sum_j a_ij b_jd over the pairs (i, j) that count; elsewhere a is 0 and b may be anything.

    counts: bool, (..., I, J); a: (..., I, J); b: (..., J, D).
    In IEEE arithmetic 0 * NaN is NaN: what does not count is therefore left out, not weighted by 0.
    """
    finite = np.isfinite(b)
    if np.all(finite):
        return a @ b
    reached = (counts.astype(float) @ ~finite) > 0  # (..., I, D)
    with np.errstate(invalid="ignore"):
        terms = np.where(counts[..., None], a[..., None] * b[..., None, :, :], 0)
        return np.where(reached, np.sum(terms, axis=-2), a @ np.where(finite, b, 0))
