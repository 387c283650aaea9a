"""Arguments are checked before anything is computed: nothing is broadcast, cast or guessed."""

import operator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def bind(**arrays: tuple[Array, str]) -> dict[str, int]:
    """Match arrays with shapes such as "B T I" or "4H I", and return the size of each letter.

    Raises `TypeError` for anything but arrays of one dtype, float32 or float64, and `ValueError`
    where a shape disagrees with its own letters or with an array before it.
    """
    sizes: dict[str, int] = {}
    dtype = None
    for name, (array, shape) in arrays.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name} must be a NumPy array, not {type(array).__name__}")
        if array.dtype not in (np.float32, np.float64):
            raise TypeError(f"{name} must be float32 or float64, not {array.dtype}")
        dtype = array.dtype if dtype is None else dtype
        if array.dtype != dtype:
            raise TypeError(f"{name} is {array.dtype}, the arrays before it are {dtype}")
        axes = shape.split()
        expected = []
        for axis, size in zip(axes, array.shape, strict=False):
            letter = axis.lstrip("0123456789")
            factor = int(axis.removesuffix(letter) or 1)
            expected.append(factor * sizes.setdefault(letter, size))
        if array.ndim != len(axes) or list(array.shape) != expected:
            known = ", ".join(f"{letter}={size}" for letter, size in sizes.items())
            raise ValueError(f"{name} must have shape ({shape}) with {known}; got {array.shape}")
    return sizes


def contiguous(*arrays: Array) -> tuple[Array, ...]:
    """C-ordered arrays (copied only where they are not): one memory layout, one order of sums."""
    return tuple(np.asarray(array, order="C") for array in arrays)


def existing(lengths: Any, batch: int, steps: int) -> Array | None:
    """Which steps exist: booleans (B, T, 1), or None if all do.

    Raises `TypeError` for lengths that are not integers, `ValueError` for a shape other than (B,)
    or a length outside 0..T.
    """
    if lengths is None:
        return None
    lengths = np.asarray(lengths)
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths must be integers, not {lengths.dtype}")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must have shape ({batch},); got {lengths.shape}")
    if ((lengths < 0) | (lengths > steps)).any():
        raise ValueError(f"lengths must lie in 0..{steps}; got {lengths.tolist()}")
    exists: Array = np.arange(steps) < lengths[:, None]  # (B, T)
    return exists[..., None]


def integer(name: str, value: Any) -> int:
    """An integer option; raises `TypeError` for anything else, floats included."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None


def real(name: str, value: Any) -> float:
    """A real option as a Python float: a NumPy scalar would widen float32 arrays."""
    if not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a real number, not {value!r}")
    return float(value)
