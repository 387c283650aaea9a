"""Positions as waves: the sinusoidal encoding and the rotary embedding.

Angles are formed in float64 and rounded once, as sines and cosines.
"""

from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous, integer, real


def positional_encoding(length: Any, dim: Any) -> Array:
    """Give the float64 table (length, dim): sines in even columns, cosines in odd ones.

    Vaswani et al. (2017). Raises `TypeError` for a size that is not an integer, `ValueError` for a
    negative one.
    """
    length, dim = (_size(name, n) for name, n in (("length", length), ("dim", dim)))
    angles = np.arange(length)[:, None] * _frequencies(10000.0, dim)  # (length, ceil(dim / 2))
    table = np.empty((length, dim))
    np.sin(angles, out=table[:, 0::2])
    np.cos(angles[:, : dim // 2], out=table[:, 1::2])
    return table


@np.errstate(all="ignore")
def rotary_embedding(
    x: Array, positions: Any, base: Any = 10000.0, interleaved: bool = False
) -> Array:
    """Rotate each pair of features of x (B, N, L, D) by its position's angles. Su et al. (2021).

    positions is (L,), integers; pair i turns by positions * base^(-2i/D) and is the features
    i and i + D/2, or 2i and 2i + 1 if `interleaved`. Raises `ValueError` for a wrong shape, an odd
    D or a base that is not positive, `TypeError` for a wrong dtype.
    """
    return _turned(x, *_waves(x, positions, base), interleaved)


@np.errstate(all="ignore")
def rotary_embedding_vjp(
    dy: Array, x: Array, positions: Any, base: Any = 10000.0, interleaved: bool = False
) -> Array:
    """Gradient of `rotary_embedding`: dy and dx have the shape of x; the rotation back."""
    cos, sin = _waves(x, positions, base)
    bind(x=(x, "B N L D"), dy=(dy, "B N L D"))
    return _turned(dy, cos, -sin, interleaved)


def _frequencies(base: float, dim: int) -> Array:
    """How far each pair of columns turns from a position to the next."""
    exponents = np.arange(0, dim, 2) / max(dim, 1)
    return np.asarray(base**-exponents)


def _waves(x: Array, positions: Any, base: Any) -> tuple[Array, Array]:
    """Cosines and sines (L, D/2), in the dtype of x, once all arguments are checked."""
    size = bind(x=(x, "B N L D"))
    if size["D"] % 2:
        raise ValueError(f"x must have an even number of features, not {size['D']}")
    positions, base = np.asarray(positions), real("base", base)
    if positions.dtype.kind not in "iu":
        raise TypeError(f"positions must be integers, not {positions.dtype}")
    if positions.shape != (size["L"],):
        raise ValueError(f"positions must have shape ({size['L']},); got {positions.shape}")
    if not 0 < base < np.inf:
        raise ValueError(f"base must be positive, not {base}")
    angles = positions[:, None] * _frequencies(base, size["D"])
    return np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)


def _turned(x: Array, cos: Array, sin: Array, interleaved: bool) -> Array:
    """Each pair (a, b) as (a cos - b sin, b cos + a sin)."""
    (x,) = contiguous(x)
    y, half = np.empty_like(x), x.shape[-1] // 2
    first, second = (slice(0, None, 2), slice(1, None, 2))
    if not interleaved:
        first, second = slice(half), slice(half, None)
    a, b = x[..., first], x[..., second]
    y[..., first] = a * cos - b * sin
    y[..., second] = b * cos + a * sin
    return y


def _size(name: str, value: Any) -> int:
    """An integer that is neither a boolean nor negative."""
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    size = integer(name, value)
    if size < 0:
        raise ValueError(f"{name} must not be negative; got {size}")
    return size
