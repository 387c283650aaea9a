"""The feed-forward network of a transformer's layer: W_2 act(W_1 x + b_1) + b_2.

gelu(x) = x erfc(-x / sqrt 2) / 2, which loses nothing to 1 + erf below 0 (Hendrycks and Gimpel,
2016).
"""

import math
from typing import Any

import torch
from torch import Tensor


def feed_forward(
    x: Tensor, w_1: Tensor, b_1: Tensor, w_2: Tensor, b_2: Tensor, kind: str
) -> Tensor:
    """Map x (B, T, E) by w_1 (F, E), the activation and w_2 (E, F) to (B, T, E)."""
    a = x @ w_1.mT + b_1
    h = torch.relu(a) if kind == "relu" else a * torch.erfc(a * -math.sqrt(0.5)) * 0.5
    return h @ w_2.mT + b_2


def check_activation(kind: Any) -> None:
    """Raise `ValueError` for anything but "relu" and "gelu"."""
    if kind not in ("relu", "gelu"):
        raise ValueError(f"activation must be 'relu' or 'gelu', not {kind!r}")
