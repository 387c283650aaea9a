"""The backend of Keras in this process, its arrays, and layers that are run with given weights."""

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")  # it is chosen at import, once in a process

import keras

BACKEND: str = keras.config.backend()
Array = Any  # of the backend
KIND: type
if BACKEND == "torch":
    import torch

    KIND = torch.Tensor
elif BACKEND == "jax":
    import jax

    KIND = jax.Array
else:
    raise ImportError(f"the backend of Keras is {BACKEND}, not torch or jax")

ALL = ("float32", "bfloat16", "float16")
WIDE = ("float32",)


def dtype_of(x: Any) -> str:
    """The name of an array's dtype."""
    return str(x.dtype).removeprefix("torch.")


def called(
    layer: Any, shapes: tuple[Any, ...], weights: list[Any], *given: Any, **named: Any
) -> Any:
    """Build a layer for inputs of these shapes, and call it with these weights."""
    layer.build(*shapes)
    others = [variable.value for variable in layer.non_trainable_variables]
    outputs, _ = layer.stateless_call(weights, others, *given, **named)
    return outputs


def compiled(function: Callable[..., Any], *static: str) -> Callable[..., Any]:
    """The function, compiled for each shape and value of these options if the backend is JAX."""
    if BACKEND == "torch":
        return function
    return jax.jit(function, static_argnames=static)


__all__ = ["ALL", "BACKEND", "KIND", "WIDE", "Array", "called", "compiled", "dtype_of", "keras"]
