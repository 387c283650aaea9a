"""Gated units and rotary embeddings by other algebra: tanh for sigmoid, rows in tiles, complex."""

import math

import numpy as np

TRAITS = {"dtypes": ("float32", "float64"), "elementary": "absolute"}
TILE = 8
erfc = np.vectorize(math.erfc, otypes=[float])


def tiles(n):
    return [slice(start, min(start + TILE, n)) for start in range(0, n, TILE)]


def sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2


def swiglu(x):
    n = x.shape[-1] // 2
    y = np.empty((*x.shape[:-1], n), x.dtype)
    for tile in tiles(n):
        gate, up = x[..., :n][..., tile], x[..., n:][..., tile]
        y[..., tile] = up * (gate * sigmoid(gate))
    return y


def swiglu_vjp(dy, x):
    n = x.shape[-1] // 2
    dx = np.empty_like(x)
    for tile in tiles(n):
        gate, up, d = x[..., :n][..., tile], x[..., n:][..., tile], dy[..., tile]
        s = sigmoid(gate)
        dx[..., :n][..., tile] = d * up * (s * (1 + gate * (1 - s)))
        dx[..., n:][..., tile] = d * (gate * s)
    return dx


def geglu(x, approximate="none"):
    gate, up = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
    if approximate == "tanh":
        inner = gate * math.sqrt(2 / math.pi) * (1 + 0.044715 * (gate * gate))
        return gate * (0.5 + 0.5 * np.tanh(inner)) * up
    return (gate * (0.5 * erfc(-gate * math.sqrt(0.5))).astype(x.dtype)) * up


def partial_rotary(x, cos, sin, scaling=1.0, interleaved=False):
    n = cos.shape[-1]
    pairs = x[..., : 2 * n]
    if not interleaved:
        pairs = pairs.reshape(*x.shape[:-1], 2, n).swapaxes(-1, -2)
    pairs = pairs.reshape(*x.shape[:-1], n, 2)
    turn = scaling * (cos + 1j * sin)
    z = (pairs[..., 0] + 1j * pairs[..., 1]) * turn
    turned = np.stack([z.real, z.imag], axis=-1 if interleaved else -2)
    y = np.array(x)
    y[..., : 2 * n] = turned.reshape(*x.shape[:-1], 2 * n)
    return y
