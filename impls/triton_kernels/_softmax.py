"""Softmax along any axis: the axis comes last, the others are rows."""

from typing import Any

import torch
from torch import Tensor

from seqlaws.impls._shapes import axis_of, bind, of_any_rank
from seqlaws.impls.triton_kernels._launch import DTYPES, tile_of_rows, tiled
from seqlaws.impls.triton_kernels.kernels import softmax as kernels


def softmax(x: Tensor, axis: Any = -1) -> Tensor:
    """Softmax of x, any shape of rank 1 or more, along `axis`; -inf throughout gives zeros.

    Raises `TypeError` for a wrong dtype or an axis that is not an integer, `IndexError` for an axis
    that x does not have.
    """
    bind(Tensor, DTYPES, x=(x, of_any_rank(x)))
    return _by_rows(kernels.forward, axis_of(x, axis), x)


def softmax_vjp(dp: Tensor, x: Tensor, axis: Any = -1) -> Tensor:
    """Return the gradient of x for the cotangent dp, of its shape."""
    bind(Tensor, DTYPES, x=(x, of_any_rank(x)), dp=(dp, of_any_rank(x)))
    return _by_rows(kernels.backward, axis_of(x, axis), dp, x)


def _by_rows(kernel: Any, axis: int, *arrays: Tensor) -> Tensor:
    """Launch a kernel on the rows of arrays along an axis; its result, of their shape."""
    given = [array.movedim(axis, -1).contiguous() for array in arrays]
    result = torch.empty_like(given[0])
    n = result.shape[-1]
    if result.numel():
        rows, tile = result.numel() // n, tile_of_rows(n)
        kernel[tiled(rows, tile["ROWS"]),](*given, result, rows, n, **tile)
    return result.movedim(-1, axis).contiguous()
