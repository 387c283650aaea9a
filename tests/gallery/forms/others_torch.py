"""The same in PyTorch; gradients by autograd."""

import torch
from torch.nn import functional

TRAITS = {
    "backend": "torch",
    "dtypes": ("float32",),
    "known_failures": {  # docs/findings.md
        "int8_matmul.offsets_beyond_32_bits": "a product of int64 counts strides in 32 bits"
    },
}


def int8_matmul(a, b, scale_a, scale_b):
    sums = a.long() @ b.long()
    return scale_a[:, None] * sums.to(scale_a.dtype) * scale_b


def top_k_routing(logits, k=2, renormalise=True):
    k = min(k, logits.shape[-1])
    experts = torch.sort(logits, dim=-1, descending=True, stable=True).indices[..., :k]
    weights = (logits if renormalise else logits.softmax(dim=-1)).gather(-1, experts)
    if renormalise:
        weights = weights.softmax(dim=-1)
    return torch.zeros_like(logits).scatter(-1, experts, weights)


def causal_conv1d(x, weight, bias, activation="none"):
    taps = weight.shape[1]
    y = functional.conv1d(
        functional.pad(x, (taps - 1, 0)), weight[:, None], bias, groups=x.shape[1]
    )
    return functional.silu(y) if activation == "silu" else y
