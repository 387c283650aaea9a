"""Self-attention as tutorials have it: softmax(Q K^T / sqrt(d)) V. It is wrong; see tutorial.md."""

import math

import torch.nn.functional as F  # noqa: N812  as everybody writes it
from torch import Tensor

TRAITS = {"backend": "torch", "dtypes": ("float32",)}


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """q (B, N, L, D), k (B, N, S, D), v (B, N, S, Dv); heads that share keys are not offered."""
    if k.shape[1] != q.shape[1]:
        raise NotImplementedError("as many key heads as query heads")
    d = q.shape[-1]
    weights = F.softmax(q @ k.transpose(-2, -1) / math.sqrt(d))
    return weights @ v
