"""Layer normalisation over the last axis, in two passes."""

from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous, real


@np.errstate(all="ignore")
def layer_norm(x: Array, weight: Array, bias: Array, eps: Any = 1e-5) -> Array:
    """weight (x - mean) / sqrt(variance + eps) + bias over the last axis of x, of rank 1 or more.

    weight and bias have the length of that axis. Ba, Kiros and Hinton (2016). Raises `TypeError`
    for a wrong dtype, `ValueError` for a wrong shape or an eps below 0.
    """
    x, weight, bias = _checked(x, weight, bias)
    normalised, _ = standardized(x, _not_negative(eps))
    y: Array = normalised * weight + bias
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
    normalised, scale = standardized(x, _not_negative(eps))
    through = dy * weight
    level, slope = mean(through), mean(through * normalised)
    dx: Array = (through - level - normalised * slope) * scale
    return dx, _over_positions(dy * normalised), _over_positions(dy)


def standardized(x: Array, eps: float) -> tuple[Array, Array]:
    """(x - mean) / sqrt(variance + eps), and the factor 1 / sqrt(variance + eps)."""
    centred = x - mean(x)
    scale = 1 / np.sqrt(mean(centred * centred) + eps)
    return centred * scale, scale


def mean(x: Array) -> Array:
    """The mean along the last axis, which is kept; 0 of nothing."""
    average: Array = x.sum(axis=-1, keepdims=True) / max(x.shape[-1], 1)
    return average


def _over_positions(x: Array) -> Array:
    total: Array = x.sum(axis=tuple(range(x.ndim - 1)))
    return np.array(total)


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
