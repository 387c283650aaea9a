"""Attention and an RNN in other orders of axes, into given arrays, with their log-sum-exp.

Each maker returns a namespace; `wrong` names one defect, or none.
"""

import math
from types import SimpleNamespace

import numpy as np

LAYOUT = ("", "reshaped, not transposed", "output in the contract's order",
          "gradient of k in the contract's order")  # fmt: skip
TIME = ("", "final state of the last row", "batch first", "lengths along the batch")
WRITES = ("", "adds to the array", "leaves rows without keys", "array of its own")
LSE = ("", "base 2", "before the scale", "no logarithm of an empty row", "maximum alone")


def weights(q, k, is_causal, scale, mask=None):
    """The weights and log-sum-exps of (B, H, S, D) arrays."""
    q, k = q.astype(np.float64), np.repeat(k, q.shape[1] // k.shape[1], axis=1)
    s = q @ np.swapaxes(k, -1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if is_causal:
        s = np.where(np.arange(s.shape[-1]) <= np.arange(s.shape[-2])[:, None], s, -np.inf)
    if mask is not None:
        s = np.where(mask, s, -np.inf) if mask.dtype == bool else s + mask
    largest = np.max(s, -1, keepdims=True, initial=-1e300)
    e = np.exp(s - largest)
    total = e.sum(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        lse = np.log(total) + largest
    return e / np.where(total == 0, 1, total), lse[..., 0]


def in_heads_inside(wrong=""):
    """Attention in the order batch, sequence, heads, features, and its gradient."""

    def turned(x):
        b, s, h, d = x.shape
        if wrong == "reshaped, not transposed":
            return np.ascontiguousarray(x).reshape(b, h, s, d)
        return x.transpose(0, 2, 1, 3)

    def back(x):
        return np.ascontiguousarray(x.transpose(0, 2, 1, 3)).astype(np.float32)

    def attention(q, k, v, is_causal=False, scale=None):
        p, _ = weights(turned(q), turned(k), is_causal, scale)
        out = p @ np.repeat(turned(v), q.shape[2] // k.shape[2], axis=1)
        return out.astype(np.float32) if wrong == LAYOUT[2] else back(out)

    def attention_vjp(dout, q, k, v, is_causal=False, scale=None):
        dout, q, k, v = map(turned, (dout, q, k, v))
        group, c = q.shape[1] // k.shape[1], 1 / math.sqrt(q.shape[-1]) if scale is None else scale
        p, _ = weights(q, k, is_causal, scale)
        dp = dout @ np.swapaxes(np.repeat(v, group, axis=1), -1, -2).astype(float)
        ds = p * (dp - (p * dp).sum(-1, keepdims=True)) * c

        def over_group(x):
            return x.reshape(x.shape[0], -1, group, *x.shape[2:]).sum(2)

        dk = over_group(np.swapaxes(ds, -1, -2) @ q)
        dv = over_group(np.swapaxes(p, -1, -2) @ dout)
        dk = dk.astype(np.float32) if wrong == LAYOUT[3] else back(dk)
        return back(ds @ np.repeat(k, group, axis=1)), dk, back(dv)

    traits = {"layout": {"attention": "BSHD"}}
    return SimpleNamespace(TRAITS=traits, attention=attention, attention_vjp=attention_vjp)


def time_first(wrong=""):
    """A tanh RNN in the order time, batch, features."""

    def rnn(x, h0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None):
        if wrong == "batch first":
            x = x.reshape(x.shape[1], x.shape[0], x.shape[2]).transpose(1, 0, 2)
        h, y = h0, np.zeros((*x.shape[:2], h0.shape[1]), x.dtype)
        for t, now in enumerate(x):
            new = np.tanh(now @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)
            there = np.ones(len(h0), bool) if lengths is None else t < lengths
            if wrong == "lengths along the batch" and lengths is not None and len(x) == len(h0):
                there = np.arange(len(h0)) < lengths[t]
            h = np.where(there[:, None], new, h)
            y[t] = np.where(there[:, None], new, 0)
        if wrong == "final state of the last row" and len(x) and lengths is None:
            h = np.broadcast_to(y[:, -1:][-1], h.shape).copy()
        return y, h.copy()

    return SimpleNamespace(TRAITS={"layout": {"rnn": "TBI"}}, rnn=rnn)


def into_an_array(wrong=""):
    """Attention that writes to `out`."""

    def attention(q, k, v, mask=None, is_causal=False, scale=None, *, out):
        p, lse = weights(q, k, is_causal, scale, mask)
        made = (p @ np.repeat(v, q.shape[1] // k.shape[1], axis=1)).astype(np.float32)
        if wrong == "array of its own":
            return made
        if wrong == "adds to the array":
            made += out
        seen = np.isfinite(lse)[..., None] if wrong == "leaves rows without keys" else True
        np.copyto(out, made, where=seen)
        return out

    return SimpleNamespace(TRAITS={"writes": "out"}, attention=attention)


def with_lse(wrong=""):
    """Attention that returns its log-sum-exps, too."""

    def attention(q, k, v, mask=None, is_causal=False, scale=None):
        p, lse = weights(q, k, is_causal, scale, mask)
        out = p @ np.repeat(v, q.shape[1] // k.shape[1], axis=1)
        if wrong == "base 2":
            lse = lse / math.log(2)
        if wrong == "before the scale":
            _, lse = weights(q, k, is_causal, 1.0, mask)
        if wrong == "no logarithm of an empty row":
            lse = np.where(np.isneginf(lse), 0.0, lse)
        if wrong == "maximum alone":
            lse = lse + np.log(p.max(-1, initial=0))
        return out.astype(np.float32), lse.astype(np.float32)

    traits = {"returns": {"attention": ("out", "lse")}}
    return SimpleNamespace(TRAITS=traits, attention=attention)
