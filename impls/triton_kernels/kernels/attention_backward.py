"""Flash attention, backward. Dao et al. (2022).

The weights are computed again from the scores and the logarithms of their sums, so that nothing of
the size of all pairs is kept. One kernel goes over the keys for the gradient of its queries; the
other one goes over the queries of all heads of a group for the gradients of its keys and values, so
that no two programs write to one place.
"""

import triton
import triton.language as tl

from seqlaws.impls.triton_kernels.kernels.attention import masked, products


@triton.jit
def inner_products(dout, out, delta, rows, n, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """delta (rows,) = the sums of dout out, both (rows, n)."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    total = tl.zeros([ROWS], tl.float32)
    for first in range(0, n, COLUMNS):
        column = first + tl.arange(0, COLUMNS)
        inside = (row[:, None] < rows) & (column[None, :] < n)
        where = row[:, None] * n + column[None, :]
        d = tl.load(dout + where, mask=inside, other=0.0).to(tl.float32)
        total += tl.sum(d * tl.load(out + where, mask=inside, other=0.0), 1)
    tl.store(delta + row, total, mask=row < rows)


@triton.jit
def slopes(
    q, k, v, dout, mask, logs, delta, i, j, L, S, D, Dv, low, high, scale, softcap,
    q_query, q_feature, k_key, k_feature, v_key, v_feature, mask_query, mask_key,
    MASK: tl.constexpr, CAPPED: tl.constexpr,
    QUERIES: tl.constexpr, KEYS: tl.constexpr, FEATURES: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    """The weights p, and the gradient of the products q k: both (QUERIES, KEYS)."""
    s = products(q, k, i, j, L, S, D, q_query, q_feature, k_key, k_feature,
                 QUERIES, KEYS, FEATURES) * scale  # fmt: skip
    s, bent = masked(s, mask, i, j, L, S, low, high, softcap, mask_query, mask_key,
                     MASK, CAPPED)  # fmt: skip
    log = tl.load(logs + i, mask=i < L, other=float("inf"))
    p = tl.exp(s - log[:, None])
    dp = products(dout, v, i, j, L, S, Dv, Dv, 1, v_key, v_feature, QUERIES, KEYS, VALUES)
    ds = p * (dp - tl.load(delta + i, mask=i < L, other=0.0)[:, None])
    if CAPPED:
        ds = ds * (1.0 - bent * bent)
    return p, ds * scale


@triton.jit
def of_queries(
    q, k, v, dout, mask, logs, delta, dq, N, group, L, S, D, Dv, low, high, scale, softcap,
    q_batch, q_head, q_query, q_feature, k_batch, k_head, k_key, k_feature,
    v_batch, v_head, v_key, v_feature, mask_batch, mask_head, mask_query, mask_key,
    MASK: tl.constexpr, CAPPED: tl.constexpr,
    QUERIES: tl.constexpr, KEYS: tl.constexpr, FEATURES: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    """dq (B, N, L, D) = ds k; dout is contiguous."""
    batch, head = tl.program_id(1).to(tl.int64) // N, tl.program_id(1).to(tl.int64) % N
    line = (batch * N + head) * L
    q += batch * q_batch + head * q_head
    k += batch * k_batch + head // group * k_head
    v += batch * v_batch + head // group * v_head
    mask += batch * mask_batch + head * mask_head
    begin = tl.program_id(0) * QUERIES
    i = begin + tl.arange(0, QUERIES)
    feature = tl.program_id(2) * FEATURES + tl.arange(0, FEATURES)
    gradient = tl.zeros([QUERIES, FEATURES], tl.float32)
    start = tl.maximum(begin + low, 0) // KEYS * KEYS
    end = tl.minimum(tl.minimum(begin + QUERIES, L) + high, S)
    for first in range(start, end, KEYS):
        j = first + tl.arange(0, KEYS)
        _, ds = slopes(q, k, v, dout + line * Dv, mask, logs + line, delta + line, i, j,
                       L, S, D, Dv, low, high, scale, softcap,
                       q_query, q_feature, k_key, k_feature, v_key, v_feature,
                       mask_query, mask_key, MASK, CAPPED,
                       QUERIES, KEYS, FEATURES, VALUES)  # fmt: skip
        keys = tl.load(
            k + j[:, None].to(tl.int64) * k_key + feature[None, :] * k_feature,
            mask=(j[:, None] < S) & (feature[None, :] < D), other=0.0,
        )  # fmt: skip
        gradient = tl.dot(ds, keys.to(tl.float32), gradient, input_precision="ieee")
    where = (line + i[:, None]) * D + feature[None, :]
    inside = (i[:, None] < L) & (feature[None, :] < D)
    tl.store(dq + where, gradient.to(dq.dtype.element_ty), mask=inside)


@triton.jit
def of_keys(
    q, k, v, dout, mask, logs, delta, dk, dv, N, group, L, S, D, Dv, low, high, scale, softcap,
    q_batch, q_head, q_query, q_feature, k_batch, k_head, k_key, k_feature,
    v_batch, v_head, v_key, v_feature, mask_batch, mask_head, mask_query, mask_key,
    MASK: tl.constexpr, CAPPED: tl.constexpr,
    QUERIES: tl.constexpr, KEYS: tl.constexpr, FEATURES: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    """dk (B, M, S, D) = ds^T q and dv (B, M, S, Dv) = p^T dout; dout is contiguous."""
    M = N // group
    batch, shared = tl.program_id(1).to(tl.int64) // M, tl.program_id(1).to(tl.int64) % M
    k += batch * k_batch + shared * k_head
    v += batch * v_batch + shared * v_head
    begin = tl.program_id(0) * KEYS
    j = begin + tl.arange(0, KEYS)
    feature = tl.program_id(2) * FEATURES + tl.arange(0, FEATURES)
    value = tl.program_id(2) * VALUES + tl.arange(0, VALUES)
    keys = tl.zeros([KEYS, FEATURES], tl.float32)
    values = tl.zeros([KEYS, VALUES], tl.float32)
    start = tl.maximum(begin - high, 0) // QUERIES * QUERIES
    end = tl.minimum(tl.minimum(begin + KEYS, S) - low, L)
    for member in range(group):
        head = shared * group + member
        line = (batch * N + head) * L
        queries = q + batch * q_batch + head * q_head
        for first in range(start, end, QUERIES):
            i = first + tl.arange(0, QUERIES)
            p, ds = slopes(queries, k, v, dout + line * Dv,
                           mask + batch * mask_batch + head * mask_head,
                           logs + line, delta + line, i, j,
                           L, S, D, Dv, low, high, scale, softcap,
                           q_query, q_feature, k_key, k_feature, v_key, v_feature,
                           mask_query, mask_key, MASK, CAPPED,
                           QUERIES, KEYS, FEATURES, VALUES)  # fmt: skip
            some = tl.load(
                queries + i[:, None].to(tl.int64) * q_query + feature[None, :] * q_feature,
                mask=(i[:, None] < L) & (feature[None, :] < D), other=0.0,
            )  # fmt: skip
            keys = tl.dot(tl.trans(ds), some.to(tl.float32), keys, input_precision="ieee")
            pulled = tl.load(
                dout + (line + i[:, None]) * Dv + value[None, :],
                mask=(i[:, None] < L) & (value[None, :] < Dv), other=0.0,
            )  # fmt: skip
            values = tl.dot(tl.trans(p), pulled.to(tl.float32), values, input_precision="ieee")
    line = (batch * M + shared) * S + j[:, None]
    inside = (j[:, None] < S) & (feature[None, :] < D)
    tl.store(dk + line * D + feature[None, :], keys.to(dk.dtype.element_ty), mask=inside)
    inside = (j[:, None] < S) & (value[None, :] < Dv)
    tl.store(dv + line * Dv + value[None, :], values.to(dv.dtype.element_ty), mask=inside)
