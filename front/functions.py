"""Functions for specifications beside NumPy's, each with a bound of its own.

They take an axis, and are sharper than the same written out: a softmax, for one, is as accurate as
any way to compute it allows.
"""

from typing import Any

import numpy as np

from seqlaws.reference import algebra

Array = Any


def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x_j) / sum_k exp(x_k) along an axis; entries may be -inf, a row of them gives zeros."""
    return np.moveaxis(algebra.softmax_rows(np.moveaxis(x, axis, -1)), -1, axis)


def logsumexp(x: Array, axis: int = -1, keepdims: bool = False) -> Array:
    """log sum_k exp(x_k) along an axis."""
    y = np.moveaxis(algebra.log_sum_exp(np.moveaxis(x, axis, -1)), -1, axis)
    return y if keepdims else np.squeeze(y, axis)


def log_softmax(x: Array, axis: int = -1) -> Array:
    """x_j - log sum_k exp(x_k) along an axis."""
    return x - logsumexp(x, axis, keepdims=True)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    return algebra.sigmoid(x)


def silu(x: Array) -> Array:
    """x sigmoid(x)."""
    return x * algebra.sigmoid(x)


def gelu(x: Array) -> Array:
    """x Phi(x) with the distribution function of a normal variable: the exact one."""
    return x * algebra.normal_cdf(x)


def erf(x: Array) -> Array:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return algebra.erf(x)


def relu(x: Array) -> Array:
    """max(x, 0)."""
    return np.maximum(x, 0)


def rsqrt(x: Array) -> Array:
    """1 / sqrt(x)."""
    return 1 / np.sqrt(x)


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without an overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def scatter_add(terms: Array, places: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, each term added at its place: np.add.at, as a value."""
    return algebra.added_at(terms, places, shape)


def one_hot(index: Array, n: int) -> Array:
    """1 at the index, 0 elsewhere, along a new last axis of n entries."""
    return np.where(np.expand_dims(index, -1) == np.arange(n), 1.0, 0.0)
