"""NumPy's arrays to MLX's and back, and gradients by `mx.vjp`."""

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.core import array as Array  # noqa: N812 (a class)

WIDE = ("float32",)
ALL = ("float32", "float16")


def over_numpy(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of MLX's arrays as one of NumPy's."""

    @wraps(function)
    def call(*given: Any, **options: Any) -> Any:
        named = {name: _to_mlx(option) for name, option in options.items()}
        return _to_numpy(function(*map(_to_mlx, given), **named))

    return call


def pulled(function: Callable[..., Any], outputs: int = 1) -> Callable[..., Any]:
    """The gradients of a function of MLX's arrays, as a function of NumPy's.

    It takes the cotangents of the outputs, and then what the function takes. Floating arrays among
    the arguments without a default have a gradient, and dicts of arrays a dict of gradients.
    """
    parameters = inspect.signature(function).parameters.values()
    defaults = {p.name for p in parameters if p.default is not p.empty}

    def call(*given: Any, **options: Any) -> tuple[Any, ...]:
        cotangents = [_to_mlx(cotangent) for cotangent in given[:outputs]]
        bound = inspect.signature(function).bind(*given[outputs:], **options).arguments
        arguments = {name: _to_mlx(value) for name, value in bound.items()}
        free = {n: a for n, a in arguments.items() if n not in defaults and _is_floating(a)}
        leaves = [leaf for value in free.values() for leaf in _leaves(value)]

        def of_leaves(*arrays: Any) -> list[Any]:
            rest = iter(arrays)
            made = function(**arguments | {n: _filled(a, rest) for n, a in free.items()})
            made = made if isinstance(made, tuple) else (made,)
            for output, cotangent in zip(made, cotangents, strict=True):
                if (output.shape, output.dtype) != (cotangent.shape, cotangent.dtype):
                    raise ValueError("a cotangent has the shape and the dtype of its output")
            return list(made)

        _, gradients = mx.vjp(of_leaves, leaves, cotangents)
        rest = iter(gradients)
        return tuple(_to_numpy(_filled(value, rest)) for value in free.values())

    return call


def _to_mlx(value: Any) -> Any:
    """MLX's array for NumPy's, of the same dtype (which is not the default for float64).

    It is made of a contiguous copy: MLX copies all that lies between the elements of a view, and
    refuses one that is reversed.
    """
    if isinstance(value, dict):
        return {name: _to_mlx(array) for name, array in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    dtype = getattr(mx, "bool_" if value.dtype == bool else str(value.dtype))
    return mx.array(np.array(value, order="C"), dtype=dtype)


def _to_numpy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _to_numpy(array) for name, array in value.items()}
    if isinstance(value, tuple):
        return tuple(_to_numpy(array) for array in value)
    return np.array(value)


def _is_floating(value: Any) -> bool:
    if isinstance(value, dict):
        return True
    return isinstance(value, mx.array) and mx.issubdtype(value.dtype, mx.floating)


def _leaves(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else [value]


def _filled(value: Any, leaves: Iterator[Any]) -> Any:
    """The same with the next of `leaves` in the place of each array."""
    if isinstance(value, dict):
        return {name: next(leaves) for name in value}
    return next(leaves)


__all__ = ["ALL", "WIDE", "Array", "over_numpy", "pulled"]
