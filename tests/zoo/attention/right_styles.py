"""Right attention as people write it in NumPy: a tiled kernel, and multi-head from scratch."""

import math

import numpy as np

from zoo.attention import base as base_attention
from zoo.entries import right_functions
from zoo.multi_head import base as base_multi_head
from zoo.positions import base as base_positions

BLOCK_M, BLOCK_N = 32, 16


def attn_scores(q, k, start_m, start_n, causal):
    s = q @ k.swapaxes(-1, -2)
    if causal:
        offs_m = start_m + np.arange(q.shape[2])[:, None]
        offs_n = start_n + np.arange(k.shape[2])[None, :]
        s = np.where(offs_m >= offs_n, s, -np.inf)
    return s


def attn_fwd(q, k, v, causal, sm_scale):
    """Blocks of queries over blocks of keys with an online softmax; returns out and LSE."""
    out = np.zeros((*q.shape[:3], v.shape[3]), q.dtype)
    lse = np.zeros(q.shape[:3], q.dtype)
    for start_m in range(0, q.shape[2], BLOCK_M):
        q_i = q[:, :, start_m : start_m + BLOCK_M] * sm_scale
        m_i = np.full(q_i.shape[:3], -np.inf, q.dtype)
        l_i = np.zeros(q_i.shape[:3], q.dtype)
        acc = np.zeros((*q_i.shape[:3], v.shape[3]), q.dtype)
        hi = min(k.shape[2], start_m + BLOCK_M) if causal else k.shape[2]
        for start_n in range(0, hi, BLOCK_N):
            block = np.s_[:, :, start_n : start_n + BLOCK_N]
            s = attn_scores(q_i, k[block], start_m, start_n, causal)
            m_new = np.maximum(m_i, s.max(axis=-1))
            p = np.exp(s - m_new[..., None])
            alpha = np.exp(m_i - m_new)
            l_i = l_i * alpha + p.sum(axis=-1)
            acc = acc * alpha[..., None] + p @ v[block]
            m_i = m_new
        out[:, :, start_m : start_m + BLOCK_M] = acc / l_i[..., None]
        lse[:, :, start_m : start_m + BLOCK_M] = m_i + np.log(l_i)
    return out, lse


def attn_bwd(do, q, k, v, out, lse, causal, sm_scale):
    """Blocks of keys; P is recomputed from LSE, and rowsum(P dP) is rowsum(dO O)."""
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    delta = (do * out).sum(axis=-1, keepdims=True)
    for start_n in range(0, k.shape[2], BLOCK_N):
        block = np.s_[:, :, start_n : start_n + BLOCK_N]
        p = np.exp(attn_scores(q * sm_scale, k[block], 0, start_n, causal) - lse[..., None])
        dv[block] = p.swapaxes(-1, -2) @ do
        ds = p * (do @ v[block].swapaxes(-1, -2) - delta) * sm_scale
        dk[block] = ds.swapaxes(-1, -2) @ q
        dq += ds @ k[block]
    return dq, dk, dv


@right_functions(base_attention.attention, "style", bare=True)
def attention_of_a_kernel(build):
    """The wrapper of a tiled kernel: heads repeated, LSE kept, a backward that recomputes P."""

    def repeat_kv(q, t):
        return np.repeat(t, q.shape[1] // t.shape[1], axis=1)

    def attention(q, k, v, is_causal=False, scale=None):
        assert k.shape[2] > 0
        sm_scale = 1.0 / math.sqrt(q.shape[-1]) if scale is None else scale
        return attn_fwd(q, repeat_kv(q, k), repeat_kv(q, v), is_causal, sm_scale)[0]

    def attention_vjp(dout, q, k, v, is_causal=False, scale=None):
        assert k.shape[2] > 0
        sm_scale = 1.0 / math.sqrt(q.shape[-1]) if scale is None else scale
        kr, vr = repeat_kv(q, k), repeat_kv(q, v)
        out, lse = attn_fwd(q, kr, vr, is_causal, sm_scale)
        dq, dk, dv = attn_bwd(dout, q, kr, vr, out, lse, is_causal, sm_scale)
        groups = (*k.shape[:2], q.shape[1] // k.shape[1])
        dk = dk.reshape(*groups, *k.shape[2:]).sum(axis=2)
        dv = dv.reshape(*groups, *v.shape[2:]).sum(axis=2)
        return dq, dk, dv

    return {"attention": attention, "attention_vjp": attention_vjp}


class MultiHeadAttention:
    """Queries, keys and values are projected, split into heads, attended to, joined, projected."""

    def __init__(self, d_model, num_heads, in_proj, out_proj):
        assert d_model % num_heads == 0
        self.num_heads, self.depth = num_heads, d_model // num_heads
        (self.wq, self.wk, self.wv), (self.bq, self.bk, self.bv) = in_proj
        self.wo, self.bo = out_proj

    def split_heads(self, x):
        return x.reshape(x.shape[0], -1, self.num_heads, self.depth).transpose(0, 2, 1, 3)

    def combine_heads(self, x):
        return x.transpose(0, 2, 1, 3).reshape(x.shape[0], -1, self.num_heads * self.depth)

    def scaled_dot_product_attention(self, Q, K, V, mask):
        scores = np.matmul(Q, K.transpose(0, 1, 3, 2)) / math.sqrt(self.depth)
        if mask is not None:
            scores = np.where(mask, scores, -np.inf)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return np.matmul(weights, V)

    def forward(self, query, key, value, mask=None):
        Q = self.split_heads(query @ self.wq.T + self.bq)
        K = self.split_heads(key @ self.wk.T + self.bk)
        V = self.split_heads(value @ self.wv.T + self.bv)
        heads = self.scaled_dot_product_attention(Q, K, V, mask)
        return self.combine_heads(heads) @ self.wo.T + self.bo


@right_functions(base_multi_head.multi_head_attention, "style", bare=True, fully_masked="nan")
def multi_head_from_scratch(build):
    """A class of an "attention from scratch" post; boolean masks alone; NaN rows, as declared."""

    def multi_head_attention(
        query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias, num_heads,
        mask=None, is_causal=False,
    ):  # fmt: skip
        if mask is not None and mask.dtype != bool:
            raise TypeError("boolean masks only")
        if is_causal:
            tril = np.tril(np.ones((query.shape[1], key.shape[1]), dtype=bool))
            mask = tril if mask is None else mask & tril
        projections = np.split(in_proj_weight, 3), np.split(in_proj_bias, 3)
        mha = MultiHeadAttention(
            query.shape[-1], num_heads, projections, (out_proj_weight, out_proj_bias)
        )
        return mha.forward(query, key, value, mask)

    return {"multi_head_attention": multi_head_attention}


@right_functions(base_positions.positional_encoding, "style", dtypes=("float64",), bare=True)
def encoding_of_the_annotated_transformer(build):
    """The table of the Annotated Transformer: rates by exp of a logarithm, even and odd slices."""

    def positional_encoding(length, dim):
        pe = np.zeros((length, dim))
        position = np.arange(0, length)[:, None]
        div_term = np.exp(np.arange(0, dim, 2) * -(math.log(10000.0) / dim))
        pe[:, 0::2] = np.sin(position * div_term)
        pe[:, 1::2] = np.cos(position * div_term[: dim // 2])
        return pe

    return {"positional_encoding": positional_encoding}
