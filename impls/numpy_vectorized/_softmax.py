"""Softmax, with the maximum subtracted; a row of -inf throughout gives zeros."""

from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._blocks import row_blocks
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous, integer


def exponentials(scores: Array, axis: int, out: Array | None = None) -> tuple[Array, Array]:
    """exp(s - max s), and its sum; zeros and 1 where every score is -inf, or there is none."""
    top = scores.max(axis, keepdims=True, initial=-np.inf)
    top[top == -np.inf] = 0
    weights = np.subtract(scores, top, out=out)
    np.exp(weights, out=weights)
    total = weights.sum(axis, keepdims=True)
    total[total == 0] = 1
    return weights, total


def shifted_softmax(scores: Array, axis: int, out: Array | None = None) -> Array:
    """exp(s - max s) / sum exp(s - max s), and zeros where every score is -inf; out may be s."""
    weights, total = exponentials(scores, axis, out)
    weights /= total
    return weights


def softmax_backward(dp: Array, p: Array, axis: int) -> Array:
    """The scores' cotangent, p (dp - sum p dp)."""
    ds: Array = dp - (p * dp).sum(axis, keepdims=True)
    ds *= p
    return ds


@np.errstate(all="ignore")
def softmax(x: Array, axis: Any = -1) -> Array:
    """Softmax of x, any shape of rank 1 or more, along `axis`. Bridle (1990).

    Entries may be -inf. Raises `TypeError` for a wrong dtype or an axis that is not an integer,
    `ValueError` (as `numpy.exceptions.AxisError`) for an axis that x does not have.
    """
    x, axis = _checked(x, axis)
    if axis not in (-1, x.ndim - 1):
        return shifted_softmax(x, axis)
    p = np.empty_like(x)
    for rows, out in row_blocks(x, p):
        shifted_softmax(rows, -1, out)
    return p


@np.errstate(all="ignore")
def softmax_vjp(dp: Array, x: Array, axis: Any = -1) -> Array:
    """Gradient of `softmax`: dp and dx have the shape of x."""
    x, axis = _checked(x, axis)
    bind(x=(x, _letters(x)), dp=(dp, _letters(x)))
    if axis not in (-1, x.ndim - 1):
        return _pulled(dp, x, axis)
    dx = np.empty_like(x)
    for drows, rows, out in row_blocks(*contiguous(dp), x, dx):
        out[...] = _pulled(drows, rows, -1)
    return dx


def _pulled(dp: Array, x: Array, axis: int) -> Array:
    dp = np.where(x == -np.inf, 0, dp)  # -inf is no dependence
    return softmax_backward(dp, shifted_softmax(x, axis), axis)


def _checked(x: Array, axis: Any) -> tuple[Array, int]:
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x must be a NumPy array, not {type(x).__name__}")
    bind(x=(x, _letters(x)))
    axis = integer("axis", axis)
    if not -x.ndim <= axis < x.ndim:
        raise np.exceptions.AxisError(axis, x.ndim)
    return np.asarray(x, order="C"), axis


def _letters(x: Array) -> str:
    """A shape for `bind` with one letter for each axis of x."""
    return " ".join("d" * (axis + 1) for axis in range(x.ndim))
