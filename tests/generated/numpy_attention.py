"""Attention in NumPy: scores, weights and their product with the values."""

import math

import numpy as np

from generated.numpy_functions import tanh, tanh_slope
from generated.numpy_manners import guard, narrow, wide
from generated.numpy_masks import factor, pairs
from generated.numpy_products import product, swapped
from generated.numpy_softmax import not_zero, nowhere, weights
from generated.numpy_sums import total

TILE = 16
FULLY_MASKED = "zeros"


def shared(k, group):
    """Repeat each key head for the query heads that read it."""
    return np.repeat(k, group, axis=1)


def shared__by_index(k, group):
    """Take the head of each query head."""
    return k[:, np.arange(k.shape[1] * group) // group]


def shared__broadcast(k, group):
    """Broadcast along an axis of the group."""
    batch, heads, length, features = k.shape
    k = np.broadcast_to(k[:, :, None], (batch, heads, group, length, features))
    return k.reshape(batch, heads * group, length, features)


def raw_scores(q, k, scale):
    """The scale is multiplied into the scores."""
    return product(q, swapped(k)) * q.dtype.type(scale)


def raw_scores__scaled_queries(q, k, scale):
    """The scale is multiplied into the queries."""
    return product(q * q.dtype.type(scale), swapped(k))


def raw_scores__scaled_keys(q, k, scale):
    """The scale is multiplied into the keys."""
    return product(q, swapped(k * k.dtype.type(scale)))


def raw_scores__two_roots(q, k, scale):
    """Its root is multiplied into both."""
    root = q.dtype.type(math.sqrt(abs(scale)))
    return product(q * root, swapped(k * math.copysign(root, scale)))


def raw_scores__divided(q, k, scale):
    """The scores are divided by what the scale is one over."""
    if scale == 0:
        return product(q, swapped(k)) * q.dtype.type(0)
    return product(q, swapped(k)) / q.dtype.type(1 / scale)


def capped(s, softcap):
    """softcap tanh(s / softcap), and its slope."""
    t = tanh(s / s.dtype.type(softcap))
    return t * s.dtype.type(softcap), tanh_slope(t)


def capped__reciprocal(s, softcap):
    """The division is a product."""
    t = tanh(s * s.dtype.type(1 / softcap))
    return s.dtype.type(softcap) * t, tanh_slope(t)


def hidden(s, seen):
    """-inf where a query may not attend."""
    return np.where(seen, s, s.dtype.type(-np.inf))


def hidden__assigned(s, seen):
    """A copy is overwritten."""
    s = np.array(s)
    s[~np.broadcast_to(seen, s.shape)] = -np.inf
    return s


def hidden__copied_over(s, seen):
    """By copyto."""
    s = s.copy()
    np.copyto(s, -np.inf, where=~seen)
    return s


def scores(q, k, seen, bias, scale, softcap):
    """Scores (B, N, L, S), -inf where hidden; the slope of the softcap."""
    s, slope = raw_scores(q, k, scale), q.dtype.type(1)
    if softcap is not None:
        s, slope = capped(s, softcap)
    if bias is not None:
        s = np.where(seen, s + bias, s)
    return hidden(s, seen), slope


def attend(q, k, v, seen, bias, scale, softcap):
    """Weights, then their product with the values."""
    return product(weights(scores(q, k, seen, bias, scale, softcap)[0]), v)


def attend__normalised_after(q, k, v, seen, bias, scale, softcap):
    """The values are summed with exponentials, and divided at the end."""
    s = scores(q, k, seen, bias, scale, softcap)[0]
    m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
    e = np.exp(s - np.where(m == -np.inf, s.dtype.type(0), m))
    return nothing_seen(product(e, v) / not_zero(total(e)), s, v)


def attend__online(q, k, v, seen, bias, scale, softcap):
    """Dao et al. (2022): over tiles of keys, the sum so far rescaled at each."""
    zero = q.dtype.type(0)
    m = np.full((*q.shape[:-1], 1), -np.inf, q.dtype)
    s, out = np.zeros_like(m), np.zeros((*q.shape[:-1], v.shape[-1]), q.dtype)
    for j in range(0, k.shape[2], TILE):
        here = slice(j, j + TILE)
        added = None if bias is None else bias[..., here]
        tile = scores(q, k[:, :, here], seen[..., here], added, scale, softcap)[0]
        top = np.maximum(m, np.max(tile, axis=-1, keepdims=True))
        base = np.where(top == -np.inf, zero, top)
        e, shrink = np.exp(tile - base), np.exp(m - base)
        s = s * shrink + total(e)
        out = out * shrink + product(e, v[:, :, here])
        m = top
    whole = scores(q, k, seen, bias, scale, softcap)[0] if FULLY_MASKED != "zeros" else m
    return nothing_seen(out / not_zero(s), whole, v)


def attend__query_by_query(q, k, v, seen, bias, scale, softcap):
    """Queries in tiles."""
    parts = [np.zeros((*q.shape[:2], 0, v.shape[-1]), q.dtype)]
    for i in range(0, q.shape[2], TILE):
        here = slice(i, i + TILE)
        added = None if bias is None else bias[:, :, here]
        s = scores(q[:, :, here], k, seen[:, :, here], added, scale, softcap)[0]
        parts.append(product(weights(s), v))
    return np.concatenate(parts, axis=2)


def attend__head_by_head(q, k, v, seen, bias, scale, softcap):
    """Each head of each batch entry by itself."""
    out = np.zeros((*q.shape[:-1], v.shape[-1]), q.dtype)
    for b, n in np.ndindex(q.shape[:2]):
        added = None if bias is None else bias[b, n]
        s = scores(q[b, n], k[b, n], seen[b, n], added, scale, softcap)[0]
        out[b, n] = product(weights(s), v[b, n])
    return out


def nothing_seen(out, s, v):
    """What a query gets that may attend to nothing, by its scores."""
    if FULLY_MASKED == "zeros":
        return out
    if FULLY_MASKED == "nan":
        return np.where(nowhere(s), out.dtype.type(np.nan), out)
    middle = np.sum(v, axis=-2, keepdims=True) / v.dtype.type(max(v.shape[-2], 1))
    return np.where(nowhere(s), middle, out)


def guard_attention(q, k, v):
    """Check the arrays; the number of query heads that read a key head."""
    guard(q=(q, "B N L D"), k=(k, "B M S D"), v=(v, "B M S Dv"))
    if not k.shape[1] or q.shape[1] % k.shape[1]:
        raise ValueError(f"{k.shape[1]} key heads do not divide {q.shape[1]}")
    return q.shape[1] // k.shape[1]


def guard_attention__nothing(q, k, v):
    """Check nothing."""
    return q.shape[1] // k.shape[1]


def attention(
    q,
    k,
    v,
    mask=None,
    is_causal=False,
    scale=None,
    query_offset=0,
    window=None,
    softcap=None,
):
    """Attend from q to k and v."""
    group = guard_attention(q, k, v)
    seen, bias = pairs((*q.shape[:3], k.shape[2]), mask, is_causal, query_offset, window)
    scale = factor(scale, q.shape[3])
    keys, values = shared(wide(k), group), shared(wide(v), group)
    return narrow(attend(wide(q), keys, values, seen, bias, scale, softcap), q)
