"""The same in blocks, with the experts picked one after another, the taps as one product."""

import numpy as np

TRAITS = {"dtypes": ("float32", "float64"), "elementary": "absolute"}
BLOCK = 8


def int8_matmul(a, b, scale_a, scale_b):
    sums = np.zeros((a.shape[0], b.shape[1]), np.int64)
    for start in range(0, a.shape[1], BLOCK):
        block = slice(start, start + BLOCK)
        sums += a[:, block].astype(np.int64) @ b[block].astype(np.int64)
    return sums.astype(scale_a.dtype) * (scale_a[:, None] * scale_b)


def top_k_routing(logits, k=2, renormalise=True):
    left, mask = logits.copy(), np.zeros(logits.shape, bool)
    rows = np.arange(len(logits))
    for _ in range(min(k, logits.shape[-1])):
        best = np.argmax(left, axis=-1)
        mask[rows, best] = True
        left[rows, best] = -np.inf
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    kept = np.where(mask, e, 0).astype(e.dtype)
    total = np.sum(kept if renormalise else e, axis=-1, keepdims=True)
    return np.where(mask, e / total, 0).astype(e.dtype)


def causal_conv1d(x, weight, bias, activation="none"):
    batch, channels, steps = x.shape
    taps = weight.shape[1]
    padded = np.zeros((batch, channels, steps + taps - 1), x.dtype)
    padded[..., taps - 1 :] = x
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps, axis=-1)
    y = np.empty(x.shape, x.dtype)
    for start in range(0, steps, BLOCK):
        block = slice(start, min(start + BLOCK, steps))
        a = np.einsum("bctk,ck->bct", windows[:, :, block], weight) + bias[:, None]
        y[..., block] = a * (0.5 + 0.5 * np.tanh(a / 2)) if activation == "silu" else a
    return y
