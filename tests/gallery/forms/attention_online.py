"""Kinds of attention with an online softmax: blocks of keys, rescaled as the maximum grows."""

import math

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}
BLOCK = 16


def flash(q, k, v, bias, is_causal, m, s):
    """Unnormalised output, maximum and sum, starting from a maximum m and a sum s."""
    q = q * (1 / math.sqrt(q.shape[-1]))
    length, keys = q.shape[-2], k.shape[-2]
    out = np.zeros((*q.shape[:-1], v.shape[-1]), q.dtype)
    rows = np.arange(length)[:, None]
    for start in range(0, keys, BLOCK):
        stop = min(start + BLOCK, keys)
        columns = np.arange(start, stop)
        x = q @ k[..., start:stop, :].swapaxes(-1, -2) + bias(rows, columns)
        if is_causal:
            x = np.where(columns <= rows, x, -np.inf).astype(q.dtype)
        higher = np.maximum(m, np.max(x, axis=-1, keepdims=True))
        safe = np.where(np.isneginf(higher), 0, higher)
        e, factor = np.exp(x - safe), np.exp(m - safe)
        s = s * factor + np.sum(e, axis=-1, keepdims=True)
        out = out * factor + e @ v[..., start:stop, :]
        m = higher
    return out, m, s


def nothing_yet(q):
    shape = (*q.shape[:-1], 1)
    return np.full(shape, -np.inf, q.dtype), np.zeros(shape, q.dtype)


def sink_attention(q, k, v, sinks, is_causal=False):
    m = np.broadcast_to(sinks[:, None, None], (*q.shape[:-1], 1))
    out, _, s = flash(q, k, v, lambda i, j: q.dtype.type(0), is_causal, m, np.ones_like(m))
    return out / s


def alibi_attention(q, k, v, slopes, is_causal=False):
    def bias(i, j):
        return -slopes[:, None, None] * np.abs(j - i).astype(q.dtype)

    out, _, s = flash(q, k, v, bias, is_causal, *nothing_yet(q))
    return out / s


def attention_lse(q, k, v, is_causal=False):
    out, m, s = flash(q, k, v, lambda i, j: q.dtype.type(0), is_causal, *nothing_yet(q))
    return out * (1 / s), (m + np.log(s))[..., 0]


def attention_lse_vjp(dout, dlse, q, k, v, is_causal=False):
    """From the saved output and log-sum-exp, block after block."""
    out, lse = attention_lse(q, k, v, is_causal)
    scale = 1 / math.sqrt(q.shape[-1])
    delta = np.sum(dout * out, axis=-1, keepdims=True) - dlse[..., None]
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    rows, keys = np.arange(q.shape[-2])[:, None], k.shape[-2]
    q_scaled = q * scale  # as in the forward pass: the scores are the same numbers
    for start in range(0, keys, BLOCK):
        block = slice(start, min(start + BLOCK, keys))
        x = q_scaled @ k[..., block, :].swapaxes(-1, -2)
        p = np.exp(x - lse[..., None])
        if is_causal:
            p = np.where(np.arange(block.start, block.stop) <= rows, p, 0).astype(q.dtype)
        ds = p * (dout @ v[..., block, :].swapaxes(-1, -2) - delta) * scale
        dq += ds @ k[..., block, :]
        dk[..., block, :] = ds.swapaxes(-1, -2) @ q
        dv[..., block, :] = p.swapaxes(-1, -2) @ dout
    return dq, dk, dv
