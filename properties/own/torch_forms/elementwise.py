"""Elementwise functions, by torch's names and parameters."""

import math

import numpy as np

from seqlaws.reference.algebra import Array, normal_cdf
from seqlaws.reference.algebra import sigmoid as logistic

SELU = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. (2017): scale and alpha


def relu(x: Array, inplace: bool = False) -> Array:
    return np.maximum(x, 0)


def relu6(x: Array, inplace: bool = False) -> Array:
    return np.minimum(np.maximum(x, 0), 6)


def leaky_relu(x: Array, negative_slope: float = 0.01, inplace: bool = False) -> Array:
    return np.where(x > 0, x, negative_slope * x)


def sigmoid(x: Array) -> Array:
    return logistic(x)


def tanh(x: Array) -> Array:
    return np.tanh(x)


def silu(x: Array, inplace: bool = False) -> Array:
    return x * logistic(x)


def gelu(x: Array, approximate: str = "none") -> Array:
    if approximate == "tanh":
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        return 0.5 * x * (1 + np.tanh(inner))
    return x * normal_cdf(x)


def elu(x: Array, alpha: float = 1.0, inplace: bool = False) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(x: Array, inplace: bool = False) -> Array:
    return SELU[0] * elu(x, SELU[1])


def softplus(x: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """Beyond the threshold it is x itself, which differs by less than exp(-threshold)."""
    y = x * beta
    return np.where(y > threshold, x, (np.maximum(y, 0) + np.log1p(np.exp(-np.abs(y)))) / beta)


def logsigmoid(x: Array) -> Array:
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def mish(x: Array, inplace: bool = False) -> Array:
    return x * np.tanh(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))))


def softsign(x: Array) -> Array:
    return x / (1 + np.abs(x))


def hardtanh(x: Array, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Array:
    return np.minimum(np.maximum(x, min_val), max_val)


def hardsigmoid(x: Array, inplace: bool = False) -> Array:
    return np.minimum(np.maximum(x + 3, 0), 6) / 6


def hardswish(x: Array, inplace: bool = False) -> Array:
    return x * np.minimum(np.maximum(x + 3, 0), 6) / 6


def clamp(x: Array, min: float | None = None, max: float | None = None) -> Array:  # noqa: A002
    x = x if min is None else np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


def add(x: Array, y: Array, alpha: float = 1) -> Array:
    return x + y if alpha == 1 else x + alpha * y


def sub(x: Array, y: Array, alpha: float = 1) -> Array:
    return x - y if alpha == 1 else x - alpha * y


def mul(x: Array, y: Array) -> Array:
    return x * y


def div(x: Array, y: Array) -> Array:
    return x / y


def pow_(x: Array, exponent: float) -> Array:
    return np.power(x, exponent)


def square(x: Array) -> Array:
    return x * x


def exp(x: Array) -> Array:
    return np.exp(x)


def log(x: Array) -> Array:
    return np.log(x)


def sqrt(x: Array) -> Array:
    return np.sqrt(x)


def rsqrt(x: Array) -> Array:
    return 1 / np.sqrt(x)


def reciprocal(x: Array) -> Array:
    return 1 / x


def neg(x: Array) -> Array:
    return -x


def abs_(x: Array) -> Array:
    return np.abs(x)


def minimum(x: Array, y: Array) -> Array:
    return np.minimum(x, y)


def maximum(x: Array, y: Array) -> Array:
    return np.maximum(x, y)


def where(condition: Array, x: Array, y: Array) -> Array:
    return np.where(condition, x, y)


def masked_fill(x: Array, mask: Array, value: float) -> Array:
    return np.where(mask, value, x)


def to(x: Array, *_: object) -> Array:
    """The same numbers: what they are rounded to is the declared arithmetic's business."""
    return x


def float_(x: Array) -> Array:
    return x


def contiguous(x: Array) -> Array:
    return x
