"""Steps of recurrent networks: which steps exist, and in which order they are read."""

from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, either, transpose


def existing_steps(operation: str, lengths: Any, batch: int, time: int) -> Array:
    """Which steps exist: bool (B, T, 1); all of them without `lengths`.

    lengths: int (B,), each from 0 to T. Steps at and beyond a row's length do not exist: y is
    zero there, and the final state is the one after the last step (for length 0 the initial one).
    Raises ValueError or TypeError for other lengths.
    """
    if lengths is None:
        return np.ones((batch, time, 1), bool)
    lengths = np.asarray(lengths)
    if not np.issubdtype(lengths.dtype, np.integer):
        raise TypeError(f"{operation}: lengths are {lengths.dtype}; whole numbers are expected")
    if lengths.shape != (batch,) or np.any(lengths < 0) or np.any(lengths > time):
        raise ValueError(
            f"{operation}: lengths {lengths.tolist()} are not {batch} numbers from 0 to {time}"
        )
    return (np.arange(time) < lengths[:, None])[..., None]


def reading_order(time: int, reverse: bool) -> range:
    """Steps in the order in which they are read.

    reverse: a row's existing steps are read last to first; y stays in the order of x, and the
    final state is the one after x[:, 0].
    """
    return range(time - 1, -1, -1) if reverse else range(time)


def states_before(y: Array, h0: Array, exists: Array, reverse: bool) -> Array:
    """The state that each step starts from, given the state y that each step ends with: (B, T, H).

    The first step that a row reads starts from h0; what a step that does not exist starts from is
    of no consequence.
    """
    batch, time, _ = y.shape
    if time == 0:
        return y
    first = h0[:, None, :]
    if not reverse:
        return np.concatenate([first, y[:, :-1]], axis=1)
    later = np.concatenate([y[:, 1:], first], axis=1)
    follows = np.concatenate([exists[:, 1:], np.zeros((batch, 1, 1), bool)], axis=1)
    return np.where(follows, later, first)


def along_time(steps: list[Array], batch: int, features: int) -> Array:
    """Stack a list over t of (B, F) to (B, T, F), T = 0 included."""
    return np.stack(steps, axis=1) if steps else np.zeros((batch, 0, features))


def preactivation(
    x: Array, h: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array
) -> Array:
    """a = W_ih x + b_ih + W_hh h + b_hh; the two biases may be added beforehand and stored."""
    products = x @ transpose(weight_ih) + h @ transpose(weight_hh)
    return either(products + bias_ih + bias_hh, products + +(bias_ih + bias_hh))


def weight_gradient(da: Array, x: Array) -> Array:
    """dW = sum over rows and steps of da x^T: da (B, T, G), x (B, T, F) to (G, F)."""
    rows = da.shape[0] * da.shape[1]
    flat = np.reshape(da, (rows, da.shape[2])), np.reshape(x, (rows, x.shape[2]))
    return +(transpose(flat[0]) @ flat[1])


def bias_gradient(da: Array) -> Array:
    """db = sum over rows and steps of da: (B, T, G) to (G,)."""
    return +np.sum(da, axis=(0, 1))
