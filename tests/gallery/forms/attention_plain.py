"""Kinds of attention, straight from the equations."""

import math

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def through_softmax(p, dp):
    return p * (dp - np.sum(p * dp, axis=-1, keepdims=True))


def transposed(x):
    return np.swapaxes(x, -1, -2)


def scores(q, k, is_causal):
    s = q @ transposed(k) / math.sqrt(q.shape[-1])
    if is_causal:
        i, j = np.arange(q.shape[-2])[:, None], np.arange(k.shape[-2])
        s = np.where(j <= i, s, -np.inf)
    return s.astype(q.dtype)


def sink_attention(q, k, v, sinks, is_causal=False):
    b, n, length, _ = q.shape
    s = scores(q, k, is_causal)
    sink = np.broadcast_to(sinks[:, None, None], (b, n, length, 1))
    return softmax(np.concatenate([s, sink], axis=-1))[..., :-1] @ v


def sink_attention_vjp(dout, q, k, v, sinks, is_causal=False):
    b, n, length, d = q.shape
    s = scores(q, k, is_causal)
    sink = np.broadcast_to(sinks[:, None, None], (b, n, length, 1))
    p = softmax(np.concatenate([s, sink], axis=-1))
    dp = np.concatenate([dout @ transposed(v), np.zeros_like(sink)], axis=-1)
    ds = through_softmax(p, dp)
    dsinks = np.sum(ds[..., -1], axis=(0, 2))
    ds = ds[..., :-1] / math.sqrt(d)
    return ds @ k, transposed(ds) @ q, transposed(p[..., :-1]) @ dout, dsinks


def alibi_scores(q, k, slopes, is_causal):
    i, j = np.arange(q.shape[-2])[:, None], np.arange(k.shape[-2])
    return scores(q, k, is_causal) - slopes[:, None, None] * np.abs(i - j).astype(q.dtype)


def alibi_attention(q, k, v, slopes, is_causal=False):
    return softmax(alibi_scores(q, k, slopes, is_causal)) @ v


def alibi_attention_vjp(dout, q, k, v, slopes, is_causal=False):
    i, j = np.arange(q.shape[-2])[:, None], np.arange(k.shape[-2])
    p = softmax(alibi_scores(q, k, slopes, is_causal))
    ds = through_softmax(p, dout @ transposed(v))
    dslopes = -np.sum(ds * np.abs(i - j).astype(q.dtype), axis=(0, 2, 3))
    ds_scaled = ds / math.sqrt(q.shape[-1])
    return ds_scaled @ k, transposed(ds_scaled) @ q, transposed(p) @ dout, dslopes


def attention_lse(q, k, v, is_causal=False):
    s = scores(q, k, is_causal)
    m = np.max(s, axis=-1, keepdims=True)
    total = np.sum(np.exp(s - m), axis=-1, keepdims=True)
    return np.exp(s - m) / total @ v, (m + np.log(total))[..., 0]


def attention_lse_vjp(dout, dlse, q, k, v, is_causal=False):
    p = softmax(scores(q, k, is_causal))
    ds = through_softmax(p, dout @ transposed(v)) + p * dlse[..., None]
    ds = ds / math.sqrt(q.shape[-1])
    return ds @ k, transposed(ds) @ q, transposed(p) @ dout
