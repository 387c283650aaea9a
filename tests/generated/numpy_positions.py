"""Positions as waves, in NumPy. Angles are formed in float64."""

import math

import numpy as np

from generated.numpy_manners import guard, narrow, taken, wide


def frequencies(base, dim):
    """base^(-2i / dim) of each pair of columns."""
    return base ** (-2 * np.arange((dim + 1) // 2) / max(dim, 1))


def frequencies__one_over(base, dim):
    """One over a power."""
    return 1 / np.power(float(base), np.arange(0, dim, 2) / max(dim, 1))


def frequencies__exponential(base, dim):
    """The exponential of a logarithm."""
    return np.exp(np.arange(0, dim, 2) * (-math.log(base) / max(dim, 1)))


def frequencies__one_by_one(base, dim):
    """By Python's own power."""
    return np.array([float(base) ** (-i / dim) for i in range(0, dim, 2)], np.float64)


def angles(positions, base, dim):
    """Angles (L, pairs) in float64."""
    return np.asarray(positions)[:, None] * frequencies(float(base), dim)


def angles__outer(positions, base, dim):
    """By an outer product."""
    return np.outer(positions, frequencies(float(base), dim))


def table(length, dim):
    """The sinusoidal encoding, (length, dim), in float64."""
    angle = angles(np.arange(length), 10000.0, dim)
    out = np.empty((length, dim))
    out[:, 0::2] = np.sin(angle)
    out[:, 1::2] = np.cos(angle[:, : dim // 2])
    return out


def table__interleaved(length, dim):
    """Sines and cosines are stacked and flattened."""
    angle = angles(np.arange(length), 10000.0, dim)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    return waves.reshape(length, 2 * angle.shape[1])[:, :dim].copy()


def table__column_by_column(length, dim):
    """Each column by itself."""
    angle, out = angles(np.arange(length), 10000.0, dim), np.zeros((length, dim))
    for column in range(dim):
        wave = np.cos if column % 2 else np.sin
        out[:, column] = wave(angle[:, column // 2])
    return out


def positional_encoding(length, dim):
    """Sines in even columns, cosines in odd ones."""
    guard_size(length)
    guard_size(dim)
    return table(length, dim)


def guard_size(n):
    """Check a size."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"{n!r} is no size")
    if n < 0:
        raise ValueError(f"{n} is no size")


def guard_size__nothing(n):
    """Check nothing."""


def waves(positions, base, dim, like):
    """Cosines and sines (L, D/2)."""
    angle = angles(positions, base, dim)
    return np.cos(angle).astype(like.dtype), np.sin(angle).astype(like.dtype)


def waves__complex(positions, base, dim, like):
    """Real and imaginary part of an exponential."""
    turn = np.exp(1j * angles(positions, base, dim))
    return turn.real.astype(like.dtype), turn.imag.astype(like.dtype)


def halves(x, interleaved):
    """The first and the second feature of each pair."""
    if interleaved:
        return x[..., 0::2], x[..., 1::2]
    return x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]


def halves__reshaped(x, interleaved):
    """The pairs are an axis."""
    shape, half = x.shape[:-1], x.shape[-1] // 2
    if interleaved:
        pairs = x.reshape(*shape, half, 2)
        return pairs[..., 0], pairs[..., 1]
    pairs = x.reshape(*shape, 2, half)
    return pairs[..., 0, :], pairs[..., 1, :]


def whole(a, b, interleaved):
    """The pairs as features again."""
    if not interleaved:
        return np.concatenate([a, b], axis=-1)
    return np.stack([a, b], axis=-1).reshape(*a.shape[:-1], 2 * a.shape[-1])


def whole__filled(a, b, interleaved):
    """Into one array."""
    half = a.shape[-1]
    out = np.empty((*a.shape[:-1], 2 * half), a.dtype)
    out[..., slice(0, None, 2) if interleaved else slice(0, half)] = a
    out[..., slice(1, None, 2) if interleaved else slice(half, None)] = b
    return out


def turned(x, cos, sin, interleaved):
    """Each pair (a, b) as (a cos - b sin, b cos + a sin)."""
    a, b = halves(x, interleaved)
    return whole(a * cos - b * sin, b * cos + a * sin, interleaved)


def turned__quarter(x, cos, sin, interleaved):
    """x times cosines, and x turned by a quarter times sines."""
    a, b = halves(x, interleaved)
    quarter = whole(-b, a, interleaved)
    wide_cos = np.broadcast_to(cos, a.shape)
    wide_sin = np.broadcast_to(sin, a.shape)
    out = x * whole(wide_cos, wide_cos, interleaved)
    return out + quarter * whole(wide_sin, wide_sin, interleaved)


def turned__complex(x, cos, sin, interleaved):
    """A product of complex numbers."""
    z = np.empty((*x.shape[:-1], x.shape[-1] // 2), np.result_type(x.dtype, np.complex64))
    z.real, z.imag = halves(x, interleaved)
    z = z * (cos + 1j * sin)
    return whole(z.real, z.imag, interleaved)


def guard_rotary(x, positions, base):
    """Check the arrays and the base."""
    guard(x=(x, "B N L D"))
    positions = np.asarray(positions)
    if positions.dtype.kind not in "iu":
        raise TypeError(f"positions are {positions.dtype}")
    if positions.shape != x.shape[2:3] or x.shape[3] % 2 or not 0 < base < math.inf:
        raise ValueError("positions, features or base do not fit")


def guard_rotary__nothing(x, positions, base):
    """Check nothing."""


def rotary_embedding(x, positions, base=10000.0, interleaved=False):
    """Turn each pair of features by its position's angle."""
    guard_rotary(x, positions, base)
    z = wide(x)
    cos, sin = waves(positions, base, x.shape[3], z)
    return narrow(turned(z, cos, sin, interleaved), x)


def rotary_embedding_vjp(dy, x, positions, base=10000.0, interleaved=False):
    """Gradient of rotary_embedding: the rotation back."""
    guard_rotary(x, positions, base)
    guard(x=(x, "B N L D"), dy=(dy, "B N L D"))
    d = wide(dy)
    cos, sin = waves(taken(positions), base, x.shape[3], d)
    return narrow(turned(d, cos, -sin, interleaved), x)
