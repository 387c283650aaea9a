"""Positions as waves, in torch. Angles are formed in float64."""

import math

import torch

from generated.torch_manners import guard, narrow, wide


def frequencies(base, dim):
    """base^(-2i / dim) of each pair of columns."""
    exponents = torch.arange(0, dim, 2, dtype=torch.float64)
    return base ** (-exponents / max(dim, 1))


def frequencies__one_over(base, dim):
    """One over a power."""
    return 1 / base ** (torch.arange(0, dim, 2, dtype=torch.float64) / max(dim, 1))


def frequencies__exponential(base, dim):
    """The exponential of a logarithm."""
    exponents = torch.arange(0, dim, 2, dtype=torch.float64)
    return torch.exp(exponents * (-math.log(base) / max(dim, 1)))


def angles(positions, base, dim):
    """Angles (L, pairs) in float64."""
    return positions.to(torch.float64)[:, None] * frequencies(float(base), dim)


def angles__outer(positions, base, dim):
    """By an outer product."""
    return torch.outer(positions.double(), frequencies(float(base), dim))


def table(length, dim):
    """The sinusoidal encoding, (length, dim), in float64."""
    angle = angles(torch.arange(length), 10000.0, dim)
    out = torch.empty((length, dim), dtype=torch.float64)
    out[:, 0::2] = torch.sin(angle)
    out[:, 1::2] = torch.cos(angle[:, : dim // 2])
    return out


def table__interleaved(length, dim):
    """Sines and cosines are stacked and flattened."""
    angle = angles(torch.arange(length), 10000.0, dim)
    waves = torch.stack([angle.sin(), angle.cos()], -1)
    return waves.flatten(1)[:, :dim].clone()


def positional_encoding(length, dim):
    """Sines in even columns, cosines in odd ones."""
    guard_size(length)
    guard_size(dim)
    return table(length, dim)


def guard_size(n):
    """Check a size."""
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"{n!r} is no size")
    if n < 0:
        raise ValueError(f"{n} is no size")


def guard_size__nothing(n):
    """Check nothing."""


def waves(positions, base, dim, like):
    """Cosines and sines (L, D/2)."""
    angle = angles(positions, base, dim)
    return torch.cos(angle).to(like), torch.sin(angle).to(like)


def waves__polar(positions, base, dim, like):
    """Real and imaginary part of a unit vector."""
    angle = angles(positions, base, dim)
    turn = torch.polar(torch.ones_like(angle), angle)
    return turn.real.to(like), turn.imag.to(like)


def halves(x, interleaved):
    """The first and the second feature of each pair."""
    if interleaved:
        return x[..., 0::2], x[..., 1::2]
    return x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]


def halves__unbound(x, interleaved):
    """The pairs are an axis."""
    half = x.shape[-1] // 2
    if interleaved:
        return x.unflatten(-1, (half, 2)).unbind(-1)
    return x.unflatten(-1, (2, half)).unbind(-2)


def whole(a, b, interleaved):
    """The pairs as features again."""
    if interleaved:
        return torch.stack([a, b], -1).flatten(-2)
    return torch.cat([a, b], -1)


def turned(x, cos, sin, interleaved):
    """Each pair (a, b) as (a cos - b sin, b cos + a sin)."""
    a, b = halves(x, interleaved)
    return whole(a * cos - b * sin, b * cos + a * sin, interleaved)


def turned__quarter(x, cos, sin, interleaved):
    """x times cosines, and x turned by a quarter times sines."""
    a, b = halves(x, interleaved)
    quarter = whole(-b, a, interleaved)
    return x * whole(cos, cos, interleaved) + quarter * whole(sin, sin, interleaved)


def turned__complex(x, cos, sin, interleaved):
    """A product of complex numbers."""
    a, b = halves(x, interleaved)
    z = torch.complex(a.contiguous(), b.contiguous()) * torch.complex(cos, sin)
    return whole(z.real, z.imag, interleaved)


def guard_rotary(x, positions, base):
    """Check the arrays and the base."""
    guard(x=(x, "B N L D"))
    if positions.is_floating_point() or positions.dtype == torch.bool:
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
