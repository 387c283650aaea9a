"""Understanding LSTMs and attention by writing them out, one head at a time."""

import math

import numpy as np


def softmax(x, axis=-1):
    out = np.zeros(x.shape)
    rows, results = np.moveaxis(x, axis, -1), np.moveaxis(out, axis, -1)
    for index in np.ndindex(rows.shape[:-1]):
        row = rows[index]
        e = np.exp(row - max(row, default=0.0))
        results[index] = e / e.sum()
    return out


def sigmoid(a):
    e = np.exp(-np.abs(a))
    return np.where(a < 0, e, 1) / (1 + e)


def lstm(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None):
    batch, steps, _ = x.shape
    hidden = h0.shape[1]
    if steps == 0:
        return np.zeros((batch, 0, hidden)), h0, c0

    # [x, h] times one big matrix is the same as two products
    W = np.concatenate([weight_ih, weight_hh], axis=1).T.astype("float64")
    b = bias_ih + bias_hh
    h, c, ys = h0, c0, []
    for t in range(steps):
        z = np.concatenate([x[:, t], h], axis=1) @ W + b
        i, f, g, o = np.split(z, 4, axis=1)
        c_next = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h_next = sigmoid(o) * np.tanh(c_next)
        y = h_next
        if lengths is not None:
            done = np.asarray(lengths)[:, None] <= t
            h_next, c_next = np.where(done, h, h_next), np.where(done, c, c_next)
            y = np.where(done, 0, y)
        h, c = h_next, c_next
        ys.append(y)
    return np.stack(ys, axis=1), h, c


def attention(q, k, v, mask=None, is_causal=False, scale=None, softcap=None):
    B, N, L, D = q.shape
    S = k.shape[2]
    if scale is None:
        scale = 1 / math.sqrt(D)
    logits = np.matmul(q, np.transpose(k, (0, 1, 3, 2))) * scale
    if softcap is not None:
        logits = np.tanh(logits / softcap) * softcap

    visible = np.ones((B, N, L, S), dtype=bool)
    if is_causal:
        visible &= np.tri(L, S, dtype=bool)
    if mask is not None:
        visible &= mask > 0

    out = np.zeros((B, N, L, v.shape[-1]))
    logits = np.where(visible, logits, -np.inf)
    top = logits.max(axis=-1, keepdims=True, initial=-np.inf)
    weights = np.where(visible, np.exp(logits - top), 0)
    total = weights.sum(axis=-1, keepdims=True)
    out[...] = np.matmul(weights / total, v)
    return out
