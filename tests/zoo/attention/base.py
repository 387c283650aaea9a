"""Attention in plain NumPy, cut into parts; forward and vjp use the same parts.

Key heads are repeated to the query heads first, so inside, k and v are (B,N,S,.). Parts:
    heads(a, t)           key heads to query heads
    factor(a)             the scale
    scores(a, q, k)       scaled products (B,N,L,S)
    cap(a, s)             the soft cap, if any
    causal(a, i, j)       which keys j a query i may attend to under is_causal: booleans (L,S)
    windowed(a, i, j)     the same for the window
    boolean(a)            the same for a boolean mask
    allowed(a)            all of these together: booleans (B,N,L,S)
    masked(a, s, allowed) scores with the float mask added, -inf where not allowed
    softmax(a, s)         probabilities; a row of -inf throughout gets what the trait says
    product(a, p, v, allowed)  p @ v
    dsoftmax(a, p, dp), dcap(a, s, ds), fold(a, t)   used by the vjp alone
"""

import math
from types import SimpleNamespace

import numpy as np

from zoo.base import Base
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


def check_cotangents(a):
    expect(a, {"q": "B N L D", "v": "B M S V", "dout": "B N L V"}, a.traits["dtypes"])


def heads(a, t):
    return np.repeat(t, a.q.shape[1] // t.shape[1], axis=1)


def fold(a, t):
    """The gradient of `heads`: (B,N,S,.) -> (B,M,S,.)."""
    m = a.k.shape[1]
    return t.reshape(t.shape[0], m, t.shape[1] // m, *t.shape[2:]).sum(2)


def factor(a):
    return 1 / math.sqrt(a.q.shape[-1]) if a.scale is None else float(a.scale)


def scores(a, q, k):
    return a.part.factor(a) * (q @ np.swapaxes(k, -1, -2))


def cap(a, s):
    return s if a.softcap is None else a.softcap * np.tanh(s / a.softcap)


def causal(a, i, j):
    return j <= i + a.query_offset


def windowed(a, i, j):
    left, right = a.window
    here = i + a.query_offset
    ok = np.ones(np.broadcast_shapes(i.shape, j.shape), bool)
    if left is not None:
        ok &= here - left <= j
    if right is not None:
        ok &= j <= here + right
    return ok


def boolean(a):
    return a.mask if a.mask.dtype == bool else a.mask != -np.inf


def allowed(a):
    length, keys = a.q.shape[2], a.k.shape[2]
    i, j = np.arange(length)[:, None], np.arange(keys)[None]
    ok = np.ones((*a.q.shape[:2], length, keys), bool)
    if a.mask is not None:
        ok &= a.part.boolean(a)
    if a.is_causal:
        ok &= a.part.causal(a, i, j)
    if a.window is not None:
        ok &= a.part.windowed(a, i, j)
    return ok


def masked(a, s, allowed):
    if a.mask is not None and a.mask.dtype != bool:
        s = s + a.mask
    return np.where(allowed, s, -np.inf)


def softmax(a, s):
    m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
    empty = m == -np.inf
    e = np.exp(s - np.where(empty, 0, m))
    p = e / np.where(empty, 1, np.sum(e, axis=-1, keepdims=True))
    filler = {"zeros": 0, "nan": np.nan, "mean": 1 / max(s.shape[-1], 1)}
    return np.where(empty, filler[a.traits["fully_masked"]], p)


def product(a, p, v, allowed):
    """p @ v, in which a value that a query may not attend to has no part, not even a NaN."""
    bad = ~np.isfinite(v)
    out = p @ np.where(bad, 0, v)
    reach = allowed[..., None] & bad[:, :, None] if bad.any() else np.zeros(1, bool)
    if reach.any():
        extra = np.sum(np.where(reach, p[..., None] * v[:, :, None], 0), axis=-2)
        out = np.where(reach.any(-2), out + extra, out)
    return out


def _stages(a):
    k, v = a.part.heads(a, a.k), a.part.heads(a, a.v)
    ok = a.part.allowed(a)
    s = a.part.scores(a, a.q, k)
    p = a.part.softmax(a, a.part.masked(a, a.part.cap(a, s), ok))
    empty = ~ok.any(-1, keepdims=True)
    reach = ok | empty if a.traits["fully_masked"] == "mean" else ok
    return k, v, ok, s, p, empty, reach


def forward(a):
    with np.errstate(all="ignore"):
        _, v, _, _, p, empty, reach = _stages(a)
        out = a.part.product(a, p, v, reach)
        if a.traits["fully_masked"] == "nan":
            out = np.where(empty, np.nan, out)  # also where there is no key at all
    return SimpleNamespace(out=out)


def dsoftmax(a, p, dp):
    return p * (dp - np.sum(p * dp, axis=-1, keepdims=True))


def dcap(a, s, ds):
    return ds if a.softcap is None else ds * (1 - np.tanh(s / a.softcap) ** 2)


def gradient(a):
    def turn(t):
        return np.swapaxes(t, -1, -2)

    with np.errstate(all="ignore"):
        k, v, ok, s, p, empty, reach = _stages(a)
        p = np.where(reach, p, 0)  # else a NaN key makes all weights of its query NaN
        dv = product(a, turn(p), a.dout, turn(reach))
        dp = np.where(reach, a.dout @ turn(v), 0)
        ds = np.where(ok, a.part.dcap(a, s, a.part.dsoftmax(a, p, dp)), 0)
        if a.traits["fully_masked"] == "nan":
            ds = np.where(empty, np.nan, ds)
        ds = ds * a.part.factor(a)
        dq = product(a, ds, k, ok)
        dk = product(a, turn(ds), a.q, turn(ok))
    return SimpleNamespace(q=dq, k=a.part.fold(a, dk), v=a.part.fold(a, dv))


def functions(call, call_vjp):
    def attention(
        q, k, v, mask=None, is_causal=False, scale=None, query_offset=0, window=None, softcap=None
    ):
        return call(
            q=q, k=k, v=v, mask=mask, is_causal=is_causal, scale=scale,
            query_offset=query_offset, window=window, softcap=softcap,
        )  # fmt: skip

    def attention_vjp(
        dout, q, k, v, mask=None, is_causal=False, scale=None, query_offset=0, window=None,
        softcap=None,
    ):  # fmt: skip
        return call_vjp(
            dout=dout, q=q, k=k, v=v, mask=mask, is_causal=is_causal, scale=scale,
            query_offset=query_offset, window=window, softcap=softcap,
        )  # fmt: skip

    return {"attention": attention, "attention_vjp": attention_vjp}


PARTS = {
    part.__name__: part
    for part in (
        *(check, check_cotangents, heads, factor, scores, cap, causal, windowed, boolean),
        *(allowed, masked, softmax, product, dsoftmax, dcap, fold),
    )
}
attention = Base("attention", "numpy", forward, gradient, PARTS, functions)
