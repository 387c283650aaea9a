"""attention: each query returns a mean of the values, weighted by how well their keys match.

A query is compared with every key, softmax turns the scores into weights, and the output is the
mean of the values with these weights. Every position is one step away from any other, while a
recurrent network has to carry information through all steps between them. The factor 1/sqrt(D)
keeps the scores of random queries and keys near 1 for any D. Without it, scores of size sqrt(D)
would saturate softmax, and its gradient would vanish.

Sources: Vaswani et al. (2017), "Attention is all you need", equation 1; query heads that share
keys: Ainslie et al. (2023), "GQA: training generalized multi-query transformer models from
multi-head checkpoints"; softcap: Gemma Team (2024), "Gemma 2"; windows: Beltagy, Peters and Cohan
(2020), "Longformer"; the row sums of the vjp as do . out: Dao et al. (2022), "FlashAttention",
appendix B.
"""

import math
from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, either, log_sum_exp, matmul_where, transpose
from seqlaws.reference.masks import allowed_pairs, is_floating
from seqlaws.reference.shapes import bind
from seqlaws.reference.softmax import weights

Window = tuple[int | None, int | None] | None


def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Any = None,
    is_causal: bool = False,
    scale: float | None = None,
    query_offset: int = 0,
    window: Window = None,
    softcap: float | None = None,
    *,
    fully_masked: str = "zeros",
) -> Array:
    """Attention of q (B, N, L, D) to k (B, M, S, D), v (B, M, S, Dv): (B, N, L, Dv); M divides N.

        s_ij  = scale (q_i . k_j)
        s_ij  = softcap tanh(s_ij / softcap)            if a softcap is given
        s_ij  = s_ij + mask_ij                          if the mask is floating
        s_ij  = -inf                                    where i may not attend to j
        p_ij  = exp(s_ij) / sum_j exp(s_ij)             softmax over the keys
        out_i = sum_j p_ij v_j

    Query head n reads key head n // (N // M).
    scale: factor of the scores; 1/sqrt(D) by default. 0.0 is a valid scale.
    softcap: limit of the scores; applied after the scale and before any mask.
    fully_masked: the output of a query that may attend to no key: "zeros", "nan", "mean".
    Raises ValueError or TypeError for invalid arguments.
    """
    group = heads(q, k, v)
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    allowed, s, _ = scores(q, k, mask, is_causal, scale, query_offset, window, softcap)
    p = +weights(s, fully_masked)
    return +matmul_where(counted(allowed, fully_masked), p, v)


def attention_vjp(
    dout: Array,
    q: Array,
    k: Array,
    v: Array,
    mask: Any = None,
    is_causal: bool = False,
    scale: float | None = None,
    query_offset: int = 0,
    window: Window = None,
    softcap: float | None = None,
    *,
    fully_masked: str = "zeros",
) -> tuple[Array, Array, Array]:
    """Gradients of q, k and v from dout (B, N, L, Dv).

        dv_j  = sum_i p_ij dout_i
        dp_ij = dout_i . v_j
        ds_ij = p_ij (dp_ij - sum_j p_ij dp_ij)         the sum equals dout_i . out_i
        ds_ij = ds_ij (1 - tanh(.)^2)                   the slope of the softcap, if there is one
        dq_i  = scale sum_j ds_ij k_j
        dk_j  = scale sum_i ds_ij q_i                   dk, dv: over the query heads that share j

    No gradient passes through the scores of a query that may attend to no key. With
    fully_masked="nan" everything that depends on such a query is NaN, and has no bound.
    """
    group = heads(q, k, v)
    bind("attention_vjp", q=(q, "B N L D"), v=(v, "B M S Dv"), dout=(dout, "B N L Dv"))
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    c = default_scale(q, scale)
    allowed, s, slope = scores(q, k, mask, is_causal, scale, query_offset, window, softcap)
    counts = counted(allowed, fully_masked)
    p = +weights(s, fully_masked)
    out = +matmul_where(counts, p, v)
    p = +either(p, np.where(allowed, np.exp(s - log_sum_exp(s)), p))  # from the stored log-sum-exp
    dv = transpose(p) @ dout
    dp = np.where(allowed, dout @ transpose(v), 0)
    inner = either(
        np.sum(p * dp, axis=-1, keepdims=True), np.sum(dout * out, axis=-1, keepdims=True)
    )
    ds = np.where(allowed, +(p * (dp - inner) * slope), 0 * p if fully_masked == "nan" else 0)
    dq = matmul_where(allowed, ds * c, k)
    dk = matmul_where(transpose(allowed), transpose(ds * c), q)
    return +dq, +over_group(dk, group), +over_group(dv, group)


def scores(
    q: Array,
    k: Array,
    mask: Any,
    is_causal: bool,
    scale: float | None,
    query_offset: int,
    window: Window,
    softcap: float | None,
) -> tuple[Array, Array, Array]:
    """Which pairs are allowed; their scores, -inf elsewhere; the slope of the softcap, or 1."""
    allowed = allowed_pairs((*q.shape[:3], k.shape[2]), mask, is_causal, query_offset, window)
    s, slope = (q @ transpose(k)) * default_scale(q, scale), 1.0  # (B, N, L, S)
    if softcap is not None:
        t = np.tanh(s * (1 / softcap))
        s, slope = t * softcap, 1 - t * t
    if is_floating(mask):
        s = s + mask
    return allowed, np.where(allowed, s, -np.inf), slope


def counted(allowed: Array, fully_masked: str) -> Array:
    """The pairs whose values enter the output: a fully masked row's mean takes every value."""
    if fully_masked != "mean":
        return allowed
    return allowed | ~np.any(allowed, axis=-1, keepdims=True)


def default_scale(q: Array, scale: float | None) -> float:
    """The factor of the scores."""
    return 1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else float(scale)


def heads(q: Array, k: Array, v: Array) -> int:
    """How many query heads share a key head, once everything fits."""
    s = bind("attention", q=(q, "B N L D"), k=(k, "B M S D"), v=(v, "B M S Dv"))
    if s["M"] == 0 or s["N"] % s["M"]:
        raise ValueError(f"attention: {s['M']} key heads do not divide {s['N']} query heads")
    return s["N"] // s["M"]


def over_group(dk: Array, group: int) -> Array:
    """Sum the gradients of the query heads that share a key head: (B, N, S, D) to (B, M, S, D)."""
    batch, n, s, d = dk.shape
    return np.sum(np.reshape(dk, (batch, n // group, group, s, d)), axis=2)
