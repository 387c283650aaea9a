"""Softmax; a row of -inf throughout gives zeros, and no gradient."""

import math
from typing import Any

import torch
from torch import Tensor

from seqlaws.impls.torch_ops._checks import bind, integer, wide


def softmax(x: Tensor, axis: Any = -1) -> Tensor:
    """Softmax of x, any shape of rank 1 or more, along `axis`. Bridle (1990).

    Entries may be -inf. Raises `TypeError` for a wrong dtype or an axis that is not an integer,
    `IndexError` for an axis that x does not have.
    """
    letters = ["d" * (i + 1) for i in range(x.dim())] if isinstance(x, Tensor) else []
    bind(x=(x, " ".join(letters)))
    axis = integer("axis", axis)
    if not -x.dim() <= axis < x.dim():
        raise IndexError(f"x has no axis {axis}, its shape is {tuple(x.shape)}")
    return softmax_or_zeros(wide(x), axis).to(x.dtype)


def softmax_or_zeros(scores: Tensor, axis: int) -> Tensor:
    """Softmax by torch, and zeros where every score is -inf.

    Such a row is replaced before the softmax as well as after it: its NaN would come back as a
    gradient even from behind the second replacement.
    """
    empty = (scores == -math.inf).all(axis, keepdim=True)
    return torch.softmax(scores.masked_fill(empty, 0), axis).masked_fill(empty, 0)
