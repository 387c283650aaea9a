"""The feed-forward network of a transformer's layer: W_2 act(W_1 x + b_1) + b_2.

gelu(x) = x erfc(-x / sqrt 2) / 2, which loses nothing to 1 + erf below 0 (Hendrycks and Gimpel,
2016). NumPy has no erfc, and one of NumPy's operations that is as exact would be no faster: the
standard library's is mapped over the numbers.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array
from seqlaws.impls.numpy_vectorized._linear import Pull, linear, linear_backward


def feed_forward(x: Array, w_1: Array, b_1: Array, w_2: Array, b_2: Array, kind: str) -> Array:
    """Map x (B, T, E) by w_1 (F, E), the activation and w_2 (E, F) to (B, T, E)."""
    out, _ = feed_forward_pull(x, w_1, b_1, w_2, b_2, kind)
    return out


def feed_forward_pull(
    x: Array, w_1: Array, b_1: Array, w_2: Array, b_2: Array, kind: str
) -> tuple[Array, Pull]:
    """The same, and what gives the gradients of x, w_1, b_1, w_2 and b_2 from dy (B, T, E)."""
    a = linear(x, w_1, b_1)
    h, slope = _activation(a, kind)

    def pull(dy: Array) -> tuple[Array, ...]:
        dh, dw_2, db_2 = linear_backward(dy, h, w_2)
        dh *= slope()
        return *linear_backward(dh, x, w_1), dw_2, db_2

    return linear(h, w_2, b_2), pull


def check_activation(kind: Any) -> None:
    """Raise `ValueError` for anything but "relu" and "gelu"."""
    if kind not in ("relu", "gelu"):
        raise ValueError(f"activation must be 'relu' or 'gelu', not {kind!r}")


def _activation(a: Array, kind: str) -> tuple[Array, Callable[[], Array]]:
    """The activation of a, and what gives its slope there."""
    if kind == "relu":
        return np.maximum(a, 0), lambda: np.heaviside(a, 0)
    cdf = _normal_cdf(a)
    return a * cdf, lambda: cdf + a * np.exp(-0.5 * a * a) / math.sqrt(2 * math.pi)


def _normal_cdf(a: Array) -> Array:
    numbers = (a * -math.sqrt(0.5)).ravel()
    cdf = 0.5 * np.fromiter(map(math.erfc, numbers.data), np.float64, a.size)
    return cdf.reshape(a.shape).astype(a.dtype)
