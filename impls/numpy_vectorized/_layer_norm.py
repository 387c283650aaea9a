"""Layer normalisation over the last axis, in two passes."""

from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._blocks import row_blocks
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous, real


@np.errstate(all="ignore")
def layer_norm(x: Array, weight: Array, bias: Array, eps: Any = 1e-5) -> Array:
    """weight (x - mean) / sqrt(variance + eps) + bias over the last axis of x, of rank 1 or more.

    weight and bias have the length of that axis. Ba, Kiros and Hinton (2016). Raises `TypeError`
    for a wrong dtype, `ValueError` for a wrong shape or an eps below 0.
    """
    x, weight, bias = _checked(x, weight, bias)
    eps, y = _not_negative(eps), np.empty_like(x)
    for rows, out in row_blocks(x, y):
        normalised, _ = standardized(rows, eps, out)
        normalised *= weight
        normalised += bias
    return y


@np.errstate(all="ignore")
def layer_norm_vjp(
    dy: Array, x: Array, weight: Array, bias: Array, eps: Any = 1e-5
) -> tuple[Array, Array, Array]:
    """Gradients of `layer_norm` with respect to x, weight and bias; dy has the shape of x."""
    x, weight, bias = _checked(x, weight, bias)
    letters = _letters(x)
    bind(x=(x, letters), dy=(dy, letters))
    (dy,) = contiguous(dy)
    eps, dx = _not_negative(eps), np.empty_like(x)
    dweight, dbias = np.zeros_like(weight), np.zeros_like(bias)
    for drows, rows, out in row_blocks(dy, x, dx):
        normalised, scale = standardized(rows, eps)
        dweight += (drows * normalised).sum(axis=0)
        dbias += drows.sum(axis=0)
        through = np.multiply(drows, weight, out=out)
        level, slope = mean(through), mean_product(through, normalised)
        normalised *= slope
        through -= level
        through -= normalised
        through *= scale
    return dx, dweight, dbias


def standardized(x: Array, eps: float, out: Array | None = None) -> tuple[Array, Array]:
    """(x - mean) / sqrt(variance + eps), and the factor 1 / sqrt(variance + eps)."""
    centred = np.subtract(x, mean(x), out=out)
    scale = 1 / np.sqrt(mean_product(centred, centred) + eps)
    centred *= scale
    return centred, scale


def mean(x: Array) -> Array:
    """The mean along the last axis, which is kept; 0 of nothing."""
    average: Array = x.sum(axis=-1, keepdims=True) / max(x.shape[-1], 1)
    return average


def mean_product(x: Array, y: Array) -> Array:
    """The mean of x y along the last axis."""
    average: Array = np.vecdot(x, y)[..., None] / max(x.shape[-1], 1)
    return average


def _checked(x: Array, weight: Array, bias: Array) -> tuple[Array, ...]:
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x must be a NumPy array, not {type(x).__name__}")
    if not x.ndim:
        raise ValueError("x has no axis to normalise")
    last = _letters(x).split()[-1]
    bind(x=(x, _letters(x)), weight=(weight, last), bias=(bias, last))
    return contiguous(x, weight, bias)


def _letters(x: Array) -> str:
    """A shape for `bind` with one letter for each axis of x."""
    return " ".join("d" * (axis + 1) for axis in range(x.ndim))


def _not_negative(eps: Any) -> float:
    eps = real("eps", eps)
    if not eps >= 0:
        raise ValueError(f"eps must not be negative, and it is {eps}")
    return eps
