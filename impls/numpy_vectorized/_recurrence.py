"""What the recurrences share.

Time is the first axis, in the order of reading, so that a step is contiguous. A row that has ended,
or that, read backwards, has not begun, keeps its state: reading backwards is reversing time,
whatever the lengths.
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
    reverse: bool,
    **cotangents: tuple[Array, str],
) -> Array | None:
    """Check arguments, `rows` being "4H" for four gates; return which steps exist.

    They are (T, B, 1), in the order of reading, or None if all steps exist.
    """
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
    exists = existing(lengths, size["B"], size["T"])
    return None if exists is None else time_first(exists, reverse)


def time_first(x: Array, reverse: bool) -> Array:
    """An array (B, T, ...) as (T, B, ...), steps in the order of reading."""
    x = x.swapaxes(0, 1)
    return np.ascontiguousarray(x[::-1] if reverse else x)


def batch_first(y: Array, reverse: bool) -> Array:
    """An array (T, B, ...) as (B, T, ...), steps in the order of x."""
    return np.ascontiguousarray((y[::-1] if reverse else y).swapaxes(0, 1))


def project(x: Array, weight: Array, bias: Array) -> Array:
    """W x + b at all steps at once, (T, B, G), from x (T, B, F)."""
    y = product(x, weight.T)
    y += bias
    return y


def product(x: Array, matrix: Array) -> Array:
    """(T, B, F) @ (F, G), all steps at once."""
    steps, batch, features = x.shape
    return (x.reshape(steps * batch, features) @ matrix).reshape(steps, batch, matrix.shape[1])


def turned(weight_hh: Array) -> Array:
    """The transpose in memory: a product of a few rows with it is twice as fast."""
    return np.ascontiguousarray(weight_hh.T)


def chosen(exists: Array | None, new: Array, old: Array | float) -> Array:
    """The new values where a step exists (None: everywhere), the old ones elsewhere."""
    return new if exists is None else np.where(exists, new, old)


def at(exists: Array | None, t: int) -> Array | None:
    """Which rows exist at step t, (B, 1)."""
    return None if exists is None else exists[t]


def sigmoid(x: Array, out: Array | None = None) -> Array:
    """1 / (1 + exp(-x)); out may be x. 0, in place of a subnormal number, where exp overflows."""
    y = np.exp(-x, out=out)
    y += 1
    return np.divide(1, y, out=y)


def weight_gradient(da: Array, x: Array) -> tuple[Array, Array]:
    """Gradients of weight and bias of a = W x + b, summed over the leading axes of da and x."""
    rows = math.prod(da.shape[:-1])  # -1 would be ambiguous beside a size of zero
    da, x = da.reshape(rows, da.shape[-1]), x.reshape(rows, x.shape[-1])
    return da.T @ x, da.sum(0)
