"""Norms, straight from the equations."""

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}


def rms_norm(x, weight, eps=1e-6, offset=0.0):
    mean_square = np.mean(x * x, axis=-1, keepdims=True)
    return x / np.sqrt(mean_square + eps) * (weight + offset)


def rms_norm_vjp(dy, x, weight, eps=1e-6, offset=0.0):
    r = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps)
    h, dh = x * r, dy * (weight + offset)
    dx = r * (dh - h * np.mean(dh * h, axis=-1, keepdims=True))
    return dx, np.sum((dy * h).reshape(-1, x.shape[-1]), axis=0)


def add_rms_norm(x, residual, weight, eps=1e-6, offset=0.0):
    stream = x + residual
    return rms_norm(stream, weight, eps, offset), stream


def add_rms_norm_vjp(dy, dstream, x, residual, weight, eps=1e-6, offset=0.0):
    dx, dweight = rms_norm_vjp(dy, x + residual, weight, eps, offset)
    return dx + dstream, dx + dstream, dweight


def group_norm(x, weight, bias, num_groups=1, eps=1e-5):
    b, c, n = x.shape
    g = x.reshape(b, num_groups, c // num_groups * n)
    mu = np.mean(g, axis=-1, keepdims=True)
    var = np.mean((g - mu) ** 2, axis=-1, keepdims=True)
    h = ((g - mu) / np.sqrt(var + eps)).reshape(b, c, n)
    return h * weight[:, None] + bias[:, None]


def group_norm_vjp(dy, x, weight, bias, num_groups=1, eps=1e-5):
    b, c, n = x.shape
    g = x.reshape(b, num_groups, c // num_groups * n)
    mu = np.mean(g, axis=-1, keepdims=True)
    r = 1 / np.sqrt(np.mean((g - mu) ** 2, axis=-1, keepdims=True) + eps)
    h = (g - mu) * r
    dh = (dy * weight[:, None]).reshape(g.shape)
    dx = dh - np.mean(dh, axis=-1, keepdims=True) - h * np.mean(dh * h, axis=-1, keepdims=True)
    dw = np.sum(dy * h.reshape(b, c, n), axis=(0, 2))
    return (dx * r).reshape(b, c, n), dw, np.sum(dy, axis=(0, 2))
