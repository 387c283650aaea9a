"""Scaled dot-product attention. Vaswani et al. (2017); grouped heads: Ainslie et al. (2023).

s_ij = softcap tanh(scale q_i . k_j / softcap) + mask_ij
p_ij = exp(s_ij) / sum_j exp(s_ij), over the keys j that query i may see; zeros if it sees none
out_i = sum_j p_ij v_j

The queries of all heads that read one key head stand in one matrix of R = (N / M) L rows, so that
keys and values are never repeated. A NaN times a weight of zero is a NaN: every product with keys,
values, queries or cotangents therefore runs over visible pairs only.
"""

import math
from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous, integer, real
from seqlaws.impls.numpy_vectorized._softmax import shifted_softmax, softmax_backward


@np.errstate(all="ignore")
def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: Any = None,
    query_offset: Any = 0,
    window: Any = None,
    softcap: Any = None,
) -> Array:
    """Attend from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv); return (B, N, L, Dv).

    `mask` is broadcastable to (B, N, L, S): booleans (True: may attend) or floats of the inputs'
    dtype, added to the scores. `window` is (left, right), either None. Raises `ValueError` for a
    wrong shape, window or softcap, `TypeError` for a wrong dtype or an option of a wrong kind.
    """
    scale, softcap = _check(q, k, v, scale, softcap)
    visible, bias = _masks(q, k, mask, is_causal, query_offset, window)
    rows, k, v = contiguous(_by_key_head(q, k), k, v)
    p, _ = _weights(rows, k, visible, bias, scale, softcap)
    out = _over_visible(p, visible, v)
    return out.reshape(*q.shape[:3], v.shape[-1])


@np.errstate(all="ignore")
def attention_vjp(
    dout: Array,
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: Any = None,
    query_offset: Any = 0,
    window: Any = None,
    softcap: Any = None,
) -> tuple[Array, Array, Array]:
    """Gradient of `attention`: dout is (B, N, L, Dv); returns dq, dk, dv."""
    scale, softcap = _check(q, k, v, scale, softcap)
    bind(q=(q, "B N L D"), v=(v, "B M S Dv"), dout=(dout, "B N L Dv"))
    visible, bias = _masks(q, k, mask, is_causal, query_offset, window)
    rows, k, v, drows = contiguous(_by_key_head(q, k), k, v, _by_key_head(dout, k))
    p, slope = _weights(rows, k, visible, bias, scale, softcap)
    dp = np.where(visible, drows @ v.swapaxes(-1, -2), 0)  # (B, M, R, S)
    ds = np.where(visible, softmax_backward(dp, p, -1) * slope, 0) * scale
    dq = _over_visible(ds, visible, k)
    dk = _over_visible(ds.swapaxes(-1, -2), visible.swapaxes(-1, -2), rows)
    dv = _over_visible(p.swapaxes(-1, -2), visible.swapaxes(-1, -2), drows)
    return dq.reshape(q.shape), dk, dv


def _check(q: Array, k: Array, v: Array, scale: Any, softcap: Any) -> tuple[float, float | None]:
    """Check arrays and factors; return the scale, and the softcap if there is one."""
    size = bind(q=(q, "B N L D"), k=(k, "B M S D"), v=(v, "B M S Dv"))
    if size["M"] == 0 or size["N"] % size["M"]:
        raise ValueError(f"{size['M']} key heads do not divide {size['N']} query heads")
    # Without features every score is zero, whatever multiplies it.
    scale = 1 / math.sqrt(size["D"] or 1) if scale is None else real("scale", scale)
    softcap = None if softcap is None else real("softcap", softcap)
    if softcap is not None and not (softcap and math.isfinite(softcap)):
        raise ValueError(f"softcap must be finite and not zero, not {softcap}")
    return scale, softcap


def _by_key_head(array: Array, k: Array) -> Array:
    """Queries (B, N, L, D) as (B, M, R, D): query head n reads key head n // (N // M)."""
    batch, heads, length, features = array.shape
    group = heads // k.shape[1]
    return array.reshape(batch, k.shape[1], group * length, features)


def _masks(
    q: Array, k: Array, mask: Array | None, is_causal: bool, query_offset: Any, window: Any
) -> tuple[Array, Array | float]:
    """Which pairs are visible (B, M, R, S), and what is added to the scores."""
    shape = (*q.shape[:3], k.shape[2])  # (B, N, L, S)
    offset = integer("query_offset", query_offset)
    ahead = np.arange(shape[3]) - np.arange(shape[2])[:, None] - offset  # j - i - offset, (L, S)
    visible = _band(ahead, is_causal, window)
    bias: Array | float = 0.0
    if mask is not None:
        if not isinstance(mask, np.ndarray) or mask.dtype not in (np.bool_, q.dtype):
            kind = getattr(mask, "dtype", type(mask).__name__)
            raise TypeError(f"mask must be an array of booleans or of {q.dtype}, not of {kind}")
        try:
            mask = np.broadcast_to(mask, shape)
        except ValueError:
            raise ValueError(f"mask {mask.shape} is not broadcastable to {shape}") from None
        if mask.dtype == np.bool_:
            visible = visible & mask
        else:
            visible = visible & (mask != -np.inf)
            bias = _by_key_head(mask, k)
    return _by_key_head(np.broadcast_to(visible, shape), k), bias


def visible_pairs(q: Array, k: Array, mask: Array | None, is_causal: bool) -> Array:
    """Which query may see which key, (B, N, L, S), where each query head has its own key head."""
    return _masks(q, k, mask, is_causal, 0, None)[0]


def _band(ahead: Array, is_causal: bool, window: Any) -> Array:
    """Which distances `ahead` from a query to a key the causal rule and the window allow."""
    allowed = np.ones(ahead.shape, dtype=bool)
    if is_causal:
        allowed &= ahead <= 0
    if window is not None:
        if not isinstance(window, (tuple, list)) or len(window) != 2:
            raise ValueError(f"window must be a pair (left, right), not {window!r}")
        left, right = window
        if left is not None:
            allowed &= ahead >= -integer("window's left", left)
        if right is not None:
            allowed &= ahead <= integer("window's right", right)
    return allowed


def _weights(
    rows: Array, k: Array, visible: Array, bias: Array | float, scale: float, softcap: float | None
) -> tuple[Array, Array | float]:
    """The weights p (B, M, R, S), and the slope of the softcap where there is one."""
    scores = rows @ k.swapaxes(-1, -2) * scale
    slope: Array | float = 1.0
    if softcap is not None:
        capped = np.tanh(scores / softcap)
        scores, slope = softcap * capped, 1 - capped * capped
    p = shifted_softmax(np.where(visible, scores + bias, -np.inf), -1)
    return np.where(visible, p, 0), slope


def _over_visible(weights: Array, visible: Array, values: Array) -> Array:
    """The product weights @ values, where a NaN or infinity counts only for rows that see it."""
    finite = np.isfinite(values)
    total: Array = weights @ np.where(finite, values, 0)
    if finite.all():
        return total
    seen = visible.astype(values.dtype)
    up, down = seen @ (values == np.inf), seen @ (values == -np.inf)
    extra = np.full_like(total, -0.0)  # adding it changes no number, not even the sign of a zero
    extra[up > 0] = np.inf
    extra[down > 0] = -np.inf
    extra[((up > 0) & (down > 0)) | (seen @ np.isnan(values) > 0)] = np.nan
    return total + extra
