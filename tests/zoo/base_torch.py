"""What the torch bases share: inside they compute in float32 or wider; autograd gives gradients."""

import torch


def wide(t):
    """16-bit dtypes are computed with in float32, as the trait `accumulate` has it by default."""
    return t.float() if t.dtype in (torch.bfloat16, torch.float16) else t


def number(value, like):
    return torch.tensor(value, dtype=like.dtype, device=like.device)


class _WithGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t, change):
        ctx.change = change
        return t.clone()

    @staticmethod
    def backward(ctx, gradient):
        return ctx.change(gradient), None


def with_gradient(t, change):
    """t itself, whose gradient becomes change(gradient)."""
    return _WithGradient.apply(t, change)
