"""A product of 8-bit integers, routing to experts, a causal convolution: from the equations."""

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}


def int8_matmul(a, b, scale_a, scale_b):
    sums = a.astype(np.int32) @ b.astype(np.int32)
    return sums.astype(scale_a.dtype) * scale_a[:, None] * scale_b


def int8_matmul_vjp(dy, a, b, scale_a, scale_b):
    sums = (a.astype(np.int32) @ b.astype(np.int32)).astype(scale_a.dtype)
    return np.sum(dy * sums * scale_b, axis=1), np.sum(dy * sums * scale_a[:, None], axis=0)


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def chosen(logits, k):
    descending = np.where(np.isnan(logits), -np.inf, -logits)  # a NaN comes before all others
    order = np.argsort(descending, axis=-1, kind="stable")[..., :k]
    mask = np.zeros(logits.shape, bool)
    np.put_along_axis(mask, order, True, axis=-1)
    return mask


def top_k_routing(logits, k=2, renormalise=True):
    p = softmax(logits)
    mask = chosen(logits, k)
    total = np.sum(np.where(mask, p, 0), axis=-1, keepdims=True) if renormalise else 1
    return np.where(mask, p / total, 0).astype(logits.dtype)


def top_k_routing_vjp(dw, logits, k=2, renormalise=True):
    mask = chosen(logits, k)
    p = softmax(np.where(mask, logits, -np.inf) if renormalise else logits)
    dp = np.where(mask, dw, 0)
    return (p * (dp - np.sum(p * dp, axis=-1, keepdims=True))).astype(logits.dtype)


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def convolved(x, weight, bias):
    taps, steps = weight.shape[1], x.shape[-1]
    padded = np.concatenate([np.zeros((*x.shape[:-1], taps - 1), x.dtype), x], axis=-1)
    a = np.zeros(x.shape, x.dtype) + bias[:, None]
    for tap in range(taps):
        a = a + weight[:, tap, None] * padded[..., tap : tap + steps]
    return a


def causal_conv1d(x, weight, bias, activation="none"):
    a = convolved(x, weight, bias)
    return a * sigmoid(a) if activation == "silu" else a


def causal_conv1d_vjp(dy, x, weight, bias, activation="none"):
    taps, steps = weight.shape[1], x.shape[-1]
    if activation == "silu":
        a = convolved(x, weight, bias)
        s = sigmoid(a)
        dy = dy * (s + a * s * (1 - s))
    padded = np.concatenate([np.zeros((*x.shape[:-1], taps - 1), x.dtype), x], axis=-1)
    dpadded, dweight = np.zeros_like(padded), np.zeros_like(weight)
    for tap in range(taps):
        dpadded[..., tap : tap + steps] += weight[:, tap, None] * dy
        dweight[:, tap] = np.sum(dy * padded[..., tap : tap + steps], axis=(0, 2))
    return dpadded[..., taps - 1 :].copy(), dweight, np.sum(dy, axis=(0, 2))
