"""Reductions, by torch's names and parameters."""

from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, log_sum_exp

Dim = int | tuple[int, ...] | None


def sum_(x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return np.sum(x, axis=axes(dim), keepdims=keepdim)


def mean(x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return np.mean(x, axis=axes(dim), keepdims=keepdim)


def var(x: Array, dim: Dim = None, unbiased: bool = True, keepdim: bool = False) -> Array:
    centred = x - mean(x, dim, True)
    n = count(x, dim) - unbiased
    return sum_(centred * centred, dim, keepdim) / n


def amax(x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return np.max(x, axis=axes(dim), keepdims=keepdim)


def amin(x: Array, dim: Dim = None, keepdim: bool = False) -> Array:
    return np.min(x, axis=axes(dim), keepdims=keepdim)


def max_(x: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The largest; along a dimension the values, without their places."""
    return np.max(x) if dim is None else (np.max(x, axis=dim, keepdims=keepdim), None)


def min_(x: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    return np.min(x) if dim is None else (np.min(x, axis=dim, keepdims=keepdim), None)


def argmax(x: Array, dim: int | None = None) -> Array:
    return np.argmax(x, axis=dim)


def argmin(x: Array, dim: int | None = None) -> Array:
    return np.argmax(-x, axis=dim)


def cumsum(x: Array, dim: int) -> Array:
    return np.cumsum(x, axis=dim)


def prod(x: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    return np.prod(x, axis=dim, keepdims=keepdim)


def norm(x: Array, p: object = 2, dim: Dim = None, keepdim: bool = False) -> Array:
    if p == 1:
        return sum_(np.abs(x), dim, keepdim)
    if p in (2, "fro"):
        return np.sqrt(sum_(x * x, dim, keepdim))
    raise NotImplementedError(f"norm of order {p!r}")


def logsumexp(x: Array, dim: int, keepdim: bool = False) -> Array:
    y = np.moveaxis(log_sum_exp(np.moveaxis(x, dim, -1)), -1, dim)
    return y if keepdim else np.sum(y, axis=dim)


def axes(dim: Dim) -> Any:
    """Return an axis or several, as NumPy has them."""
    return tuple(dim) if isinstance(dim, (list, tuple)) else dim


def count(x: Array, dim: Dim) -> int:
    """Return how many numbers are reduced to one."""
    every = range(len(x.shape)) if dim is None else dim if isinstance(dim, (list, tuple)) else [dim]
    return int(np.prod([x.shape[d] for d in every]))
