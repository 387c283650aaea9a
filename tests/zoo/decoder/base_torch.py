"""A decoder layer in plain torch operations, and greedy decoding with it; parts as in base_decoder.

Gradients are autograd's. The text is read anew for every token: nothing is kept. Its parts besides:
    begun(a)             the tokens before the first step (B,1)
    placed(a, x)         embeddings (B,T,E) with the encodings of their positions
    layer(a, i)          the parameters of layer i
    scores(a, x)         logits of the last position (B,V)
    chosen(a, scores)    the next token of each row
"""

import math
from types import SimpleNamespace

import torch

from zoo.attention.base_torch import product
from zoo.base import Base
from zoo.base_torch import wide
from zoo.decoder import base as base_decoder
from zoo.generate import base as base_generate
from zoo.signatures import DECODER


def weight(a, name):
    return wide(a.params[name])


def linear(a, z, name, block=None):
    """W z + b; with `block`, one of the three that a matrix holds."""
    dot = "." if block is None else "_"
    w, b = (a.part.weight(a, f"{name}{dot}{part}") for part in ("weight", "bias"))
    if block is not None:
        w, b = w.chunk(3)[block], b.chunk(3)[block]
    return z @ w.mT + b


def factor(a, d):
    return 1 / math.sqrt(d)


def softmax(a, s):
    if s.shape[-1] == 0:
        return s
    blind = (s == -torch.inf).all(-1, keepdim=True)
    return torch.where(blind, 0.0, torch.softmax(torch.where(blind, 0.0, s), dim=-1))


def split(a, t):
    return t.unflatten(-1, (a.num_heads, t.shape[-1] // a.num_heads)).transpose(1, 2)


def heads(a, name, z, source, allowed, added):
    """Multi-head attention from z to the source."""
    sources = (z, source, source)
    q, k, v = (split(a, linear(a, x, f"{name}.in_proj", block)) for block, x in enumerate(sources))
    s = torch.where(allowed, q @ k.mT * a.part.factor(a, q.shape[-1]) + added, -torch.inf)
    out = product(a, a.part.softmax(a, s), v, allowed).transpose(1, 2).flatten(2)
    return linear(a, out, f"{name}.out_proj")


def causal(a, i, j):
    return j <= i


def itself(a, z):
    batch, length, _ = z.shape
    i = torch.arange(length, device=z.device)
    allowed = a.part.causal(a, i[:, None], i[None]).expand(batch, a.num_heads, length, length)
    return heads(a, "self_attn", z, z, allowed, 0.0)


def seen(a):
    shape = (a.x.shape[0], a.num_heads, a.x.shape[1], a.memory.shape[1])
    allowed = torch.ones(shape, dtype=torch.bool, device=a.x.device)
    added = 0.0
    if a.memory_mask is not None:
        boolean = a.memory_mask.dtype == torch.bool
        allowed = allowed & (a.memory_mask if boolean else a.memory_mask != -torch.inf)
        added = added if boolean else wide(a.memory_mask)
    read = allowed.any(1).any(1)[..., None]
    return allowed, added, torch.where(read, wide(a.memory), 0.0)


def cross(a, z):
    allowed, added, memory = a.part.seen(a)
    return heads(a, "multihead_attn", z, memory, allowed, added)


def activation(a, z):
    if a.activation == "relu":
        return torch.relu(z)
    return z * (1 + torch.erf(z / math.sqrt(2))) / 2


def feed(a, z):
    return linear(a, a.part.activation(a, linear(a, z, "linear1")), "linear2")


def normal(a, z, name):
    c = z - z.mean(-1, keepdim=True)
    h = c / torch.sqrt((c * c).mean(-1, keepdim=True) + 1e-5)
    return h * a.part.weight(a, f"{name}.weight") + a.part.weight(a, f"{name}.bias")


def sublayer(a, z, f, name):
    if a.norm_first:
        return z + f(a, a.part.normal(a, z, name))
    return a.part.normal(a, z + f(a, z), name)


def order(a):
    return [(a.part.itself, "norm1"), (a.part.cross, "norm2"), (a.part.feed, "norm3")]


def through(a, z):
    for f, name in a.part.order(a):
        z = a.part.sublayer(a, z, f, name)
    return z


def forward(a):
    return SimpleNamespace(out=through(a, wide(a.x)).to(a.x.dtype))


def functions(call, call_vjp):
    found = base_decoder.functions(call, call_vjp)
    del found["decoder_layer_vjp"]
    return found


STEPS = {
    part.__name__: part
    for part in (
        *(weight, factor, softmax, causal, itself, seen, cross, activation, feed, normal),
        *(sublayer, order),
    )
}
decoder_layer = Base(
    "decoder_layer", "torch", forward, None, {"check": base_decoder.check, **STEPS}, functions
)


def begun(a):
    return a.start.long()[:, None]


def placed(a, x):
    """Angles in float64: sine in even columns, cosine in odd ones."""
    length, dim = x.shape[1:]
    rates = 10000.0 ** -(torch.arange(0, dim, 2, device=x.device).double() / max(dim, 1))
    angles = torch.arange(length, device=x.device).double()[:, None] * rates
    table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :dim]
    return x + table.to(x.dtype)


def layer(a, i):
    return {name: a.params[f"layers.{i}.{name}"] for name in DECODER}


def scores(a, x):
    projected = x[:, -1] @ wide(a.params["projection.weight"]).mT
    return projected + wide(a.params["projection.bias"])


def chosen(a, scores):
    tokens = torch.arange(scores.shape[-1], device=scores.device)
    largest = scores == scores.amax(-1, keepdim=True)
    return torch.where(largest, tokens, scores.shape[-1] - 1).amin(-1)


def forward_text(a):
    read = a.part.begun(a)
    for _ in range(int(a.steps)):
        x = a.part.placed(a, wide(a.params["embedding.weight"])[read])
        for i in range(base_generate.depth(a)):
            own = SimpleNamespace(
                x=x, memory=a.memory, params=a.part.layer(a, i), num_heads=a.num_heads,
                activation="relu", norm_first=False, memory_mask=None, part=a.part,
            )  # fmt: skip
            x = through(own, x)
        read = torch.cat([read, a.part.chosen(a, a.part.scores(a, x))[:, None]], dim=1)
    return SimpleNamespace(tokens=read[:, 1:].clone())


TEXT = {part.__name__: part for part in (begun, placed, layer, scores, chosen)}
generate = Base(
    "generate", "torch", forward_text, None,
    {"check": base_generate.check, **STEPS, **TEXT}, base_generate.functions,
)  # fmt: skip
