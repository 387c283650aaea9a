"""Attention in torch: scores, weights and their product with the values."""

import math

import torch

from generated.torch_functions import tanh
from generated.torch_manners import guard, narrow, stored, wide
from generated.torch_masks import factor, pairs
from generated.torch_softmax import nowhere, weights
from generated.torch_sums import product, swapped, total

TILE = 16
FULLY_MASKED = "zeros"


def shared(k, group):
    """Repeat each key head for the query heads that read it."""
    return k.repeat_interleave(group, 1)


def shared__by_index(k, group):
    """Take the head of each query head."""
    return k[:, torch.arange(k.shape[1] * group, device=k.device) // group]


def shared__expanded(k, group):
    """Expand along an axis of the group."""
    batch, heads, length, features = k.shape
    k = k[:, :, None].expand(batch, heads, group, length, features)
    return k.reshape(batch, heads * group, length, features)


def raw_scores(q, k, scale):
    """The scale is multiplied into the scores."""
    return product(q, swapped(k)) * scale


def raw_scores__scaled_queries(q, k, scale):
    """The scale is multiplied into the queries."""
    return product(q * scale, swapped(k))


def raw_scores__scaled_keys(q, k, scale):
    """The scale is multiplied into the keys."""
    return product(q, swapped(k * scale))


def raw_scores__two_roots(q, k, scale):
    """Its root is multiplied into both."""
    root = math.sqrt(abs(scale))
    return product(q * root, swapped(k * math.copysign(root, scale)))


def raw_scores__divided(q, k, scale):
    """The scores are divided by what the scale is one over."""
    if scale == 0:
        return product(q, swapped(k)) * 0
    return product(q, swapped(k)) / (1 / scale)


def capped(s, softcap):
    """softcap tanh(s / softcap)."""
    return softcap * tanh(s / softcap)


def capped__reciprocal(s, softcap):
    """The division is a product."""
    return tanh(s * (1 / softcap)) * softcap


def scores(q, k, seen, bias, scale, softcap):
    """Scores (B, N, L, S), -inf where hidden; what is hidden is replaced before any arithmetic."""
    s = raw_scores(q, k, scale).masked_fill(~seen, 0)
    if softcap is not None:
        s = capped(s, softcap)
    if bias is not None:
        s = s + bias.masked_fill(~seen, 0)
    return s.masked_fill(~seen, -math.inf)


def scores__where(q, k, seen, bias, scale, softcap):
    """By choices."""
    s = raw_scores(q, k, scale)
    s = torch.where(seen, s, torch.zeros_like(s))
    if softcap is not None:
        s = capped(s, softcap)
    if bias is not None:
        s = bias + s
    return torch.where(seen, s, torch.full_like(s, -math.inf))


def attend(q, k, v, seen, bias, scale, softcap, dtype):
    """Weights, then their product with the values."""
    p = weights(scores(q, k, seen, bias, scale, softcap))
    return product(stored(p, dtype), v)


def attend__normalised_after(q, k, v, seen, bias, scale, softcap, dtype):
    """The values are summed with exponentials, and divided at the end."""
    s = scores(q, k, seen, bias, scale, softcap)
    if not s.shape[-1]:
        return product(weights(s), v)
    gone = nowhere(s)
    clean = s.masked_fill(gone, 0)
    e = torch.exp(clean - clean.detach().amax(-1, keepdim=True))
    return nothing_seen(product(e, v) / total(e), gone, v)


def attend__online(q, k, v, seen, bias, scale, softcap, dtype):
    """Dao et al. (2022): over tiles of keys, the sum so far rescaled at each."""
    if not k.shape[2]:
        return product(weights(scores(q, k, seen, bias, scale, softcap)), v)
    m = torch.full((*q.shape[:-1], 1), -math.inf, dtype=q.dtype, device=q.device)
    s, out = torch.zeros_like(m), torch.zeros((*q.shape[:-1], v.shape[-1]), dtype=q.dtype)
    for j in range(0, k.shape[2], TILE):
        here = slice(j, j + TILE)
        added = None if bias is None else bias[..., here]
        tile = scores(q, k[:, :, here], seen[..., here], added, scale, softcap)
        top = torch.maximum(m, tile.detach().amax(-1, keepdim=True))
        base = torch.where(top == -math.inf, torch.zeros_like(top), top)
        e, shrink = torch.exp(tile - base), torch.exp(m - base)
        s = s * shrink + total(e)
        out = out * shrink + product(e, v[:, :, here])
        m = top
    gone = m == -math.inf
    return nothing_seen(out / s.masked_fill(gone, 1), gone, v)


def attend__query_tiles(q, k, v, seen, bias, scale, softcap, dtype):
    """Queries in tiles."""
    parts = []
    for i in range(0, max(q.shape[2], 1), TILE):
        here = slice(i, i + TILE)
        added = None if bias is None else bias[:, :, here]
        p = weights(scores(q[:, :, here], k, seen[:, :, here], added, scale, softcap))
        parts.append(product(stored(p, dtype), v))
    return torch.cat(parts, 2)


def nothing_seen(out, gone, v):
    """What a query gets that may attend to nothing."""
    if FULLY_MASKED == "mean":
        middle = v.sum(-2, keepdim=True) / max(v.shape[-2], 1)
        return torch.where(gone, middle, out)
    return out.masked_fill(gone, 0.0 if FULLY_MASKED == "zeros" else math.nan)


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
    shape = (*q.shape[:3], k.shape[2])
    seen, bias = pairs(shape, mask, is_causal, query_offset, window, q.device)
    scale = factor(scale, q.shape[3])
    keys, values = shared(wide(k), group), shared(wide(v), group)
    return narrow(attend(wide(q), keys, values, seen, bias, scale, softcap, q.dtype), q)
