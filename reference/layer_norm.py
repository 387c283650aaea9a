"""layer_norm: features of each position, shifted to mean 0 and scaled to variance 1.

Activations may drift, from position to position and during training. layer_norm removes the mean
and the variance of the features, and replaces them by learned ones (weight and bias). It uses one
position only, neither the sequence nor the batch, so it works in the same way in training and
inference, and at any length.

The moments are computed in two passes, first the mean, then the mean square of the differences; or
with a running mean that is corrected at each feature (Welford). In one pass, E[x^2] - E[x]^2
cancels if the mean is large, and so does x / sigma - mean / sigma. That form is less accurate, and
an implementation has to declare it.

Sources: Ba, Kiros and Hinton (2016), "Layer normalization"; running moments: Welford (1962), "Note
on a method for calculating corrected sums of squares and products"; what each form loses: Chan,
Golub and LeVeque (1983), "Algorithms for computing the sample variance: analysis and
recommendations".
"""

import math

import numpy as np

from seqlaws.reference.algebra import Array, either, mean, standardized, uncentred


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
    """Layer norm of x (..., n), of any rank from 1; weight (n,), bias (n,). Same shape as x.

        mu      = sum_j x_j / n
        sigma^2 = sum_j (x_j - mu)^2 / n                divided by n, not n - 1
        y_j     = w_j (x_j - mu) / sqrt(sigma^2 + eps) + b_j

    eps: added to the variance, inside the root, so that constant features give the bias.
    Raises ValueError for shapes that do not fit or an eps below 0.
    """
    rows_of("layer_norm", x, weight, bias, eps)
    normalised, _ = standardized(x, eps)
    return +(+normalised * weight + bias)


def layer_norm_vjp(
    dy: Array, x: Array, weight: Array, bias: Array, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """Gradients of x, weight and bias from dy, which has the shape of x.

        h_j  = (x_j - mu) / sqrt(sigma^2 + eps)
        dh_j = dy_j w_j
        dx_j = (dh_j - sum_k dh_k / n - h_j sum_k dh_k h_k / n) / sqrt(sigma^2 + eps)
        dw_j = sum dy_j h_j                             over all positions
        db_j = sum dy_j

    The bracket may be multiplied by n, and the root divided by it. If the affine form is declared,
    dx may be a sum of products with x itself.
    """
    rows, n = rows_of("layer_norm", x, weight, bias, eps)
    if dy.shape != x.shape:
        raise ValueError(f"layer_norm_vjp: dy has shape {dy.shape}, x has shape {x.shape}")
    h, reciprocal_root = standardized(x, eps)
    h, dh = +h, +(dy * weight)
    products = dh * h
    dx = either(
        (dh - mean(dh) - h * mean(products)) * reciprocal_root,
        (dh * n - total(dh) - h * total(products)) * (reciprocal_root / max(n, 1)),
    )
    dx = uncentred(dx, dh, x, reciprocal_root)
    dw, db = (np.sum(np.reshape(z, (rows, n)), axis=0) for z in (dy * h, dy))
    return +dx, +dw, +db


def total(x: Array) -> Array:
    """sum_j x_j along the last axis, kept."""
    return np.sum(x, axis=-1, keepdims=True)


def rows_of(operation: str, x: Array, weight: Array, bias: Array, eps: float) -> tuple[int, int]:
    """How many positions there are, and how many features each has, once everything fits."""
    if not len(x.shape):
        raise ValueError(f"{operation}: x has no axis to take moments over")
    for name, array in (("weight", weight), ("bias", bias)):
        if array.shape != x.shape[-1:]:
            raise ValueError(
                f"{operation}: {name} has shape {array.shape}; x of shape {x.shape} needs "
                f"{x.shape[-1:]}"
            )
    if not eps >= 0:
        raise ValueError(f"{operation}: eps is {eps!r}; it may not be negative")
    return math.prod(x.shape[:-1]), x.shape[-1]
