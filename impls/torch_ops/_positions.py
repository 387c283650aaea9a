"""Positions as waves: the sinusoidal encoding and the rotary embedding.

Angles are formed in float64, for of a million radians float32 knows no more than some hundredths.
"""

from typing import Any

import torch
from torch import Tensor

from seqlaws.impls.torch_ops._checks import bind, integer, real, wide


def positional_encoding(length: Any, dim: Any) -> Tensor:
    """Give the float64 table (length, dim): sines in even columns, cosines in odd ones.

    Vaswani et al. (2017). Raises `TypeError` for a size that is not an integer, `ValueError` for a
    negative one.
    """
    if isinstance(length, bool) or isinstance(dim, bool):
        raise TypeError("length and dim must be integers, not booleans")
    length, dim = integer("length", length), integer("dim", dim)
    if min(length, dim) < 0:
        raise ValueError(f"length and dim must not be negative; got {length} and {dim}")
    angles = _angles(torch.arange(length), 10000.0, dim)
    waves = torch.stack([angles.sin(), angles.cos()], -1)  # (length, ceil(dim / 2), 2)
    return waves.flatten(1)[:, :dim].contiguous()


def rotary_embedding(
    x: Tensor, positions: Any, base: Any = 10000.0, interleaved: bool = False
) -> Tensor:
    """Rotate each pair of features of x (B, N, L, D) by its position's angles. Su et al. (2021).

    positions is (L,), integers; pair i turns by positions * base^(-2i/D) and is the features
    i and i + D/2, or 2i and 2i + 1 if `interleaved`. Raises `ValueError` for a wrong shape, an odd
    D or a base that is not positive, `TypeError` for a wrong dtype.
    """
    size, base = bind(x=(x, "B N L D")), real("base", base)
    positions = torch.as_tensor(positions, device=x.device)
    if positions.is_floating_point() or positions.is_complex() or positions.dtype == torch.bool:
        raise TypeError(f"positions must be integers, not {positions.dtype}")
    if positions.shape != (size["L"],):
        raise ValueError(f"positions must have shape ({size['L']},); got {tuple(positions.shape)}")
    if size["D"] % 2 or not 0 < base < float("inf"):
        raise ValueError(f"D must be even and base positive; got {size['D']} and {base}")
    angles = _angles(positions, base, size["D"])
    cos, sin = (wave.to(wide(x).dtype) for wave in (angles.cos(), angles.sin()))
    if interleaved:
        a, b = wide(x)[..., 0::2], wide(x)[..., 1::2]
        turned = torch.stack([a * cos - b * sin, b * cos + a * sin], -1).flatten(-2)
    else:
        a, b = wide(x).tensor_split(2, -1)
        turned = torch.cat([a * cos - b * sin, b * cos + a * sin], -1)
    return turned.to(x.dtype)


def _angles(positions: Tensor, base: float, dim: int) -> Tensor:
    """positions (L,) times base^(-2i / dim) for each pair of columns: (L, ceil(dim / 2))."""
    exponents = torch.arange(0, dim, 2, dtype=torch.float64, device=positions.device)
    return positions.double()[:, None] * base ** (-exponents / max(dim, 1))
