"""Causal convolution of each channel over time, as in front of Mamba's scan."""

from typing import Literal

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import sigmoid


@operation(x="B C T", weight="C K", bias="C", returns={"y": "B C T"}, batch="B")
def causal_conv1d(x, weight, bias, activation: Literal["none", "silu"] = "none"):
    """a_t = bias + sum_k weight_k x_{t - K + 1 + k}, where x is 0 before the first step."""
    taps, steps = weight.shape[1], x.shape[2]
    before = np.zeros((*x.shape[:2], taps - 1))
    padded = np.concatenate([before, x], axis=-1)
    a = np.sum(
        np.stack([weight[:, k, None] * padded[..., k : k + steps] for k in range(taps)]), axis=0
    )
    a = a + bias[:, None]
    return a * sigmoid(a) if activation == "silu" else a
