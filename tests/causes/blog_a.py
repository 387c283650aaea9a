"""Attention and an LSTM from scratch, part 1: as little NumPy as possible."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x, dtype=float)
    e = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))  # avoid overflow
    return e / e.sum(axis=axis, keepdims=True)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None, reverse=False):
    B, T, _ = x.shape
    H = h0.shape[1]
    y = np.zeros((B, T, H))
    h, c = h0, c0
    steps = range(T - 1, -1, -1) if reverse else range(T)
    for t in steps:
        # all four gates with one matrix product
        a = x[:, t] @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh
        i = sigmoid(a[:, :H])
        f = sigmoid(a[:, H : 2 * H])
        g = np.tanh(a[:, 2 * H : 3 * H])
        o = sigmoid(a[:, 3 * H :])

        new_c = f * c + i * g
        new_h = o * np.tanh(new_c)
        if lengths is None:
            h, c = new_h, new_c
            y[:, t] = h
        else:
            # sequences that have ended keep their state
            running = (t < lengths)[:, None]
            h = np.where(running, new_h, h)
            c = np.where(running, new_c, c)
            y[:, t] = np.where(running, h, 0)
    return y, h, c


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
    if scale is None:
        scale = q.shape[-1] ** -0.5
    scores = q @ k.swapaxes(-1, -2) * scale  # (B, N, L, S)
    if softcap is not None:
        scores = softcap * np.tanh(scores / softcap)

    i = np.arange(q.shape[2])[:, None] + query_offset
    j = np.arange(k.shape[2])[None, :]
    keep = np.ones((q.shape[2], k.shape[2]), dtype=bool)
    if is_causal:
        keep &= j <= i
    if window is not None:
        left, right = window
        if left is not None:
            keep &= j >= i - left
        if right is not None:
            keep &= j <= i + right
    if mask is not None:
        keep = keep & mask.astype(bool)

    weights = softmax(np.where(keep, scores, -np.inf))
    return weights @ v
