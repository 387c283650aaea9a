"""Which query may attend to which key, and what is added to its scores, in NumPy."""

import math

import numpy as np

from generated.numpy_manners import wide


def causal(length, keys, query_offset):
    """bool (L, S): the keys j <= i + query_offset."""
    return np.arange(keys) <= np.arange(length)[:, None] + query_offset


def causal__lower_triangle(length, keys, query_offset):
    """By a triangle of ones."""
    return np.tri(length, keys, query_offset, dtype=bool)


def causal__not_above(length, keys, query_offset):
    """What is not above a diagonal."""
    return ~np.triu(np.ones((length, keys), bool), query_offset + 1)


def causal__row_by_row(length, keys, query_offset):
    """Each query by itself."""
    seen = np.zeros((length, keys), bool)
    for i in range(length):
        seen[i, : max(i + query_offset + 1, 0)] = True
    return seen


def banded(length, keys, query_offset, window):
    """bool (L, S): the keys inside the window."""
    left, right = window
    distance = np.arange(keys) - np.arange(length)[:, None] - query_offset
    seen = np.ones((length, keys), bool)
    if left is not None:
        seen &= distance >= -left
    if right is not None:
        seen &= distance <= right
    return seen


def banded__by_bounds(length, keys, query_offset, window):
    """By the first key and the last of each query."""
    left, right = window
    at = np.arange(length)[:, None] + query_offset
    first = at - left if left is not None else np.full_like(at, -(2**40))
    last = at + right if right is not None else np.full_like(at, 2**40)
    j = np.arange(keys)[None, :]
    return (first <= j) & (j <= last)


def pairs(shape, mask, is_causal, query_offset, window):
    """bool (B, N, L, S), and the floating mask or None."""
    seen = np.ones(shape, bool)
    if is_causal:
        seen &= causal(shape[2], shape[3], query_offset)
    if window is not None:
        seen &= banded(shape[2], shape[3], query_offset, window)
    if mask is None:
        return seen, None
    guard_mask(mask, shape)
    if mask.dtype == bool:
        return seen & mask, None
    return seen & (mask != -np.inf), np.broadcast_to(wide(mask), shape)


def pairs__mask_first(shape, mask, is_causal, query_offset, window):
    """The mask first, then the rules of position."""
    seen, bias = np.broadcast_to(np.True_, shape), None
    if mask is not None:
        guard_mask(mask, shape)
        boolean = mask.dtype == np.bool_
        seen = np.logical_and(seen, mask if boolean else ~np.isneginf(mask))
        bias = None if boolean else np.broadcast_to(wide(mask), shape)
    if window is not None:
        seen = np.logical_and(seen, banded(shape[2], shape[3], query_offset, window))
    if is_causal:
        seen = np.logical_and(seen, causal(shape[2], shape[3], query_offset))
    return seen, bias


def guard_mask(mask, shape):
    """Check that the mask broadcasts."""
    if mask.dtype.kind not in "bf":
        raise TypeError(f"the mask is {mask.dtype}")
    if np.broadcast_shapes(mask.shape, shape) != shape:
        raise ValueError(f"the mask has shape {mask.shape}")


def guard_mask__nothing(mask, shape):
    """Check nothing."""


def factor(scale, features):
    """The scale of the scores."""
    return 1 / math.sqrt(max(features, 1)) if scale is None else float(scale)


def factor__power(scale, features):
    """As a power."""
    return float(max(features, 1) ** -0.5 if scale is None else scale)
