"""Norms, from PyTorch's functions; gradients by autograd."""

import torch

TRAITS = {"backend": "torch", "dtypes": ("float32", "bfloat16")}


def rms_norm(x, weight, eps=1e-6, offset=0.0):
    h = x.float()
    h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + eps)
    return (h * (weight.float() + offset)).to(x.dtype)


def add_rms_norm(x, residual, weight, eps=1e-6, offset=0.0):
    stream = x.float() + residual.float()
    h = stream * torch.rsqrt(stream.square().mean(dim=-1, keepdim=True) + eps)
    return (h * (weight.float() + offset)).to(x.dtype), stream.to(x.dtype)


def group_norm(x, weight, bias, num_groups=1, eps=1e-5):
    h = x.float().unflatten(1, (num_groups, -1))
    var, mean = torch.var_mean(h, dim=(2, 3), correction=0, keepdim=True)
    h = ((h - mean) * torch.rsqrt(var + eps)).flatten(1, 2)
    return (h * weight.float()[:, None] + bias.float()[:, None]).to(x.dtype)
