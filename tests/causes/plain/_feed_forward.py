"""The feed-forward network of a transformer's layer: W_2 act(W_1 x + b_1) + b_2.

gelu(x) = x erfc(-x / sqrt 2) / 2, which loses nothing to 1 + erf below 0 (Hendrycks and Gimpel,
2016). NumPy has no erfc: the standard library's is taken, number by number.
"""

import math
from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array
from seqlaws.impls.numpy_vectorized._linear import linear, linear_backward

_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def feed_forward(x: Array, w_1: Array, b_1: Array, w_2: Array, b_2: Array, kind: str) -> Array:
    """Map x (B, T, E) by w_1 (F, E), the activation and w_2 (E, F) to (B, T, E)."""
    return linear(_activation(linear(x, w_1, b_1), kind), w_2, b_2)


def feed_forward_backward(
    dy: Array, x: Array, w_1: Array, b_1: Array, w_2: Array, b_2: Array, kind: str
) -> tuple[Array, ...]:
    """Gradients of x, w_1, b_1, w_2 and b_2 from dy (B, T, E)."""
    a = linear(x, w_1, b_1)
    dh, dw_2, db_2 = linear_backward(dy, _activation(a, kind), w_2)
    da = dh * (np.heaviside(a, 0) if kind == "relu" else _gelu_slope(a))
    return *linear_backward(da, x, w_1), dw_2, db_2


def check_activation(kind: Any) -> None:
    """Raise `ValueError` for anything but "relu" and "gelu"."""
    if kind not in ("relu", "gelu"):
        raise ValueError(f"activation must be 'relu' or 'gelu', not {kind!r}")


def _activation(a: Array, kind: str) -> Array:
    return np.maximum(a, 0) if kind == "relu" else a * _normal_cdf(a)


def _normal_cdf(a: Array) -> Array:
    cdf: Array = (0.5 * _erfc(a * -math.sqrt(0.5))).astype(a.dtype)
    return cdf


def _gelu_slope(a: Array) -> Array:
    density = np.exp(-0.5 * a * a) / math.sqrt(2 * math.pi)
    slope: Array = _normal_cdf(a) + a * density
    return slope
