"""Shapes by the contract's letters, and the error for a wrong one."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def bind(operation: str, **described: tuple[Any, str]) -> dict[str, int]:
    """The size that each letter stands for.

    described: for each argument its array and its letters, such as `weight_ih=(w, "4H I")`.
    Raises ValueError where a rank or a size does not fit, TypeError for what is not an array.
    """
    sizes: dict[str, int] = {}
    for name, (array, letters) in described.items():
        if not hasattr(array, "shape"):
            raise TypeError(f"{operation}: {name} is a {type(array).__name__}, not an array")
        axes = letters.split()
        if len(array.shape) != len(axes):
            raise ValueError(
                f"{operation}: {name} has shape {array.shape}; "
                f"({', '.join(axes)}) has {len(axes)} axes"
            )
        for axis, size in zip(axes, array.shape, strict=True):
            factor, letter = (int(axis[0]), axis[1:]) if axis[0].isdigit() else (1, axis)
            if factor * sizes.setdefault(letter, size // factor) != size:
                known = ", ".join(f"{k} = {v}" for k, v in sizes.items())
                raise ValueError(
                    f"{operation}: {name} has shape {array.shape}, which does not fit "
                    f"({', '.join(axes)}) with {known}"
                )
    return sizes


def broadcasts(operation: str, name: str, array: Any, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the array's shape broadcasts to the given one."""
    try:
        fits = np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{operation}: {name} has shape {array.shape}, which does not broadcast to {shape}"
        )


def parameters(operation: str, params: Any, axes: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """What `bind` takes of a dict of parameters, whose names and letters are those of `axes`.

    Raises TypeError for what is not a dict, ValueError where a name is missing or not known.
    """
    if not isinstance(params, Mapping):
        raise TypeError(f"{operation}: params is a {type(params).__name__}, not a dict")
    if missing := sorted(axes.keys() - params.keys()):
        raise ValueError(f"{operation}: params lacks {', '.join(missing)}")
    if unknown := sorted(map(str, params.keys() - axes.keys())):
        raise ValueError(f"{operation}: params has the unknown {', '.join(unknown)}")
    return {f"params.{name}": (params[name], letters) for name, letters in axes.items()}
