"""Affine maps of the features at every position, and the gradients of their weights and biases."""

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """Map x (B, T, F) by weight (G, F) and bias (G,) to (B, T, G)."""
    y: Array = x @ weight.T + bias
    return y


def linear_backward(dy: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Gradients of x, weight and bias from dy (B, T, G)."""
    rows = dy.reshape(-1, dy.shape[-1])
    return dy @ weight, rows.T @ x.reshape(-1, x.shape[-1]), rows.sum(0)


def where_read(x: Array, read: Array) -> Array:
    """Give x (B, T, F) with zeros at positions that nothing reads; read is (B, T)."""
    return x if read.all() else np.where(read[..., None], x, 0)
