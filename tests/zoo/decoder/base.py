"""A decoder layer in plain NumPy, cut into parts (Vaswani et al. 2017, section 3.1).

Every step of it returns its value and the way back: (y, back), back(dy) -> dz, which adds the
gradients of what it read to `a.g`, by name. Parts:
    weight(a, name)          an entry of the parameters
    seen(a)                  which memory each query may attend to (B,N,T,S), what is added to the
                             scores, and the memory with zeros where nobody looks
    causal(a, i, j)          which positions j a position i may attend to: booleans (T,T)
    split(a, t), merge(a, t) heads out of the features (B,T,E) -> (B,N,T,D), and back
    factor(a, d)             the scores' scale
    softmax(a, s)            probabilities; a row of -inf throughout gets zeros
    itself(a, z), cross(a, z), feed(a, z)   the three sublayers, without norm and residual
    activation(a, z), slope(a, z)
    normal(a, z, name)       layer norm with the weights of that name
    sublayer(a, z, f, name)  a sublayer with its norm and residual
    order(a)                 the sublayers, each with its norm's name
"""

import math
from types import SimpleNamespace

import numpy as np

from zoo.attention.base import product
from zoo.base import Base
from zoo.signatures import ARGUMENTS, DECODER, expect, expect_mask

_erf = np.vectorize(math.erf, otypes=[float])


def check_names(a, known):
    """Raise unless params is a dict with no other names, and num_heads a whole number."""
    if not isinstance(a.params, dict):
        raise TypeError("params is not a dict")
    if unknown := set(a.params) - set(known):
        raise ValueError(f"params has {', '.join(sorted(unknown))}")
    if isinstance(a.num_heads, bool) or not hasattr(a.num_heads, "__index__"):
        raise TypeError("num_heads is not a whole number")


def check_heads(a, features):
    """Raise unless num_heads divides the features."""
    if a.num_heads < 1 or features % a.num_heads:
        raise ValueError(f"{a.num_heads} heads do not divide {features} features")


def check(a):
    check_names(a, DECODER)
    sizes = expect(a, ARGUMENTS["decoder_layer"], a.traits["dtypes"])
    check_heads(a, sizes["E"])
    if a.activation not in ("relu", "gelu"):
        raise ValueError(f"activation {a.activation!r}")
    shape = (sizes["B"], a.num_heads, sizes["T"], sizes["S"])
    expect_mask(a.memory_mask, shape, a.x.dtype)


def check_cotangents(a):
    expect(a, {"x": "B T E", "dout": "B T E"}, a.traits["dtypes"])


def weight(a, name):
    return a.params[name]


def add(a, name, gradient):
    """One more part of a gradient."""
    a.g[name] = a.g[name] + gradient if name in a.g else gradient


def linear(a, z, name, rows=None):
    """W z + b; `rows` of both, where one matrix holds several."""
    rows = rows or slice(None)
    dot = "_" if "in_proj" in name else "."
    names = f"{name}{dot}weight", f"{name}{dot}bias"
    w, b = (a.part.weight(a, n)[rows] for n in names)

    def back(dy):
        for n, gradient in zip(names, (np.einsum("btg,btf->gf", dy, z), dy.sum((0, 1)))):  # noqa: B905
            whole = np.zeros_like(a.params[n])
            whole[rows] = gradient
            add(a, n, whole)
        return dy @ w

    return z @ w.T + b, back


def split(a, t):
    batch, length, e = t.shape
    return t.reshape(batch, length, a.num_heads, e // a.num_heads).swapaxes(1, 2)


def merge(a, t):
    batch, heads, length, d = t.shape
    return t.swapaxes(1, 2).reshape(batch, length, heads * d)


def factor(a, d):
    return 1 / math.sqrt(d)


def softmax(a, s):
    m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
    e = np.exp(s - np.where(m == -np.inf, 0, m))
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


def heads(a, name, z, source, allowed, added):
    """Multi-head attention from z to the source; back(dy) -> (dz, dsource)."""
    part, e = a.part, z.shape[-1]
    sources = (z, source, source)
    projected = [linear(a, x, f"{name}.in_proj", slice(i * e, i * e + e))
                 for i, x in enumerate(sources)]  # fmt: skip
    q, k, v = (part.split(a, y) for y, _ in projected)
    c = z.dtype.type(part.factor(a, q.shape[-1]))
    s = np.where(allowed, q @ k.swapaxes(-1, -2) * c + added, -np.inf)
    p = part.softmax(a, s)
    out, out_back = linear(a, part.merge(a, product(a, p, v, allowed)), f"{name}.out_proj")

    def back(dy):
        do = split(a, out_back(dy))
        dv = p.swapaxes(-1, -2) @ do
        dp = do @ v.swapaxes(-1, -2)
        ds = np.where(allowed, p * (dp - np.sum(p * dp, axis=-1, keepdims=True)), 0) * c
        dq, dk = ds @ k, ds.swapaxes(-1, -2) @ q
        dz, dkey, dvalue = (b(merge(a, d)) for (_, b), d in zip(projected, (dq, dk, dv)))  # noqa: B905
        return dz, dkey + dvalue

    return out, back


def causal(a, i, j):
    return j <= i


def itself(a, z):
    length = z.shape[1]
    i, j = np.arange(length)[:, None], np.arange(length)[None]
    allowed = np.broadcast_to(a.part.causal(a, i, j), (z.shape[0], a.num_heads, length, length))
    y, back = heads(a, "self_attn", z, z, allowed, z.dtype.type(0))
    return y, lambda dy: sum(back(dy))


def seen(a):
    shape = (a.x.shape[0], a.num_heads, a.x.shape[1], a.memory.shape[1])
    allowed, added = np.ones(shape, bool), a.x.dtype.type(0)
    if a.memory_mask is not None:
        boolean = a.memory_mask.dtype == bool
        allowed = allowed & (a.memory_mask if boolean else a.memory_mask != -np.inf)
        added = added if boolean else a.memory_mask
    read = allowed.any((1, 2))[..., None]
    return allowed, added, np.where(read, a.memory, 0)


def cross(a, z):
    allowed, added, memory = a.part.seen(a)
    y, back = heads(a, "multihead_attn", z, memory, allowed, added)

    def backwards(dy):
        dz, dmemory = back(dy)
        add(a, "memory", dmemory)
        return dz

    return y, backwards


def activation(a, z):
    if a.activation == "relu":
        return np.maximum(z, 0)
    return (z / 2 * (1 + _erf(z / math.sqrt(2)))).astype(z.dtype)


def slope(a, z):
    if a.activation == "relu":
        return (z > 0).astype(z.dtype)
    density = np.exp(-(z * z) / 2) / math.sqrt(2 * math.pi)
    return ((1 + _erf(z / math.sqrt(2))) / 2 + z * density).astype(z.dtype)


def feed(a, z):
    h, first = linear(a, z, "linear1")
    y, second = linear(a, a.part.activation(a, h), "linear2")
    return y, lambda dy: first(second(dy) * a.part.slope(a, h))


def normal(a, z, name):
    w, b = a.part.weight(a, f"{name}.weight"), a.part.weight(a, f"{name}.bias")
    c = z - z.mean(-1, keepdims=True)
    r = 1 / np.sqrt((c * c).mean(-1, keepdims=True) + z.dtype.type(1e-5))
    h = c * r

    def back(dy):
        add(a, f"{name}.weight", (dy * h).sum((0, 1)))
        add(a, f"{name}.bias", dy.sum((0, 1)))
        g = dy * w
        return r * (g - g.mean(-1, keepdims=True) - h * (g * h).mean(-1, keepdims=True))

    return h * w + b, back


def sublayer(a, z, f, name):
    normal = a.part.normal
    if a.norm_first:
        n, norm_back = normal(a, z, name)
        y, back = f(a, n)
        return z + y, lambda dy: dy + norm_back(back(dy))
    y, back = f(a, z)
    out, norm_back = normal(a, z + y, name)

    def backwards(dy):
        ds = norm_back(dy)
        return ds + back(ds)

    return out, backwards


def order(a):
    return [(a.part.itself, "norm1"), (a.part.cross, "norm2"), (a.part.feed, "norm3")]


def through(a, z):
    """All sublayers, and the ways back in the order of the way there."""
    backs = []
    for f, name in a.part.order(a):
        z, back = a.part.sublayer(a, z, f, name)
        backs.append(back)
    return z, backs


def forward(a):
    a.g = {}
    with np.errstate(all="ignore"):
        out, _ = through(a, a.x)
    return SimpleNamespace(out=out)


def gradient(a):
    a.g = {}
    with np.errstate(all="ignore"):
        _, backs = through(a, a.x)
        dz = a.dout
        for back in reversed(backs):
            dz = back(dz)
    memory = a.g.pop("memory", np.zeros_like(a.memory))
    params = {name: a.g.get(name, np.zeros_like(p)) for name, p in a.params.items()}
    return SimpleNamespace(x=dz, memory=memory, params=params)


def functions(call, call_vjp):
    def decoder_layer(
        x, memory, params, num_heads, activation="relu", norm_first=False, memory_mask=None
    ):
        return call(
            x=x, memory=memory, params=params, num_heads=num_heads, activation=activation,
            norm_first=norm_first, memory_mask=memory_mask,
        )  # fmt: skip

    def decoder_layer_vjp(
        dout, x, memory, params, num_heads, activation="relu", norm_first=False, memory_mask=None
    ):
        return call_vjp(
            dout=dout, x=x, memory=memory, params=params, num_heads=num_heads,
            activation=activation, norm_first=norm_first, memory_mask=memory_mask,
        )  # fmt: skip

    return {"decoder_layer": decoder_layer, "decoder_layer_vjp": decoder_layer_vjp}


STEPS = {
    part.__name__: part
    for part in (
        *(weight, split, merge, factor, softmax, causal, itself, seen, cross, activation, slope),
        *(feed, normal, sublayer, order),
    )
}
PARTS = {"check": check, "check_cotangents": check_cotangents, **STEPS}
decoder_layer = Base("decoder_layer", "numpy", forward, gradient, PARTS, functions)
