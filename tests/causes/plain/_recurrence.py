"""What the recurrences share.

A row that has ended, or that, read backwards, has not begun, keeps its state; so reading backwards
is counting the steps down, whatever the lengths.
"""

import math
from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, bind, existing


def check(
    rows: str,
    x: Array,
    states: dict[str, Array],
    parameters: tuple[Array, ...],
    lengths: Any,
    **cotangents: tuple[Array, str],
) -> Array:
    """Check arguments, `rows` being "4H" for four gates; return which steps exist, (B, T, 1)."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    size = bind(
        x=(x, "B T I"),
        **{name: (state, "B H") for name, state in states.items()},
        weight_ih=(weight_ih, f"{rows} I"),
        weight_hh=(weight_hh, f"{rows} H"),
        bias_ih=(bias_ih, rows),
        bias_hh=(bias_hh, rows),
        **cotangents,
    )
    return existing(lengths, size["B"], size["T"])


def order(steps: int, reverse: bool) -> range:
    """The order in which steps are read."""
    return range(steps - 1, -1, -1) if reverse else range(steps)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), from exp(-|x|): it neither overflows nor cancels."""
    small = np.exp(-np.abs(x))
    y: Array = np.where(x >= 0, 1, small) / (1 + small)
    return y


def weight_gradient(da: Array, x: Array) -> tuple[Array, Array]:
    """Gradients of weight and bias of a = W x + b, summed over the leading axes of da and x."""
    rows = math.prod(da.shape[:-1])  # -1 would be ambiguous beside a size of zero
    da, x = da.reshape(rows, da.shape[-1]), x.reshape(rows, x.shape[-1])
    return da.T @ x, da.sum(0)
