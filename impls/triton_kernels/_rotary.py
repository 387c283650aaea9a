"""Rotary embedding: cosines and sines come from tables, as angles need more than float32."""

from typing import Any

import torch
from torch import Tensor

from seqlaws.impls._shapes import bind
from seqlaws.impls.triton_kernels._launch import DTYPES, power_above, tiled
from seqlaws.impls.triton_kernels.kernels import rotary as kernels

PAIRS, NUMBERS = 64, 2048  # of a tile: its width at most, and its numbers


def rotary_embedding(
    x: Tensor, positions: Any, base: Any = 10000.0, interleaved: bool = False
) -> Tensor:
    """Rotate each pair of features of x (B, N, L, D) by its position's angles.

    positions is (L,), integers; pair i turns by positions * base^(-2i/D) and is the features
    i and i + D/2, or 2i and 2i + 1 if `interleaved`. Raises `ValueError` for a wrong shape, an odd
    D or a base that is not positive, `TypeError` for a wrong dtype.
    """
    bind(Tensor, DTYPES, x=(x, "B N L D"))
    return _rotated(x, positions, base, interleaved, 1.0)


def rotary_embedding_vjp(
    dy: Tensor, x: Tensor, positions: Any, base: Any = 10000.0, interleaved: bool = False
) -> Tensor:
    """Return the gradient of x for the cotangent dy: it is turned back."""
    bind(Tensor, DTYPES, x=(x, "B N L D"), dy=(dy, "B N L D"))
    return _rotated(dy, positions, base, interleaved, -1.0)


def _rotated(x: Tensor, positions: Any, base: Any, interleaved: bool, sign: float) -> Tensor:
    length, features = x.shape[2:]
    positions = torch.as_tensor(positions, device=x.device)
    if positions.dtype == torch.bool or positions.is_floating_point() or positions.is_complex():
        raise TypeError(f"positions must be integers, not {positions.dtype}")
    if positions.shape != (length,):
        raise ValueError(f"positions must have shape ({length},); got {tuple(positions.shape)}")
    base, half = float(base), features // 2
    if features % 2 or not 0 < base < float("inf"):
        raise ValueError(f"D must be even and base positive; got {features} and {base}")
    exponents = torch.arange(half, dtype=torch.float64, device=x.device) * (-2.0 / max(features, 1))
    angles = positions.double()[:, None] * base**exponents  # (L, D / 2)
    x = x.contiguous()
    y = torch.empty_like(x)
    if x.numel():
        rows, columns = x.numel() // features, min(power_above(half), PAIRS)
        tile = {"ROWS": NUMBERS // columns, "COLUMNS": columns}
        grid = tiled(rows, tile["ROWS"]), tiled(half, columns)
        apart = (2, 1) if interleaved else (1, half)
        waves = angles.cos().float(), angles.sin().float()
        kernels.rotate[grid](x, *waves, y, rows, length, half, *apart, sign, **tile)
    return y
