"""Kinds of attention in PyTorch; gradients by autograd."""

import torch

TRAITS = {"backend": "torch", "dtypes": ("float32", "bfloat16")}


def scores(q, k, is_causal):
    s = q.float() @ k.float().transpose(-1, -2) * q.shape[-1] ** -0.5
    if is_causal:
        allowed = torch.ones(s.shape[-2:], dtype=torch.bool, device=s.device).tril()
        s = s.masked_fill(~allowed, float("-inf"))
    return s


def sink_attention(q, k, v, sinks, is_causal=False):
    s = scores(q, k, is_causal)
    sink = sinks.float()[None, :, None, None].expand(*s.shape[:-1], 1)
    lse = torch.logsumexp(torch.cat((s, sink), dim=-1), dim=-1, keepdim=True)
    return ((s - lse).exp() @ v.float()).to(q.dtype)


def alibi_attention(q, k, v, slopes, is_causal=False):
    s = scores(q, k, is_causal)
    i = torch.arange(s.shape[-2], device=s.device)[:, None]
    distance = (i - torch.arange(s.shape[-1], device=s.device)).abs()
    s = s - slopes.float()[:, None, None] * distance
    return (s.softmax(dim=-1) @ v.float()).to(q.dtype)


def attention_lse(q, k, v, is_causal=False):
    s = scores(q, k, is_causal)
    out = s.softmax(dim=-1) @ v.float()
    return out.to(q.dtype), s.logsumexp(dim=-1).to(q.dtype)
