"""Layer normalisation over the last axis, in two passes."""

from typing import Any

import torch
from torch import Tensor

from seqlaws.impls.torch_ops._checks import bind, real, wide


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: Any = 1e-5) -> Tensor:
    """weight (x - mean) / sqrt(variance + eps) + bias over the last axis of x, of rank 1 or more.

    weight and bias have the length of that axis. Ba, Kiros and Hinton (2016). Raises `TypeError`
    for a wrong dtype, `ValueError` for a wrong shape or an eps below 0.
    """
    letters = ["d" * (i + 1) for i in range(x.dim())] if isinstance(x, Tensor) else [""]
    if not letters:
        raise ValueError("x has no axis to normalise")
    bind(x=(x, " ".join(letters)), weight=(weight, letters[-1]), bias=(bias, letters[-1]))
    eps = real("eps", eps)
    if not eps >= 0:
        raise ValueError(f"eps must not be negative, and it is {eps}")
    return (standardized(wide(x), eps) * wide(weight) + wide(bias)).to(x.dtype)


def standardized(x: Tensor, eps: float) -> Tensor:
    """(x - mean) / sqrt(variance + eps), the root divided by: its cube would underflow early."""
    count = max(x.shape[-1], 1)
    centred = x - x.sum(-1, keepdim=True) / count
    variance = (centred * centred).sum(-1, keepdim=True) / count
    return centred / torch.sqrt(variance + eps)
