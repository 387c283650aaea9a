"""What an edit of an own operation may say: blocks, rows, gradients; on all number systems."""

import numpy as np

from seqlaws.properties.misreadings.kernels import ratio_of_weights, running_maximum
from seqlaws.properties.misreadings.vocabulary import limits, unclaimed, valued
from seqlaws.reference.algebra import Array, log_sum_exp
from seqlaws.reference.numbers.reverse import Traced, primal

__all__ = [
    "first_for_all", "in_gradient", "in_turn", "log_of_weights", "log_sum_exp_not_rescaled",
    "masked_behind_blocks", "naive_log_sum_exp", "of_one_row", "of_the_mean_row", "padded_share",
    "softmax_rows_not_rescaled", "whole_blocks", "with_bits",
]  # fmt: skip

WHOLE = 1 << 60  # a block that holds everything


def whole_blocks(x: Array, size: int) -> Array:
    """x without what is behind its last whole block; all of it if it has none."""
    n = x.shape[-1]
    return x[..., : n // size * size] if n >= size else x


def masked_behind_blocks(x: Array, size: int) -> Array:
    """x, -inf behind its last whole block along the last axis; all of it if it has none."""
    n = x.shape[-1]
    return np.where(np.arange(n) < n // size * size, x, -np.inf) if n >= size else x


def with_bits(x: Array, bits: int) -> Array:
    """Whole numbers that wrap around in so many bits; others as they are."""
    if getattr(x, "dtype", np.dtype(float)).kind not in "iu":
        return x
    return (x + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)


def padded_share(x: Array, size: int) -> float:
    """The share that the last axis has of its size rounded up to a multiple."""
    n = max(x.shape[-1], 1)
    return n / (-(-n // size) * size)


def log_sum_exp_not_rescaled(x: Array, size: int) -> Array:
    """The logarithm of a running sum that keeps the maximum of each block."""
    total = np.sum(np.exp(x - running_maximum(x, size)), axis=-1, keepdims=True)
    return np.log(total) + running_maximum(x, WHOLE)[..., :1]


def softmax_rows_not_rescaled(x: Array, size: int) -> Array:
    """Weights over a running sum that keeps the maximum of each block."""
    total = np.sum(np.exp(x - running_maximum(x, size)), axis=-1, keepdims=True)
    return ratio_of_weights(np.exp(x - running_maximum(x, WHOLE)), total)


def naive_log_sum_exp(x: Array) -> Array:
    """The logarithm of the sum of exponentials, infinite where they overflow or all are 0."""
    over, under = limits(primal(x))
    y = log_sum_exp(x)
    value = valued(primal(y))
    found = np.where(value > over, np.inf, np.where(value < under, -np.inf, y))
    return unclaimed(found, (np.abs(value - over) < 0.1) | (np.abs(value - under) < 16))


def log_of_weights(x: Array) -> Array:
    """The logarithm of softmax, -inf where a weight is 0."""
    _, under = limits(primal(x))
    y = x - log_sum_exp(x)
    value = valued(primal(y))
    return unclaimed(np.where(value < under, -np.inf, y), np.abs(value - under) < 16)


def in_turn(x: Array, count: int) -> list[Array]:
    """Parts of the last axis that are dealt out in turn, not cut."""
    return [x[..., k::count] for k in range(count)]


def first_for_all(x: Array, axis: int) -> Array:
    """The first entry along an axis in the place of every one."""
    first = x[(..., slice(0, 1), *(slice(None),) * (-axis - 1))]
    return np.repeat(first, x.shape[axis], axis=axis)


def in_gradient(x: Array, other: Array) -> Array:
    """x, with the gradient of something else."""
    if not isinstance(x, Traced) and not isinstance(other, Traced):
        return x
    return Traced(primal(x), [(other, lambda g: g)] if isinstance(other, Traced) else [])


def of_one_row(x: Array, rows: Array, last: bool) -> Array:
    """x, repeated for rows of which only the first or the last hands its gradient on."""
    if not isinstance(x, Traced):
        return x
    shape = rows.shape
    here = np.zeros(shape[: len(shape) - len(x.shape)], bool)
    here.reshape(-1)[-1 if last else 0 : None if last else 1] = True
    here = here.reshape(here.shape + (1,) * len(x.shape))
    wide = x.value + np.zeros(shape)
    return Traced(wide, [(x, lambda g: np.where(here, g, 0))])


def of_the_mean_row(x: Array, rows: Array) -> Array:
    """x with its gradient divided by how many rows share it."""
    many = max(int(np.prod(rows.shape[: len(rows.shape) - len(x.shape)])), 1)
    return Traced(x.value, [(x, lambda g: g * (1 / many))]) if isinstance(x, Traced) else x
