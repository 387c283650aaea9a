"""Norms as kernels compute them: sums over blocks, Welford's moments, a reciprocal root."""

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}
BLOCK = 8


def blocks(n):
    return [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]


def reciprocal_root(x, eps):
    n = x.shape[-1]
    squares = np.zeros(x.shape[:-1], x.dtype)
    for block in blocks(n):
        squares += np.sum(x[..., block] * x[..., block], axis=-1)
    return (1 / np.sqrt(squares * (1 / n) + eps))[..., None]


def rms_norm(x, weight, eps=1e-6, offset=0.0):
    r = reciprocal_root(x, eps)
    y = np.empty_like(x)
    for block in blocks(x.shape[-1]):
        y[..., block] = x[..., block] * r * (offset + weight[block])
    return y


def rms_norm_vjp(dy, x, weight, eps=1e-6, offset=0.0):
    n = x.shape[-1]
    r = reciprocal_root(x, eps)
    dh = dy * (weight + offset)
    inner = np.zeros((*x.shape[:-1], 1), x.dtype)
    dweight = np.zeros_like(weight)
    for block in blocks(n):
        inner += np.sum(dh[..., block] * (x[..., block] * r), axis=-1, keepdims=True)
    for row, drow in zip((x * r).reshape(-1, n), dy.reshape(-1, n), strict=True):
        dweight += drow * row
    return r / n * (n * dh - (x * r) * inner), dweight


def add_rms_norm(x, residual, weight, eps=1e-6, offset=0.0):
    stream = np.empty_like(x)
    for block in blocks(x.shape[-1]):
        stream[..., block] = x[..., block] + residual[..., block]
    return rms_norm(stream, weight, eps, offset), stream


def add_rms_norm_vjp(dy, dstream, x, residual, weight, eps=1e-6, offset=0.0):
    dx, dweight = rms_norm_vjp(dy, np.add(x, residual), weight, eps, offset)
    dx += dstream
    return dx, dx.copy(), dweight


def group_norm(x, weight, bias, num_groups=1, eps=1e-5):
    b, c, _n = x.shape
    per_group = c // num_groups
    y = np.empty_like(x)
    for group in range(num_groups):
        channels = slice(group * per_group, (group + 1) * per_group)
        rows = x[:, channels].reshape(b, -1)
        mean, squares = np.zeros(b, x.dtype), np.zeros(b, x.dtype)
        for k in range(rows.shape[1]):
            off = rows[:, k] - mean
            mean = mean + off / (k + 1)
            squares = squares + off * (rows[:, k] - mean)
        r = 1 / np.sqrt(squares / max(rows.shape[1], 1) + eps)
        h = (x[:, channels] - mean[:, None, None]) * r[:, None, None]
        y[:, channels] = h * weight[channels, None] + bias[channels, None]
    return y
