"""positions: encodings that tell attention where a token is.

Position p is represented by angles: pair i rotates by theta_i = base^(-2i/D) per position. The
fastest pair completes a turn in six positions, the slowest in 10000 times as many. The sinusoidal
encoding adds the sine and cosine of each angle to the embedding. The rotary embedding rotates each
pair of features of a query or key by the angle. The dot product of two of them then depends only on
the difference of their angles: attention sees how far apart two tokens are, but not where they are.

Sources: Vaswani et al. (2017), "Attention is all you need", section 3.5; Su et al. (2021),
"RoFormer: enhanced transformer with rotary position embedding", equations 15 and 34.
"""

import operator
from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, exponential, number, single
from seqlaws.reference.shapes import bind

BASE = 10000.0  # of the sinusoidal encoding


def positional_encoding(length: int, dim: int, *, first: Array = 0.0) -> Array:
    """The encoding of the positions 0 to length - 1: (length, dim), in float64.

        angle_pi   = p / 10000^(2i / dim)
        out_p,2i   = sin(angle_pi)                      even columns
        out_p,2i+1 = cos(angle_pi)                      odd columns; an odd dim ends with a sine

    first: the position of the first row; its number system is used for all rows.
    Raises TypeError for sizes that are not integers, ValueError for negative ones.
    """
    length, dim = size("length", length), size("dim", dim)
    angle = angles(first + np.arange(length), BASE, dim)  # (length, (dim + 1) / 2)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    return +np.reshape(waves, (length, 2 * angle.shape[1]))[:, :dim]


def rotary_embedding(
    x: Array, positions: Array, base: float = 10000.0, interleaved: bool = False
) -> Array:
    """Rotate x (B, N, L, D), D even, by positions int (L,); same shape.

        angle_pi = p / base^(2i / D)                    of pair i at position p
        out_1    = x_1 cos(angle) - x_2 sin(angle)
        out_2    = x_2 cos(angle) + x_1 sin(angle)

    base: positive; the slowest pair rotates by nearly 1 / base per position.
    interleaved: pair i is the features 2i and 2i + 1; otherwise i and i + D/2.

    Angles are computed in float32 or wider, whatever the dtype; their sines and cosines may be kept
    in storage precision. Positions may be negative, repeated, and in any order.
    Raises ValueError or TypeError for invalid arguments.
    """
    cos, sin = rotations("rotary_embedding", x, positions, base)
    x1, x2 = pairs(x, interleaved)
    return +together(x1 * cos - x2 * sin, x2 * cos + x1 * sin, interleaved)


def rotary_embedding_vjp(
    dy: Array, x: Array, positions: Array, base: float = 10000.0, interleaved: bool = False
) -> Array:
    """Gradient of x from dy, which has the shape of x: the inverse rotation.

        dx_1 = dy_1 cos(angle) + dy_2 sin(angle)
        dx_2 = dy_2 cos(angle) - dy_1 sin(angle)

    The angle at a position is the one of the forward rotation. Raises as `rotary_embedding` does.
    """
    bind("rotary_embedding_vjp", x=(x, "B N L D"), dy=(dy, "B N L D"))
    cos, sin = rotations("rotary_embedding_vjp", x, positions, base)
    dy1, dy2 = pairs(dy, interleaved)
    return +together(dy1 * cos + dy2 * sin, dy2 * cos - dy1 * sin, interleaved)


def angles(position: Array, base: float, dim: int) -> Array:
    """position (L,) times theta_i = base^(-2i / dim), for each pair i: (L, (dim + 1) / 2)."""
    i = np.arange((dim + 1) // 2)
    theta = exponential(number(position, -2 * i, max(dim, 1)), base)
    return position[:, None] * theta


def rotations(operation: str, x: Array, positions: Any, base: float) -> tuple[Array, Array]:
    """Cosine and sine of each angle, (L, D / 2), as numbers of the kind of x."""
    dim = bind(operation, x=(x, "B N L D"), positions=(positions, "L"))["D"]
    if positions.dtype.kind not in "iu":
        raise TypeError(f"{operation}: positions are {positions.dtype}, not whole numbers")
    if dim % 2:
        raise ValueError(f"{operation}: {dim} features are no pairs")
    if not 0 < base < np.inf:
        raise ValueError(f"{operation}: base is {base!r}; a positive number is modelled")
    angle = angles(number(single(x), positions), float(base), dim)
    return +number(x, np.cos(angle)), +number(x, np.sin(angle))


def pairs(x: Array, interleaved: bool) -> tuple[Array, Array]:
    """The first and the second feature of each pair: (B, N, L, D / 2) each."""
    if interleaved:
        return x[..., 0::2], x[..., 1::2]
    half = x.shape[-1] // 2
    return x[..., :half], x[..., half:]


def together(x1: Array, x2: Array, interleaved: bool) -> Array:
    """The pairs as features again: (B, N, L, D)."""
    if not interleaved:
        return np.concatenate([x1, x2], axis=-1)
    return np.reshape(np.stack([x1, x2], axis=-1), (*x1.shape[:-1], 2 * x1.shape[-1]))


def size(name: str, n: Any) -> int:
    """A size, checked."""
    if isinstance(n, bool):
        raise TypeError(f"positional_encoding: {name} is {n!r}, not a whole number")
    n = operator.index(n)
    if n < 0:
        raise ValueError(f"positional_encoding: {name} is {n}")
    return n
