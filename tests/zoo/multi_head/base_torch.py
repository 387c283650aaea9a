"""Multi-head attention and the encoder layer in plain torch operations; gradients are autograd's.

blocks(a, t)          the rows for queries, keys and values of the first projection
split(a, x), join(a, h)   (B,L,E) to heads (B,N,L,D) and back
allowed(a), added(a)  which pairs count, and what is added to the scores
factor(a, d)          the scale
last(a, x)            the last projection
others                as in base_torch_decoder
"""

from types import SimpleNamespace

import torch

from zoo.attention.base_torch import product
from zoo.base import Base
from zoo.base_torch import wide
from zoo.decoder import base_torch as decoder
from zoo.encoder import base as base_encoder
from zoo.multi_head import base as base_multi_head


def blocks(a, t):
    return wide(t).chunk(3)


def split(a, x):
    return decoder.split(a, x)


def join(a, h):
    return h.transpose(1, 2).flatten(2)


def boolean(a):
    return a.mask if a.mask.dtype == torch.bool else a.mask != -torch.inf


def causal(a, i, j):
    return j <= i


def pairs(a, batch, length, keys, device, is_causal):
    ok = torch.ones((batch, a.num_heads, length, keys), dtype=torch.bool, device=device)
    if a.mask is not None:
        ok = ok & a.part.boolean(a)
    if is_causal:
        i = torch.arange(length, device=device)[:, None]
        ok = ok & a.part.causal(a, i, torch.arange(keys, device=device))
    return ok


def added(a):
    return 0.0 if a.mask is None or a.mask.dtype == torch.bool else wide(a.mask)


def last(a, x):
    return x @ wide(a.out_proj_weight).mT + wide(a.out_proj_bias)


def forward(a):
    batch, length, keys = *a.query.shape[:2], a.key.shape[1]
    ok = pairs(a, batch, length, keys, a.query.device, a.is_causal)
    read = ok.any(3).any(1), ok.any(2).any(1), ok.any(2).any(1)
    sources = [
        torch.where(r[..., None], wide(x), 0)
        for r, x in zip(read, (a.query, a.key, a.value), strict=True)
    ]
    weights, biases = a.part.blocks(a, a.in_proj_weight), a.part.blocks(a, a.in_proj_bias)
    q, k, v = (
        a.part.split(a, x @ w.mT + b) for x, w, b in zip(sources, weights, biases, strict=True)
    )
    s = torch.where(ok, q @ k.mT * a.part.factor(a, q.shape[-1]) + a.part.added(a), -torch.inf)
    out = a.part.join(a, product(a, a.part.softmax(a, s), v, ok))
    return SimpleNamespace(out=a.part.last(a, out).to(a.query.dtype))


def functions(call, call_vjp):
    name = base_multi_head.NAME
    return {name: base_multi_head.functions(call, call_vjp)[name]}


PARTS = {
    part.__name__: part
    for part in (blocks, split, join, boolean, causal, added, last, decoder.factor, decoder.softmax)
}
multi_head_attention = Base(
    base_multi_head.NAME, "torch", forward, None, {"check": base_multi_head.check, **PARTS},
    functions,
)  # fmt: skip


def itself(a, z):
    batch, length, _ = z.shape
    ok = pairs(a, batch, length, length, z.device, False)
    return decoder.heads(a, "self_attn", z, z, ok, a.part.added(a))


def order(a):
    return [(a.part.itself, "norm1"), (a.part.feed, "norm2")]


def encoder_functions(call, call_vjp):
    name = base_encoder.NAME
    return {name: base_encoder.functions(call, call_vjp)[name]}


STEPS = {**decoder.STEPS, "itself": itself, "order": order, "boolean": boolean, "added": added}
encoder_layer = Base(
    base_encoder.NAME, "torch", decoder.forward, None, {"check": base_encoder.check, **STEPS},
    encoder_functions,
)  # fmt: skip
