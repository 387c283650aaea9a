"""Greedy decoding in plain NumPy, with a cache (Vaswani et al. 2017; Shazeer 2019).

One position at a time: x (B,E). Parts:
    first(a)                     the token before the first (B,)
    fresh(a)                     an empty cache
    embedding(a, token)          (B,E)
    position(a, t)               the encoding of position t (E,)
    entered(a, x, p)             what the first layer reads
    weight(a, i, name)           an entry of layer i's parameters
    remembered(a, cache, i, t, k, v)   all keys and values so far (B,N,t+1,D), these included
    source(a, i)                 the memory whose keys and values layer i reads
    factor(a, d), softmax(a, s)  of attention
    activation(a, z)             of the feed-forward network
    depth(a)                     how many layers
    scores(a, x)                 logits (B,V)
    chosen(a, scores)            the next token of each row
    steps(a)                     how many tokens are made
    kept(a, tokens)              what is returned of those made, (B,steps)
"""

import math
from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.decoder.base import check_heads, check_names
from zoo.decoder.base import softmax as rows
from zoo.signatures import DECODER, expect

OWN = {"embedding.weight": "V E", "projection.weight": "V E", "projection.bias": "V"}


def check(a):
    if not hasattr(a.start, "dtype") or "int" not in str(a.start.dtype):
        raise TypeError("start is not an array of whole numbers")
    layers = [f"layers.{i}." for i in range(depth(a))]
    names = [p + name for p in layers for name in DECODER]
    check_names(a, [*OWN, *names])
    specs = {"memory": "B S E", **{f"params.{name}": axes for name, axes in OWN.items()}}
    sizes = expect(a, specs, a.traits["dtypes"])
    check_heads(a, sizes["E"])
    for p in layers or ["layers.0."]:  # each may be of another width inside
        own = {f"params.{p}{name}": axes for name, axes in DECODER.items()}
        expect(a, {"memory": "B S E", **own}, a.traits["dtypes"], {"E": sizes["E"]})
    if tuple(a.start.shape) != (sizes["B"],):
        raise ValueError(f"start is {tuple(a.start.shape)}, not ({sizes['B']},)")
    if sizes["B"] and not (int(a.start.min()) >= 0 and int(a.start.max()) < sizes["V"]):
        raise ValueError("start is not a token")
    if isinstance(a.steps, bool) or not hasattr(a.steps, "__index__"):
        raise TypeError("steps is not a whole number")
    if a.steps < 0:
        raise ValueError(f"{a.steps} steps")


def first(a):
    return np.asarray(a.start, np.int64)


def fresh(a):
    return {}


def embedding(a, token):
    return a.params["embedding.weight"][token]


def position(a, t):
    dim = a.memory.shape[-1]
    angle = t / 10000 ** (np.arange(0, dim, 2) / max(dim, 1))
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(-1)[:dim]


def entered(a, x, p):
    return x + p.astype(x.dtype)


def weight(a, i, name):
    return a.params[f"layers.{i}.{name}"]


def remembered(a, cache, i, t, k, v):
    for name, new in (("k", k[:, :, None]), ("v", v[:, :, None])):
        before = (cache[i, name],) if t else ()
        cache[i, name] = np.concatenate([*before, new], axis=2)
    return cache[i, "k"], cache[i, "v"]


def source(a, i):
    return a.memory


def factor(a, d):
    return 1 / math.sqrt(d)


def softmax(a, s):
    return rows(a, s)


def activation(a, z):
    return np.maximum(z, 0)


def linear(a, i, name, z):
    return z @ a.part.weight(a, i, f"{name}.weight").T + a.part.weight(a, i, f"{name}.bias")


def projected(a, i, name, z, block):
    """Queries (block 0), keys (1) or values (2) of z (...,E), in heads: (...,N,D)."""
    e = z.shape[-1]
    rows = slice(block * e, (block + 1) * e)
    w, b = (a.part.weight(a, i, f"{name}.in_proj_{n}")[rows] for n in ("weight", "bias"))
    return (z @ w.T + b).reshape(*z.shape[:-1], a.num_heads, e // a.num_heads)


def attend(a, i, name, x, k, v):
    """From x (B,E) to keys and values (B,N,S,D), and the last projection."""
    q = projected(a, i, name, x, 0)[:, :, None]  # (B,N,1,D)
    s = q @ k.swapaxes(-1, -2) * q.dtype.type(a.part.factor(a, q.shape[-1]))
    out = (a.part.softmax(a, s) @ v)[:, :, 0].reshape(x.shape)
    return linear(a, i, f"{name}.out_proj", out)


def normal(a, i, name, z):
    c = z - z.mean(-1, keepdims=True)
    h = c / np.sqrt((c * c).mean(-1, keepdims=True) + z.dtype.type(1e-5))
    return h * a.part.weight(a, i, f"{name}.weight") + a.part.weight(a, i, f"{name}.bias")


def layer(a, i, t, x, cache):
    k, v = (projected(a, i, "self_attn", x, block) for block in (1, 2))  # (B,N,D)
    k, v = a.part.remembered(a, cache, i, t, k, v)
    x = normal(a, i, "norm1", x + attend(a, i, "self_attn", x, k, v))
    memory = a.part.source(a, i)
    k, v = (projected(a, i, "multihead_attn", memory, block).swapaxes(1, 2) for block in (1, 2))
    x = normal(a, i, "norm2", x + attend(a, i, "multihead_attn", x, k, v))
    h = a.part.activation(a, linear(a, i, "linear1", x))
    return normal(a, i, "norm3", x + linear(a, i, "linear2", h))


def depth(a):
    return sum(name.endswith("norm3.weight") for name in a.params)


def scores(a, x):
    return x @ a.params["projection.weight"].T + a.params["projection.bias"]


def chosen(a, scores):
    return np.argmax(scores, axis=-1)


def steps(a):
    return int(a.steps)


def kept(a, tokens):
    return tokens


def forward(a):
    part = a.part
    token, cache, tokens = part.first(a), part.fresh(a), []
    with np.errstate(all="ignore"):
        for t in range(part.steps(a)):
            x = part.entered(a, part.embedding(a, token), part.position(a, t))
            for i in range(part.depth(a)):
                x = layer(a, i, t, x, cache)
            token = part.chosen(a, part.scores(a, x))
            tokens.append(token)
    none = np.zeros((len(a.start), 0), np.int64)
    made = np.stack(tokens, axis=1) if tokens else none
    return SimpleNamespace(tokens=part.kept(a, made).astype(np.int64))


def functions(call, call_vjp):
    def generate(memory, start, steps, params, num_heads):
        return call(memory=memory, start=start, steps=steps, params=params, num_heads=num_heads)

    return {"generate": generate}


PARTS = {
    part.__name__: part
    for part in (
        *(check, first, fresh, embedding, position, entered, weight, remembered, source, factor),
        *(softmax, activation, depth, scores, chosen, steps, kept),
    )
}
generate = Base("generate", "numpy", forward, None, PARTS, functions)
