"""Simulated implementations of NumPy's functions, each in the forms that are admitted.

FORMS: a function's name to what it is called with, and how a `Machine` may compute it.
"""

import math

import numpy as np
import simulated_softmax  # noqa: F401  registers its rules
from machine import sigmoid
from simulated import ERFC, Simulated

from seqlaws import functions
from seqlaws.reference import algebra

ERF = np.vectorize(math.erf, otypes=[float])


def function(f):
    """A function of its own, within its ulps."""
    return lambda m, x: m.function(f, x)


def root(m, x):
    """A root, or the argument times the reciprocal of its root."""
    if m.chance(0.5):
        return m.function(np.sqrt, x)
    with np.errstate(all="ignore"):
        y = m.times(x, m.function(lambda z: 1 / np.sqrt(z), x))
    return np.where(x == 0, 0.0, y)


def quotient(m, x, y):
    """A quotient, or a product with the reciprocal."""
    return m.round(x / y) if m.chance(0.5) else m.times(x, m.round(1 / y))


def power(p):
    """x^p: as products, one after the other, or as one function."""

    def form(m, x):
        if p == int(p) and p > 0 and m.chance(0.6):
            y = x
            for _ in range(int(p) - 1):
                y = m.times(y, x)
            return y
        if p == int(p) and p < 0 and m.chance(0.4):
            y = x
            for _ in range(int(-p) - 1):
                y = m.times(y, x)
            return m.round(1 / y)
        return m.function(lambda z: np.power(z, np.longdouble(p)), x)

    return form


def in_base(base, f):
    """A logarithm of its own, or the natural one times a constant."""

    def form(m, x):
        if m.chance(0.5):
            return m.function(f, x)
        return m.times(m.function(np.log, x), m.constant(1 / math.log(base)))

    return form


def exp2(m, x):
    """2^x, or exp of x log 2."""
    if m.chance(0.5):
        return m.function(np.exp2, x)
    return m.function(np.exp, m.times(x, m.constant(math.log(2))))


def erf(m, x):
    """erf within its ulps."""
    return m.function(lambda z: ERF(np.asarray(z, float)), x)


def normal_cdf(m, x):
    """The distribution function of a normal variable, within its ulps."""
    return m.function(lambda z: ERFC(-np.asarray(z, float) / math.sqrt(2)) / 2, x)


def softplus(m, x):
    """max(x, 0) + log1p(exp(-|x|))."""
    return m.round(np.maximum(x, 0) + m.function(np.log1p, m.function(np.exp, -np.abs(x))))


def of_rows(rule, m, x):
    """A function of rows that has a simulation of its own."""
    return rule(Simulated(m, x)).value


PLACES = 3


def scattered(x, axis):
    """Entries along the last axis, added at one of a few places."""
    n = x.shape[-1]
    rows, columns = np.indices(x.shape)
    shape = (x.shape[0], max(n, PLACES))
    return functions.scatter_add(x, (rows, columns % PLACES), shape)[:, :n]


def into_one(m, x):
    """The sums at each place, in any order."""
    n = x.shape[-1]
    parts = [np.moveaxis(x[:, k::PLACES], -1, 0) for k in range(PLACES)]
    sums = [m.total(p) if len(p) else np.zeros(len(x)) for p in parts]
    sums += [np.zeros(len(x))] * max(n - PLACES, 0)
    return np.stack(sums, axis=-1)[:, :n]


def mean(m, x):
    """The sum over n, or a running mean."""
    n = x.shape[-1]
    if m.chance(m.running):
        mu = m.round(x[..., 0])
        for k in range(1, n):
            mu = m.plus(mu, m.round(m.round(x[..., k] - mu) / (k + 1)))
        return mu
    total = m.total(np.moveaxis(x, -1, 0))
    return m.round(total / n) if m.chance(0.5) else m.times(total, m.constant(1 / n))


def variance(m, x):
    """Two passes, or Welford's running sum of squares."""
    n = x.shape[-1]
    if m.chance(0.5):
        d = m.round(x - mean(m, x)[..., None])
        return m.round(m.total(np.moveaxis(m.product(d, d), -1, 0)) / n)
    mu, squares = m.round(x[..., 0]), np.zeros(x.shape[:-1])
    for k in range(1, n):
        d = m.round(x[..., k] - mu)
        mu = m.round(mu + m.round(d / (k + 1)))
        squares = m.round(squares + m.round(d * m.round(x[..., k] - mu)))
    return m.round(squares / n)


def product(m, x):
    """All factors, in any order."""
    y = x[..., m.random.permutation(x.shape[-1])]
    while y.shape[-1] > 1:
        half = y.shape[-1] // 2
        pairs = m.times(y[..., :half], y[..., half : 2 * half])
        y = np.concatenate([pairs, y[..., 2 * half :]], axis=-1)
    return y[..., 0]


def running_sum(m, x):
    """Each prefix is summed on its own, or from the one before."""
    if m.chance(0.5):
        parts = [m.total(np.moveaxis(x[..., : k + 1], -1, 0)) for k in range(x.shape[-1])]
        return np.stack(parts, axis=-1)
    parts = [m.round(x[..., 0])]
    for k in range(1, x.shape[-1]):
        parts.append(m.plus(parts[-1], x[..., k]))
    return np.stack(parts, axis=-1)


def running_product(m, x):
    """Each from the one before."""
    parts = [x[..., 0]]
    for k in range(1, x.shape[-1]):
        parts.append(m.times(parts[-1], x[..., k]))
    return np.stack(parts, axis=-1)


def matmul(m, x, y):
    """Exact products, in some order."""
    terms = m.product(m.operand(x)[..., :, :, None], m.operand(y)[..., None, :, :])
    return m.total(np.moveaxis(terms, -2, 0))


POSITIVE, ANY, SMALL, ABOVE = "positive", "any", "small", "above -1"
UNARY = {  # name: the function, the domain, a form
    "sqrt": (np.sqrt, POSITIVE, root),
    "square": (np.square, ANY, lambda m, x: m.times(x, x)),
    "absolute": (np.abs, ANY, lambda m, x: np.abs(x)),
    "negative": (np.negative, ANY, lambda m, x: -x),
    "exp": (np.exp, SMALL, function(np.exp)),
    "exp2": (np.exp2, SMALL, exp2),
    "expm1": (np.expm1, SMALL, function(np.expm1)),
    "log": (np.log, POSITIVE, function(np.log)),
    "log1p": (np.log1p, ABOVE, function(np.log1p)),
    "log2": (np.log2, POSITIVE, in_base(2, np.log2)),
    "log10": (np.log10, POSITIVE, in_base(10, np.log10)),
    "tanh": (np.tanh, ANY, function(np.tanh)),
    "arctan": (np.arctan, ANY, function(np.arctan)),
    "cbrt": (np.cbrt, ANY, function(np.cbrt)),
    "sin": (np.sin, SMALL, function(np.sin)),
    "cos": (np.cos, SMALL, function(np.cos)),
    "erf": (algebra.erf, SMALL, erf),
    "normal_cdf": (algebra.normal_cdf, SMALL, normal_cdf),
    "gelu": (functions.gelu, SMALL, lambda m, x: m.times(x, normal_cdf(m, x))),
    "silu": (functions.silu, SMALL, lambda m, x: m.times(x, m.function(sigmoid, x))),
    "softplus": (functions.softplus, SMALL, softplus),
    "rsqrt": (functions.rsqrt, POSITIVE, function(lambda z: 1 / np.sqrt(z))),
    "positive": (np.positive, ANY, lambda m, x: x if m.chance(m.keep) else m.store(x)),
    "fabs": (np.fabs, ANY, lambda m, x: np.abs(x)),
    "sigmoid": (algebra.sigmoid, SMALL, function(sigmoid)),
    "reciprocal": (np.reciprocal, POSITIVE, lambda m, x: m.round(1 / x)),
    "floor": (np.floor, ANY, lambda m, x: np.floor(x)),
    "ceil": (np.ceil, ANY, lambda m, x: np.ceil(x)),
    "rint": (np.rint, ANY, lambda m, x: np.rint(x)),
    "sign": (np.sign, ANY, lambda m, x: np.sign(x)),
    "power 3": (lambda x: x**3, ANY, power(3)),
    "power 4": (lambda x: x**4, ANY, power(4)),
    "power 0.5": (lambda x: x**0.5, POSITIVE, root),
    "power 1.5": (lambda x: x**1.5, POSITIVE, power(1.5)),
    "power -0.5": (lambda x: x**-0.5, POSITIVE, power(-0.5)),
    "power -1": (lambda x: x**-1, POSITIVE, power(-1)),
    "power -2": (lambda x: x**-2, POSITIVE, power(-2)),
    "3^x": (lambda x: 3.0**x, SMALL, function(lambda z: np.power(np.longdouble(3), z))),
}
BINARY = {
    "maximum": (np.maximum, ANY, lambda m, x, y: np.maximum(x, y)),
    "minimum": (np.minimum, ANY, lambda m, x, y: np.minimum(x, y)),
    "divide": (np.divide, POSITIVE, quotient),
    "multiply": (np.multiply, ANY, lambda m, x, y: m.times(x, y)),
    "add": (np.add, ANY, lambda m, x, y: m.round(x + y)),
    "subtract": (np.subtract, ANY, lambda m, x, y: m.round(x - y)),
    "where": (lambda x, y: np.where(x > y, x * 2.0, y), ANY,
              lambda m, x, y: np.where(x > y, m.round(x * 2.0), y)),
    "relu": (lambda x, y: np.where(x >= 0, x, 0.0) + 0.0 * y, ANY,
             lambda m, x, y: np.where(x >= 0, x, 0.0)),
    "clip": (lambda x, y: np.clip(x, -0.5, y * y), ANY,
             lambda m, x, y: np.minimum(np.maximum(x, -0.5), m.times(y, y))),
    "truth as number": (lambda x, y: (x > y) * 1.0 + 0.0 * y, ANY, lambda m, x, y: 1.0 * (x > y)),
    "x^y": (lambda x, y: x**y, POSITIVE,
            lambda m, x, y: m.function(np.exp, m.times(y, m.function(np.log, x)))),
    "remainder": (np.remainder, POSITIVE, lambda m, x, y: np.remainder(x, y)),
}  # fmt: skip
REDUCTIONS = {
    "sum": (np.sum, lambda m, x: m.total(np.moveaxis(x, -1, 0))),
    "mean": (np.mean, mean),
    "var": (np.var, variance),
    "std": (np.std, lambda m, x: root(m, variance(m, x))),
    "prod": (np.prod, product),
    "max": (np.max, lambda m, x: np.max(x, axis=-1)),
    "min": (np.min, lambda m, x: np.min(x, axis=-1)),
    "argmax": (np.argmax, lambda m, x: np.argmax(x, axis=-1)),
    "argmin": (np.argmin, lambda m, x: np.argmin(x, axis=-1)),
    "logsumexp": (functions.logsumexp, lambda m, x: of_rows(algebra.log_sum_exp, m, x)[..., 0]),
}
ALONG = {
    "softmax": (functions.softmax, lambda m, x: of_rows(algebra.softmax_rows, m, x)),
    "log_softmax": (
        functions.log_softmax,
        lambda m, x: m.round(x - of_rows(algebra.log_sum_exp, m, x)),
    ),
    "scatter_add": (scattered, into_one),
    "cumsum": (np.cumsum, running_sum),
    "cumprod": (np.cumprod, running_product),
    "sort": (np.sort, lambda m, x: np.sort(x, axis=-1)),
    "argsort": (np.argsort, lambda m, x: np.argsort(x, axis=-1)),
    "flip": (np.flip, lambda m, x: np.flip(x, -1)),
}
MATRICES = {
    "matmul": (np.matmul, matmul),
    "einsum": (lambda x, y: np.einsum("bij,bjk->bik", x, y), matmul),
    "outer": (
        lambda x, y: np.outer(x[0, 0], y[0, 0]),
        lambda m, x, y: m.times(x[0, 0][:, None], y[0, 0][None, :]),
    ),
    "dot": (lambda x, y: np.dot(x[0], y[0]), lambda m, x, y: matmul(m, x[0], y[0])),
    "trace": (
        lambda x, y: np.trace(x, axis1=-2, axis2=-1) + 0.0 * y[0, 0, 0],
        lambda m, x, y: m.total(np.diagonal(x, axis1=-2, axis2=-1).T),
    ),
}
# rules that compute nothing: they move entries, ask about them, or are another name
MOVES = """array_split atleast_1d atleast_2d broadcast_to compress concatenate copy delete diag
diagonal empty_like equal expand_dims fliplr flipud full_like greater greater_equal hstack isfinite
isinf isnan isneginf less less_equal moveaxis ndim not_equal ones_like pad ravel real repeat reshape
roll rollaxis rot90 shape signbit size sliding_window_view split squeeze stack swapaxes take
take_along_axis tile transpose tril triu vstack zeros_like amax amin expit power"""
NOTHING_TO_SIMULATE = {*MOVES.split()}
