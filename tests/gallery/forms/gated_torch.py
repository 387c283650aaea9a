"""Gated units and rotary embeddings in PyTorch; gradients by autograd."""

import torch
from torch.nn import functional

TRAITS = {"backend": "torch", "dtypes": ("float32", "bfloat16")}


def swiglu(x):
    gate, up = x.float().chunk(2, dim=-1)
    return (functional.silu(gate) * up).to(x.dtype)


def geglu(x, approximate="none"):
    gate, up = x.float().chunk(2, dim=-1)
    if approximate == "tanh":
        return (functional.gelu(gate, approximate="tanh") * up).to(x.dtype)
    # functional.gelu has an erf that is beyond 4 ulp: docs/findings.md
    return (gate * (1 + torch.erf(gate * 0.5**0.5)) / 2 * up).to(x.dtype)


def rotate_half(x):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((-b, a), dim=-1)


def partial_rotary(x, cos, sin, scaling=1.0, interleaved=False):
    n = 2 * cos.shape[-1]
    cos, sin = cos.float() * scaling, sin.float() * scaling
    rotated, rest = x[..., :n].float(), x[..., n:]
    if interleaved:
        cos, sin = cos.repeat_interleave(2, dim=-1), sin.repeat_interleave(2, dim=-1)
        swapped = torch.stack((-rotated[..., 1::2], rotated[..., ::2]), dim=-1).flatten(-2)
    else:
        cos, sin = torch.cat((cos, cos), dim=-1), torch.cat((sin, sin), dim=-1)
        swapped = rotate_half(rotated)
    return torch.cat(((rotated * cos + swapped * sin).to(x.dtype), rest), dim=-1)
