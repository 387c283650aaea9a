"""Flash attention, forward. Dao et al. (2022), Dao (2023).

A program has QUERIES queries of one head, and FEATURES features of the result. It goes over the
keys KEYS at a time, and keeps for each query the maximum of its scores, the sum of the exponents
and the sum of the values; when the maximum grows, both sums are rescaled. Query i sees the keys
from i + low to i + high: a causal rule, a window and an offset are such a band, and blocks of keys
outside of it are skipped.
"""

import triton
import triton.language as tl

from seqlaws.impls.triton_kernels.kernels.functions import tanh

BOOLEAN = tl.constexpr(1)  # kinds of masks
FLOATING = tl.constexpr(2)


@triton.jit
def products(
    a, b, i, j, I, J, count, a_line, a_column, b_line, b_column,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, FEATURES: tl.constexpr,
):  # fmt: skip
    """The products of rows i of a (I, count) and rows j of b (J, count): (ROWS, COLUMNS)."""
    total = tl.zeros([ROWS, COLUMNS], tl.float32)
    for first in range(0, count, FEATURES):
        d = first + tl.arange(0, FEATURES)
        left = tl.load(
            a + i[:, None].to(tl.int64) * a_line + d[None, :] * a_column,
            mask=(i[:, None] < I) & (d[None, :] < count), other=0.0,
        )  # fmt: skip
        right = tl.load(
            b + j[None, :].to(tl.int64) * b_line + d[:, None] * b_column,
            mask=(j[None, :] < J) & (d[:, None] < count), other=0.0,
        )  # fmt: skip
        total = tl.dot(left, right, total, input_precision="ieee")
    return total


@triton.jit
def masked(
    s, mask, i, j, L, S, low, high, softcap, mask_query, mask_key,
    MASK: tl.constexpr, CAPPED: tl.constexpr,
):  # fmt: skip
    """Capped scores with the mask and the band, -inf where query i does not see key j.

    Also tanh(s / softcap), for the gradient.
    """
    bent = s
    if CAPPED:
        bent = tanh(s / softcap)
        s = softcap * bent
    inside = (i[:, None] < L) & (j[None, :] < S)
    visible = inside & (i[:, None] + low <= j[None, :]) & (j[None, :] <= i[:, None] + high)
    where = i[:, None].to(tl.int64) * mask_query + j[None, :].to(tl.int64) * mask_key
    if MASK == BOOLEAN:
        visible = visible & (tl.load(mask + where, mask=inside, other=0) != 0)
    if MASK == FLOATING:
        s += tl.load(mask + where, mask=inside, other=0.0).to(tl.float32)
    return tl.where(visible, s, float("-inf")), bent


@triton.jit
def forward(
    q, k, v, mask, out, logs, N, group, L, S, D, Dv, low, high, scale, softcap,
    q_batch, q_head, q_query, q_feature, k_batch, k_head, k_key, k_feature,
    v_batch, v_head, v_key, v_feature, mask_batch, mask_head, mask_query, mask_key,
    MASK: tl.constexpr, CAPPED: tl.constexpr,
    QUERIES: tl.constexpr, KEYS: tl.constexpr, FEATURES: tl.constexpr, VALUES: tl.constexpr,
):  # fmt: skip
    """out (B, N, L, Dv), and the logarithms (B, N, L) of the sums; inf where there is no key."""
    batch, head = tl.program_id(1).to(tl.int64) // N, tl.program_id(1).to(tl.int64) % N
    q += batch * q_batch + head * q_head
    k += batch * k_batch + head // group * k_head
    v += batch * v_batch + head // group * v_head
    mask += batch * mask_batch + head * mask_head
    line = (batch * N + head) * L
    begin = tl.program_id(0) * QUERIES
    i = begin + tl.arange(0, QUERIES)
    feature = tl.program_id(2) * VALUES + tl.arange(0, VALUES)
    largest = tl.full([QUERIES], float("-inf"), tl.float32)
    total = tl.zeros([QUERIES], tl.float32)
    values = tl.zeros([QUERIES, VALUES], tl.float32)
    start = tl.maximum(begin + low, 0) // KEYS * KEYS
    end = tl.minimum(tl.minimum(begin + QUERIES, L) + high, S)
    for first in range(start, end, KEYS):
        j = first + tl.arange(0, KEYS)
        s = products(q, k, i, j, L, S, D, q_query, q_feature, k_key, k_feature,
                     QUERIES, KEYS, FEATURES) * scale  # fmt: skip
        s, _ = masked(s, mask, i, j, L, S, low, high, softcap, mask_query, mask_key,
                      MASK, CAPPED)  # fmt: skip
        new = tl.maximum(largest, tl.max(s, 1))
        base = tl.where(new == float("-inf"), 0.0, new)  # -inf - -inf would be NaN
        p = tl.exp(s - base[:, None])
        rescale = tl.exp(largest - base)
        total = total * rescale + tl.sum(p, 1)
        seen = tl.load(
            v + j[:, None].to(tl.int64) * v_key + feature[None, :] * v_feature,
            mask=(j[:, None] < S) & (feature[None, :] < Dv), other=0.0,
        )  # fmt: skip
        values = values * rescale[:, None]
        values = tl.dot(p.to(seen.dtype), seen, values, input_precision="ieee")
        largest = new
    none = total == 0.0
    values = values / tl.where(none, 1.0, total)[:, None]
    where = (line + i[:, None]) * Dv + feature[None, :]
    inside = (i[:, None] < L) & (feature[None, :] < Dv)
    tl.store(out + where, values.to(out.dtype.element_ty), mask=inside)
    base = tl.where(none, 0.0, largest)
    log = tl.where(none, float("inf"), base + tl.log(tl.where(none, 1.0, total)))
    tl.store(logs + line + i, log, mask=i < L)  # each tile of features writes the same
