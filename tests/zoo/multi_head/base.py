"""Multi-head attention in plain NumPy, cut into parts; forward and vjp use the same parts.

blocks(a, t)          the rows for queries, keys and values of the first projection
project(a, x, w, b)   a projection of the first kind
split(a, x)           (B,L,E) to heads (B,N,L,D)
join(a, h)            back to (B,L,E)
factor(a, q)          the scale
causal(a, i, j)       which keys j a query i may attend to under is_causal: booleans (L,S)
boolean(a)            the mask as booleans that broadcast to (B,N,L,S)
allowed(a)            both together: booleans (B,N,L,S)
masked, softmax, product, dsoftmax   as in attention
last(a, x)            the last projection
"""

import math
from types import SimpleNamespace

import numpy as np

from zoo.attention import base as base_attention
from zoo.base import Base
from zoo.signatures import ARGUMENTS, expect, expect_mask

NAME = "multi_head_attention"


def check(a):
    sizes = expect(a, ARGUMENTS[NAME], a.traits["dtypes"])
    heads_divide(a, sizes["E"])
    shape = (sizes["B"], a.num_heads, sizes["L"], sizes["S"])
    expect_mask(a.mask, shape, a.query.dtype)


def heads_divide(a, features):
    if isinstance(a.num_heads, bool) or a.num_heads < 1 or features % a.num_heads:
        raise ValueError(f"{a.num_heads} heads do not divide {features} features")


def check_cotangents(a):
    expect(a, {"query": "B L E", "dout": "B L E"}, a.traits["dtypes"])


def blocks(a, t):
    return np.split(t, 3)


def project(a, x, w, b):
    return x @ w.T + b


def split(a, x):
    batch, length, e = x.shape
    return x.reshape(batch, length, a.num_heads, e // a.num_heads).swapaxes(1, 2)


def join(a, h):
    batch, n, length, d = h.shape
    return h.swapaxes(1, 2).reshape(batch, length, n * d)


def factor(a, q):
    return 1 / math.sqrt(max(q.shape[-1], 1))


def causal(a, i, j):
    return j <= i


def boolean(a):
    return a.mask if a.mask.dtype == bool else a.mask != -np.inf


def allowed(a):
    batch, length, keys = a.query.shape[0], a.query.shape[1], a.key.shape[1]
    ok = np.ones((batch, a.num_heads, length, keys), bool)
    if a.mask is not None:
        ok &= a.part.boolean(a)
    if a.is_causal:
        ok &= a.part.causal(a, np.arange(length)[:, None], np.arange(keys)[None])
    return ok


def scores(a, q, k):
    return a.part.factor(a, q) * (q @ np.swapaxes(k, -1, -2))


def last(a, x):
    return x @ a.out_proj_weight.T + a.out_proj_bias


def _stages(a):
    """Sources without what nobody reads, Q, K, V, and the weights of attention."""
    ok = a.part.allowed(a)
    empty = ~ok.any(-1, keepdims=True)
    reach = ok | empty if a.traits["fully_masked"] == "mean" else ok
    read = ok.any((1, 3)), ok.any((1, 2)), reach.any((1, 2))
    sources = [
        np.where(r[..., None], x, 0) for x, r in zip((a.query, a.key, a.value), read, strict=True)
    ]
    parts = zip(
        sources, a.part.blocks(a, a.in_proj_weight), a.part.blocks(a, a.in_proj_bias), strict=True
    )
    q, k, v = (a.part.split(a, a.part.project(a, x, w, b)) for x, w, b in parts)
    p = a.part.softmax(a, a.part.masked(a, a.part.scores(a, q, k), ok))
    return sources, q, k, v, p, ok, reach


def forward(a):
    with np.errstate(all="ignore"):
        _, _, _, v, p, _, reach = _stages(a)
        out = a.part.last(a, a.part.join(a, a.part.product(a, p, v, reach)))
    return SimpleNamespace(out=out)


def summed(dy, x):
    """dW and db of y = x W^T + b."""
    rows = dy.reshape(-1, dy.shape[-1])
    return rows.T @ x.reshape(-1, x.shape[-1]), rows.sum(0)


def gradient(a):
    def turn(t):
        return np.swapaxes(t, -1, -2)

    with np.errstate(all="ignore"):
        sources, q, k, v, p, ok, reach = _stages(a)
        heads = a.part.join(a, a.part.product(a, p, v, reach))
        dout_weight, dout_bias = summed(a.dout, heads)
        dh = a.part.split(a, a.dout @ a.out_proj_weight)
        dp = np.where(reach, dh @ turn(v), 0)
        ds = np.where(ok, a.part.dsoftmax(a, p, dp), 0) * a.part.factor(a, q)
        projected = [a.part.join(a, t) for t in (ds @ k, turn(ds) @ q, turn(p) @ dh)]
        weights = a.part.blocks(a, a.in_proj_weight)
        dx = [d @ w for d, w in zip(projected, weights, strict=True)]
        pairs = [summed(d, x) for d, x in zip(projected, sources, strict=True)]
    return SimpleNamespace(
        query=dx[0],
        key=dx[1],
        value=dx[2],
        in_proj_weight=np.concatenate([dw for dw, _ in pairs]),
        in_proj_bias=np.concatenate([db for _, db in pairs]),
        out_proj_weight=dout_weight,
        out_proj_bias=dout_bias,
    )


def functions(call, call_vjp):
    def multi_head_attention(
        query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias,
        num_heads, mask=None, is_causal=False,
    ):  # fmt: skip
        return call(
            query=query, key=key, value=value, in_proj_weight=in_proj_weight,
            in_proj_bias=in_proj_bias, out_proj_weight=out_proj_weight,
            out_proj_bias=out_proj_bias, num_heads=num_heads, mask=mask, is_causal=is_causal,
        )  # fmt: skip

    def multi_head_attention_vjp(
        dout, query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias,
        num_heads, mask=None, is_causal=False,
    ):  # fmt: skip
        return call_vjp(
            dout=dout, query=query, key=key, value=value, in_proj_weight=in_proj_weight,
            in_proj_bias=in_proj_bias, out_proj_weight=out_proj_weight,
            out_proj_bias=out_proj_bias, num_heads=num_heads, mask=mask, is_causal=is_causal,
        )  # fmt: skip

    return {NAME: multi_head_attention, f"{NAME}_vjp": multi_head_attention_vjp}


PARTS = {
    part.__name__: part
    for part in (
        *(check, check_cotangents, blocks, project, split, join, factor, causal, boolean),
        *(allowed, scores, last, base_attention.masked, base_attention.softmax),
        *(base_attention.product, base_attention.dsoftmax),
    )
}
multi_head_attention = Base(NAME, "numpy", forward, gradient, PARTS, functions)
