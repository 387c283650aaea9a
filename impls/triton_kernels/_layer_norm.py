"""Layer normalisation over the last axis."""

from typing import Any

import torch
from torch import Tensor

from seqlaws.impls._shapes import bind, of_any_rank
from seqlaws.impls.triton_kernels._launch import DTYPES, tile_of_rows, tiled
from seqlaws.impls.triton_kernels.kernels import layer_norm as kernels

PARTS = {"PARTS": 4, "COLUMNS": 64}  # of a tile of the second stage


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: Any = 1e-5) -> Tensor:
    """weight (x - mean) / sqrt(variance + eps) + bias over the last axis of x, of rank 1 or more.

    Raises `TypeError` for a wrong dtype, `ValueError` for a wrong shape or an eps below 0.
    """
    eps = _checked(x, weight, bias, eps)
    x, n = x.contiguous(), x.shape[-1]
    y = torch.empty_like(x)
    if x.numel():
        rows, tile = x.numel() // n, tile_of_rows(n)
        given = x, weight.contiguous(), bias.contiguous(), y
        kernels.forward[tiled(rows, tile["ROWS"]),](*given, rows, n, eps, **tile)
    return y


def layer_norm_vjp(
    dy: Tensor, x: Tensor, weight: Tensor, bias: Tensor, eps: Any = 1e-5
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of x, weight and bias for the cotangent dy, of the shape of x."""
    eps = _checked(x, weight, bias, eps, dy=(dy, of_any_rank(x)))
    x, dy, weight, n = x.contiguous(), dy.contiguous(), weight.contiguous(), x.shape[-1]
    dx, dweight, dbias = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(weight)
    if x.numel():
        rows, tile = x.numel() // n, tile_of_rows(n)
        programs = tiled(rows, tile["ROWS"])
        parts = torch.empty((2, programs, n), dtype=torch.float32, device=x.device)
        kernels.backward[programs,](dy, x, weight, dx, *parts, rows, n, eps, **tile)
        for part, total in zip(parts, (dweight, dbias), strict=True):
            grid = (tiled(n, PARTS["COLUMNS"]),)
            kernels.sum_parts[grid](part, total, programs, n, **PARTS)
    return dx, dweight, dbias


def _checked(x: Any, weight: Any, bias: Any, eps: Any, **others: Any) -> float:
    """Return eps as a number, once the arrays are checked."""
    shape = of_any_rank(x)
    if not shape:
        raise ValueError("x must have at least one axis, which is normalised")
    last = shape.split()[-1]
    bind(Tensor, DTYPES, x=(x, shape), weight=(weight, last), bias=(bias, last), **others)
    eps = float(eps)
    if not eps >= 0:
        raise ValueError(f"eps must not be negative, and it is {eps}")
    return eps
