"""Attention in plain torch operations; parts as in base_attention, without those of the vjp.

A NaN in a masked key or value must not reach the gradients either, and 0 * NaN is NaN: products
are therefore taken over finite values, and pairs with others are added apart.
"""

import math
from types import SimpleNamespace

import torch

from zoo.base import Base
from zoo.base_torch import wide
from zoo.signatures import ARGUMENTS, expect, expect_mask


def check(a):
    sizes = expect(a, ARGUMENTS["attention"], a.traits["dtypes"])
    if sizes["M"] == 0 or sizes["N"] % sizes["M"]:
        raise ValueError(f"{sizes['M']} key heads do not divide {sizes['N']} query heads")
    expect_mask(a.mask, tuple(sizes[c] for c in "BNLS"), a.q.dtype)
    if a.window is not None and len(a.window) != 2:
        raise ValueError("a window is (left, right)")
    if a.softcap == 0:
        raise ValueError("the soft cap is 0")
    if a.traits["causal_alignment"] == "bottom-right":
        a.query_offset = sizes["S"] - sizes["L"]


def heads(a, t):
    return t.repeat_interleave(a.q.shape[1] // t.shape[1], dim=1)


def factor(a):
    return 1 / math.sqrt(a.q.shape[-1]) if a.scale is None else float(a.scale)


def scores(a, q, k, allowed):
    fine_q, fine_k = q.isfinite(), k.isfinite()
    s = torch.where(fine_q, q, 0) @ torch.where(fine_k, k, 0).mT
    bad = ~fine_q.all(-1)[..., :, None] | ~fine_k.all(-1)[..., None, :]
    reach = (allowed & bad)[..., None]
    if reach.any():
        q, k = torch.where(reach, q[..., None, :], 0), torch.where(reach, k[..., None, :, :], 0)
        s = torch.where(reach[..., 0], (q * k).sum(-1), s)
    return a.part.factor(a) * s


def cap(a, s):
    return s if a.softcap is None else a.softcap * torch.tanh(s / a.softcap)


def causal(a, i, j):
    return j <= i + a.query_offset


def windowed(a, i, j):
    left, right = a.window
    here = i + a.query_offset
    ok = torch.ones(i.shape[0], j.shape[1], dtype=torch.bool, device=i.device)
    if left is not None:
        ok = ok & (here - left <= j)
    if right is not None:
        ok = ok & (j <= here + right)
    return ok


def boolean(a):
    return a.mask if a.mask.dtype == torch.bool else a.mask != -torch.inf


def allowed(a):
    length, keys, device = a.q.shape[2], a.k.shape[2], a.q.device
    i = torch.arange(length, device=device)[:, None]
    j = torch.arange(keys, device=device)[None]
    ok = torch.ones(*a.q.shape[:2], length, keys, dtype=torch.bool, device=device)
    if a.mask is not None:
        ok = ok & a.part.boolean(a)
    if a.is_causal:
        ok = ok & a.part.causal(a, i, j)
    if a.window is not None:
        ok = ok & a.part.windowed(a, i, j)
    return ok


def masked(a, s, allowed):
    if a.mask is not None and a.mask.dtype != torch.bool:
        s = s + wide(a.mask)
    return torch.where(allowed, s, -torch.inf)


def softmax(a, s):
    if s.shape[-1] == 0:
        return s
    empty = (s == -torch.inf).all(-1, keepdim=True)
    s = torch.where(empty, 0.0, s)
    e = torch.exp(s - s.detach().amax(-1, keepdim=True))
    p = e / e.sum(-1, keepdim=True)
    filler = {"zeros": 0.0, "nan": torch.nan, "mean": 1 / s.shape[-1]}
    return torch.where(empty, filler[a.traits["fully_masked"]], p)


def product(a, p, v, allowed):
    fine = v.isfinite()
    out = p @ torch.where(fine, v, 0)
    reach = allowed[..., None] & ~fine[:, :, None] if not fine.all() else fine.new_zeros(1)
    if reach.any():
        extra = (p[..., None] * torch.where(reach, v[:, :, None], 0)).sum(-2)
        out = torch.where(reach.any(-2), out + extra, out)
    return out


def forward(a):
    part = a.part
    k, v = part.heads(a, wide(a.k)), part.heads(a, wide(a.v))
    ok = part.allowed(a)
    s = part.cap(a, part.scores(a, wide(a.q), k, ok))
    p = part.softmax(a, part.masked(a, s, ok))
    empty = ~ok.any(-1, keepdim=True)
    mean = a.traits["fully_masked"] == "mean"
    out = part.product(a, p, v, ok | empty if mean else ok)
    if a.traits["fully_masked"] == "nan":
        out = torch.where(empty, torch.nan, out)
    return SimpleNamespace(out=out.to(a.q.dtype))


def functions(call, call_vjp):
    def attention(
        q, k, v, mask=None, is_causal=False, scale=None, query_offset=0, window=None, softcap=None
    ):
        return call(
            q=q, k=k, v=v, mask=mask, is_causal=is_causal, scale=scale,
            query_offset=query_offset, window=window, softcap=softcap,
        )  # fmt: skip

    return {"attention": attention}


PARTS = {
    part.__name__: part
    for part in (
        *(check, heads, factor, scores, cap, causal, windowed, boolean, allowed),
        *(masked, softmax, product),
    )
}
attention = Base("attention", "torch", forward, None, PARTS, functions)
