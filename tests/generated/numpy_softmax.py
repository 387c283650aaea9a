"""Softmax along the last axis, in NumPy. Entries may be -inf; FULLY_MASKED is a trait."""

import math

import numpy as np

from generated.numpy_manners import guard, narrow, wide
from generated.numpy_sums import total

TILE = 16
FULLY_MASKED = "zeros"


def largest(x):
    """The largest along the last axis, and 0 where that is -inf or nothing is there."""
    m = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    return np.where(m == -np.inf, x.dtype.type(0), m)


def largest__running(x):
    """One entry after the other."""
    m = np.full((*x.shape[:-1], 1), -np.inf, x.dtype)
    for k in range(x.shape[-1]):
        m = np.maximum(m, x[..., k : k + 1])
    return np.where(np.isneginf(m), x.dtype.type(0), m)


def largest__sorted(x):
    """The last of the sorted entries (a NaN is last)."""
    low = np.full((*x.shape[:-1], 1), -np.inf, x.dtype)
    m = np.sort(np.concatenate([low, x], axis=-1), axis=-1)[..., -1:]
    return np.where(np.isneginf(m), x.dtype.type(0), m)


def not_zero(s):
    """1 where a sum is 0."""
    return np.where(s == 0, s.dtype.type(1), s)


def not_zero__added(s):
    """Add 1 where a sum is 0."""
    return s + (s == 0)


def softmax_rows(x):
    """exp(x - max) / sum exp(x - max); zeros where all is -inf."""
    e = np.exp(x - largest(x))
    return e / not_zero(total(e))


def softmax_rows__reciprocal(x):
    """The division is a product."""
    e = np.exp(x - largest(x))
    return e * (1 / not_zero(total(e)))


def softmax_rows__exp2(x):
    """log2(e) is multiplied into scores and maximum."""
    log2e = x.dtype.type(math.log2(math.e))
    e = np.exp2(x * log2e - largest(x) * log2e)
    return e / not_zero(total(e))


def softmax_rows__log_sum_exp(x):
    """exp(x - log sum exp x)."""
    m = largest(x)
    log_sum = m + np.log(not_zero(total(np.exp(x - m))))
    return np.exp(x - log_sum)


def softmax_rows__log_softmax(x):
    """The exponential of the logarithm of softmax."""
    d = x - largest(x)
    return np.exp(d - np.log(not_zero(total(np.exp(d)))))


def softmax_rows__online(x):
    """Milakov and Gimelshein (2018): maximum and sum run along over tiles."""
    m = np.full((*x.shape[:-1], 1), -np.inf, x.dtype)
    s = np.zeros_like(m)
    for k in range(0, x.shape[-1], TILE):
        tile = x[..., k : k + TILE]
        top = np.maximum(m, np.max(tile, axis=-1, keepdims=True))
        base = np.where(top == -np.inf, x.dtype.type(0), top)
        s = s * np.exp(m - base) + total(np.exp(tile - base))
        m = top
    return np.exp(x - np.where(m == -np.inf, x.dtype.type(0), m)) / not_zero(s)


def softmax_rows__filled(x):
    """In place, entry by entry of the last axis."""
    m = largest(x)
    e = np.empty_like(x)
    for k in range(x.shape[-1]):
        np.exp(x[..., k : k + 1] - m, out=e[..., k : k + 1])
    e /= not_zero(total(e))
    return e


def softmax_rows__in_float64(x):
    """In a wider type, rounded once."""
    wider = x.astype(np.float64)
    e = np.exp(wider - largest(wider))
    return (e / not_zero(np.sum(e, axis=-1, keepdims=True))).astype(x.dtype)


def nowhere(x):
    """Which rows are -inf throughout."""
    return np.all(x == -np.inf, axis=-1, keepdims=True)


def nowhere__none_above(x):
    """No entry is above -inf, or not a number."""
    return ~np.any((x > -np.inf) | np.isnan(x), axis=-1, keepdims=True)


def weights(x):
    """Softmax, with the rows that are -inf throughout as declared."""
    p = softmax_rows(x)
    if FULLY_MASKED == "zeros":
        return p
    instead = np.nan if FULLY_MASKED == "nan" else 1 / max(x.shape[-1], 1)
    return np.where(nowhere(x), p.dtype.type(instead), p)


def weights__of_zeros(x):
    """Such rows are replaced before softmax, and after it."""
    gone = nowhere(x)
    instead = {"zeros": 0, "nan": np.nan, "mean": 1 / max(x.shape[-1], 1)}[FULLY_MASKED]
    p = softmax_rows(np.where(gone, x.dtype.type(0), x))
    return np.where(gone, p.dtype.type(instead), p)


def softmax_gradient(dp, p):
    """p (dp - sum p dp)."""
    return p * (dp - total(p * dp))


def softmax_gradient__expanded(dp, p):
    """p dp - p sum p dp."""
    terms = p * dp
    return terms - p * total(terms)


def softmax(x, axis=-1):
    """Softmax along an axis, which is moved to the end."""
    guard_axis(x, axis)
    rows = np.moveaxis(wide(x), axis, -1)
    return narrow(np.moveaxis(weights(rows), -1, axis), x)


def softmax__swapped(x, axis=-1):
    """The axis changes places with the last."""
    guard_axis(x, axis)
    rows = np.swapaxes(wide(x), axis, -1)
    return narrow(np.swapaxes(weights(rows), -1, axis), x)


def softmax__flattened(x, axis=-1):
    """All rows in one matrix."""
    guard_axis(x, axis)
    moved = np.moveaxis(wide(x), axis, -1)
    rows = moved.reshape(-1, moved.shape[-1]) if moved.size else moved
    return narrow(np.moveaxis(weights(rows).reshape(moved.shape), -1, axis), x)


def softmax_vjp(dp, x, axis=-1):
    """Gradient of softmax: none passes through a row that is -inf throughout."""
    guard_axis(x, axis)
    guard(x=(x, "n " * x.ndim), dp=(dp, "n " * dp.ndim)) if x.shape != dp.shape else None
    rows, d = np.moveaxis(wide(x), axis, -1), np.moveaxis(wide(dp), axis, -1)
    dx = softmax_gradient(d, weights(rows))
    dx = np.where(rows == -np.inf, dx.dtype.type(0), dx)
    return narrow(np.moveaxis(dx, -1, axis), x)


def guard_axis(x, axis):
    """Check the array and the axis."""
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        raise TypeError("a floating array is expected")
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis is {axis!r}")
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis is {axis}, of {x.ndim}")


def guard_axis__nothing(x, axis):
    """Check nothing: NumPy raises what it raises."""
