"""Gated units and rotary embeddings, straight from the equations."""

import math

import numpy as np

TRAITS = {"dtypes": ("float32", "float64")}
ROOT = math.sqrt(2 / math.pi)
erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def swiglu(x):
    gate, up = np.split(x, 2, axis=-1)
    return gate * sigmoid(gate) * up


def swiglu_vjp(dy, x):
    gate, up = np.split(x, 2, axis=-1)
    s = sigmoid(gate)
    dgate = dy * up * (s + gate * s * (1 - s))
    return np.concatenate([dgate, dy * gate * s], axis=-1)


def gelu(x, approximate):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(ROOT * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2))).astype(x.dtype)


def gelu_slope(x, approximate):
    if approximate == "tanh":
        t = np.tanh(ROOT * (x + 0.044715 * x**3))
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + 3 * 0.044715 * x * x)
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    return 0.5 * (1 + erf(x / math.sqrt(2))).astype(x.dtype) + x * density


def geglu(x, approximate="none"):
    gate, up = np.split(x, 2, axis=-1)
    return gelu(gate, approximate) * up


def geglu_vjp(dy, x, approximate="none"):
    gate, up = np.split(x, 2, axis=-1)
    dgate = dy * up * gelu_slope(gate, approximate)
    return np.concatenate([dgate, dy * gelu(gate, approximate)], axis=-1)


def partial_rotary(x, cos, sin, scaling=1.0, interleaved=False):
    n = cos.shape[-1]
    rotated, rest = x[..., : 2 * n], x[..., 2 * n :]
    cos, sin = cos * scaling, sin * scaling
    if interleaved:
        a, b = rotated[..., ::2], rotated[..., 1::2]
        turned = np.stack([a * cos - b * sin, b * cos + a * sin], axis=-1)
        turned = turned.reshape(rotated.shape)
    else:
        a, b = rotated[..., :n], rotated[..., n:]
        turned = np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)
    return np.concatenate([turned, rest], axis=-1)


def partial_rotary_vjp(dy, x, cos, sin, scaling=1.0, interleaved=False):
    n = cos.shape[-1]
    dx = partial_rotary(dy, cos, -sin, scaling, interleaved)
    every = slice(0, 2 * n, 2) if interleaved else slice(0, n)
    other = slice(1, 2 * n, 2) if interleaved else slice(n, 2 * n)
    a, b, da, db = x[..., every], x[..., other], dy[..., every], dy[..., other]
    dcos = np.sum(da * a + db * b, axis=(0, 1)) * scaling
    dsin = np.sum(db * a - da * b, axis=(0, 1)) * scaling
    return dx, dcos, dsin
