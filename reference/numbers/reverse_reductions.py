"""What reverse mode knows of NumPy's reductions and running sums."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference import algebra
from seqlaws.reference.numbers.reductions import axes_of
from seqlaws.reference.numbers.reverse import Array, fresh


def kept(x: Any, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with some axes at size 1."""
    return tuple(1 if a in axes else n for a, n in enumerate(np.shape(x)))


def spread(g: Array, x: Array, axes: tuple[int, ...]) -> Array:
    """A gradient of a reduction, repeated along the axes that were reduced."""
    return np.broadcast_to(np.reshape(g, kept(x, axes)), np.shape(x))


def total(x: Any, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:
    """np.sum."""
    axes = axes_of(x.value, axis)
    value = np.sum(x.value, axis=axes, keepdims=keepdims)
    return fresh(value, (x, lambda g: spread(g, x.value, axes)))


def mean(x: Any, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:
    """np.mean."""
    axes = axes_of(x.value, axis)
    n = math.prod(x.shape[a] for a in axes)
    value = np.mean(x.value, axis=axes, keepdims=keepdims)
    return fresh(value, (x, lambda g: spread(g * (1.0 / max(n, 1)), x.value, axes)))


def variance(
    x: Any,
    axis: Any = None,
    keepdims: bool = False,
    ddof: float = 0,
    correction: Any = None,
    **_: Any,
) -> Any:
    """np.var: 2 (x - mean) / (n - ddof)."""
    axes, less = axes_of(x.value, axis), ddof if correction is None else correction
    n = math.prod(x.shape[a] for a in axes)
    value = np.var(x.value, axis=axes, keepdims=keepdims, ddof=less)

    def pull(g: Array) -> Array:
        centred = x.value - np.mean(x.value, axis=axes, keepdims=True)
        return spread(g * (2.0 / (n - less)), x.value, axes) * centred

    return fresh(value, (x, pull))


def deviation(x: Any, **how: Any) -> Any:
    """np.std."""
    return np.sqrt(np.var(x, **how))


def extreme(function: Any, sign: float) -> Callable[..., Any]:
    """np.max and np.min: the gradient goes to the largest, shared among several."""

    def rule(x: Any, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
        axes = axes_of(x.value, axis)
        value = function(x.value, axis=axes, keepdims=keepdims, **more)

        def pull(g: Array) -> Array:
            order = [a for a in range(len(x.shape)) if a not in axes] + list(axes)
            moved = np.transpose(x.value if sign > 0 else -x.value, order)
            front = len(order) - len(axes)
            flat = np.reshape(moved, (*moved.shape[:front], math.prod(moved.shape[front:])))
            at = np.reshape(algebra.largest(flat), moved.shape)
            back = [order.index(a) for a in range(len(order))]
            return spread(g, x.value, axes) * np.transpose(at, back)

        return fresh(value, (x, pull))

    return rule


def product(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """np.prod: the slope is the product of the others."""
    axes = axes_of(x.value, axis)
    value = np.prod(x.value, axis=axes, keepdims=keepdims)

    def pull(g: Array) -> Array:
        order = [a for a in range(len(x.shape)) if a not in axes] + list(axes)
        moved = np.transpose(x.value, order)
        front = len(order) - len(axes)
        n = math.prod(moved.shape[front:])
        flat = np.reshape(moved, (*moved.shape[:front], n))
        others = np.prod(np.where(np.eye(n, dtype=bool), 1.0, flat[..., None, :]), axis=-1)
        back = [order.index(a) for a in range(len(order))]
        return spread(g, x.value, axes) * np.transpose(np.reshape(others, moved.shape), back)

    return fresh(value, (x, pull))


def running_sum(x: Any, axis: Any = None) -> Any:
    """np.cumsum: each gradient is the sum of those from there on."""
    if axis is None:
        return running_sum(np.ravel(x), 0)

    def pull(g: Array) -> Array:
        return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)

    return fresh(np.cumsum(x.value, axis=axis), (x, pull))


def running_product(x: Any, axis: Any = None) -> Any:
    """np.cumprod, one factor after the other."""
    if axis is None:
        return running_product(np.ravel(x), 0)
    moved = np.moveaxis(x, axis, 0)
    parts = [moved[0]]
    for k in range(1, moved.shape[0]):
        parts.append(parts[-1] * moved[k])
    return np.moveaxis(np.stack(parts, axis=0), 0, axis)
