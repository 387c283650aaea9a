"""softmax: scores to weights that are positive and sum to one.

An exponential makes the scores positive, and a division makes them sum to one. Only differences
matter: exp(x_i - x_j) = p_i / p_j, so a score that is larger by 1 has e = 2.718 times the weight.
The maximum is subtracted first. It only changes the range: without it a score of 89 overflows in
float32, with it no exponential exceeds 1.

Sources: Bridle (1990), "Probabilistic interpretation of feedforward classification network
outputs"; the maximum: Goodfellow, Bengio and Courville (2016), "Deep Learning", section 4.1; the
online form: Milakov and Gimelshein (2018), "Online normalizer calculation for softmax".
"""

import numpy as np

from seqlaws.reference.algebra import Array, either, softmax_rows

FULLY_MASKED = ("zeros", "nan", "mean")


def softmax(x: Array, axis: int = -1, *, fully_masked: str = "zeros") -> Array:
    """Softmax of x (any rank from 1) along `axis`; entries may be -inf, their weight is 0.

        m   = max_k x_k
        p_j = exp(x_j - m) / sum_k exp(x_k - m)

    axis: the axis along which the weights sum to one.
    fully_masked: the weights of a row with only -inf: "zeros", "nan" or "mean" (1/n).
    Raises ValueError or TypeError for an axis that x does not have.
    """
    x = np.moveaxis(x, axis_of(x, axis), -1)
    p = weights(x, fully_masked)
    return +np.moveaxis(p, -1, axis)


def softmax_vjp(dp: Array, x: Array, axis: int = -1, *, fully_masked: str = "zeros") -> Array:
    """Gradient of x from dp, which has the shape of x; 0 in a fully masked row.

        dx_j = p_j (dp_j - sum_k p_k dp_k)

    With fully_masked="nan" the gradient of such a row is NaN, and there is no bound.
    """
    if dp.shape != x.shape:
        raise ValueError(f"softmax_vjp: dp has shape {dp.shape}, x has shape {x.shape}")
    x, dp = (np.moveaxis(z, axis_of(x, axis), -1) for z in (x, dp))
    p = +weights(x, fully_masked)
    inner = np.sum(dp * p, axis=-1, keepdims=True)
    dx = either(p * (dp - inner), p * dp - p * inner)
    if fully_masked != "nan":
        dx = np.where(fully_masked_rows(x), 0, dx)
    return +np.moveaxis(dx, -1, axis)


def weights(x: Array, fully_masked: str) -> Array:
    """Softmax along the last axis; rows with only -inf as declared."""
    if fully_masked not in FULLY_MASKED:
        raise ValueError(f"fully_masked is {fully_masked!r}; known: {', '.join(FULLY_MASKED)}")
    p = softmax_rows(x)
    if fully_masked == "zeros":
        return p
    instead = np.nan if fully_masked == "nan" else 1 / max(x.shape[-1], 1)
    return np.where(fully_masked_rows(x), instead, p)


def fully_masked_rows(x: Array) -> Array:
    """Rows with only -inf: bool, with the last axis kept at size 1."""
    return np.all(np.isneginf(np.real(x)), axis=-1, keepdims=True)


def axis_of(x: Array, axis: int) -> int:
    """The axis, checked."""
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"softmax: axis is {axis!r}; one whole number is modelled")
    if not -len(x.shape) <= axis < len(x.shape):
        raise ValueError(f"softmax: axis {axis} is not an axis of shape {x.shape}")
    return int(axis)
