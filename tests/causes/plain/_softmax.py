"""Softmax, with the maximum subtracted; a row of -inf throughout gives zeros."""

from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, bind, integer


def shifted_softmax(scores: Array, axis: int) -> Array:
    """exp(s - max s) / sum exp(s - max s), and zeros where every score is -inf (or none is)."""
    top = scores.max(axis, keepdims=True, initial=-np.inf)
    weights = np.exp(scores - np.where(top == -np.inf, 0, top))
    total = weights.sum(axis, keepdims=True)
    p: Array = weights / np.where(total == 0, 1, total)
    return p


def softmax_backward(dp: Array, p: Array, axis: int) -> Array:
    """The scores' cotangent, p (dp - sum p dp)."""
    ds: Array = p * (dp - (p * dp).sum(axis, keepdims=True))
    return ds


@np.errstate(all="ignore")
def softmax(x: Array, axis: Any = -1) -> Array:
    """Softmax of x, any shape of rank 1 or more, along `axis`. Bridle (1990).

    Entries may be -inf. Raises `TypeError` for a wrong dtype or an axis that is not an integer,
    `ValueError` (as `numpy.exceptions.AxisError`) for an axis that x does not have.
    """
    x, axis = _checked(x, axis)
    return shifted_softmax(x, axis)


@np.errstate(all="ignore")
def softmax_vjp(dp: Array, x: Array, axis: Any = -1) -> Array:
    """Gradient of `softmax`: dp and dx have the shape of x."""
    x, axis = _checked(x, axis)
    bind(x=(x, _letters(x)), dp=(dp, _letters(x)))
    p = shifted_softmax(x, axis)
    return softmax_backward(np.where(x == -np.inf, 0, dp), p, axis)  # -inf is no dependence


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
