"""Scaled dot-product attention. Vaswani et al. (2017); grouped heads: Ainslie et al. (2023).

s_ij = softcap tanh(scale q_i . k_j / softcap) + mask_ij
p_ij = exp(s_ij) / sum_j exp(s_ij), over the keys j that query i may see; zeros if it sees none
out_i = sum_j p_ij v_j

The queries of all heads that read one key head stand in one matrix of R = (N / M) L rows, so that
keys and values are never repeated. Of the H = B M such matrices a few are taken at a time, so that
their scores stay in the cache. The scale is put on q, and the sum divides the output: both have
fewer entries than the scores.

A NaN times a weight of zero is a NaN: every product with keys, values, queries or cotangents
therefore runs over visible pairs only.
"""

import math
from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._blocks import blocks
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous, integer, real
from seqlaws.impls.numpy_vectorized._softmax import exponentials, softmax_backward


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
    heads = k.shape[0] * k.shape[1]
    rows, keys, values = (_matrices(array, heads) for array in contiguous(q, k, v))
    seen, added = _matrices(visible, heads), _matrices(bias, heads)
    out = np.empty((*rows.shape[:2], v.shape[-1]), v.dtype)
    for at in blocks(heads, rows.shape[1] * keys.shape[1]):
        scores, _ = _scores(rows[at] * scale, keys[at], _part(seen, at), _part(added, at), softcap)
        weights, total = exponentials(scores, -1, out=scores)
        np.divide(_over_visible(weights, _part(seen, at), values[at]), total, out=out[at])
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
    heads = k.shape[0] * k.shape[1]
    rows, keys, values, drows = (_matrices(array, heads) for array in contiguous(q, k, v, dout))
    seen, added = _matrices(visible, heads), _matrices(bias, heads)
    dq, dk, dv = (np.empty_like(array) for array in (rows, keys, values))
    for at in blocks(heads, rows.shape[1] * keys.shape[1]):
        now, scaled = _part(seen, at), rows[at] * scale
        scores, slope = _scores(scaled, keys[at], now, _part(added, at), softcap)
        p, total = exponentials(scores, -1, out=scores)
        p /= total
        ds = softmax_backward(_shown(drows[at] @ _turned(values[at]), now), _shown(p, now), -1)
        if slope is not None:
            ds *= slope
        _shown(ds, now)
        dq[at] = _over_visible(ds, now, keys[at]) * scale
        dk[at] = _over_visible(_turned(ds), _turned(now), scaled)
        dv[at] = _over_visible(_turned(p), _turned(now), drows[at])
    return dq.reshape(q.shape), dk.reshape(k.shape), dv.reshape(v.shape)


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


def _masks(
    q: Array, k: Array, mask: Array | None, is_causal: bool, query_offset: Any, window: Any
) -> tuple[Array | None, Array | None]:
    """Which pairs are visible, None if all are, and what is added to the scores; (B, N, L, S)."""
    shape = (*q.shape[:3], k.shape[2])
    offset = integer("query_offset", query_offset)
    visible = bias = None
    if is_causal or window is not None:
        ahead = np.arange(shape[3]) - np.arange(shape[2])[:, None] - offset  # j - i - offset
        visible = np.broadcast_to(_band(ahead, is_causal, window), shape)
    if mask is not None:
        if not isinstance(mask, np.ndarray) or mask.dtype not in (np.bool_, q.dtype):
            kind = getattr(mask, "dtype", type(mask).__name__)
            raise TypeError(f"mask must be an array of booleans or of {q.dtype}, not of {kind}")
        try:
            mask = np.broadcast_to(mask, shape)
        except ValueError:
            raise ValueError(f"mask {mask.shape} is not broadcastable to {shape}") from None
        bias = None if mask.dtype == np.bool_ else mask
        allowed = mask if bias is None else mask != -np.inf
        visible = allowed if visible is None else visible & allowed
    return visible, bias


def visible_pairs(q: Array, k: Array, mask: Array | None, is_causal: bool) -> Array | None:
    """Which query may see which key, (B, N, L, S), or None if all; k has as many heads as q."""
    if 0 in (q.shape[2], k.shape[2]):
        return np.ones((*q.shape[:3], k.shape[2]), dtype=bool)  # nobody sees anything
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


def _matrices(array: Any, heads: int) -> Any:
    """An array (B, N or M, L or S, ...) as (H, R or S, ...); query head n reads n // (N / M)."""
    if array is None:
        return None
    rows = math.prod(array.shape[:3]) // max(heads, 1)
    return array.reshape(heads, rows, array.shape[3])


def _part(array: Any, at: slice) -> Any:
    return None if array is None else array[at]


def _turned(array: Any) -> Any:
    return None if array is None else array.swapaxes(-1, -2)


def _shown(array: Array, visible: Array | None) -> Array:
    """The array, in place, with zeros for the pairs that are not visible."""
    if visible is not None:
        np.copyto(array, 0, where=~visible)
    return array


def _scores(
    scaled: Array, keys: Array, visible: Array | None, bias: Array | None, softcap: float | None
) -> tuple[Array, Array | None]:
    """The scores s (H, R, S), -inf for pairs that are not visible, and the softcap's slope."""
    scores, slope = scaled @ _turned(keys), None
    if softcap is not None:
        capped = np.tanh(scores / softcap)
        scores, slope = softcap * capped, 1 - capped * capped
    if bias is not None:
        scores += bias
    if visible is not None:
        np.copyto(scores, -np.inf, where=~visible)
    return scores, slope


def _over_visible(weights: Array, visible: Array | None, values: Array) -> Array:
    """The product weights @ values, where a NaN or infinity counts only for rows that see it."""
    finite = np.isfinite(values)
    if finite.all():
        return weights @ values
    total: Array = weights @ np.where(finite, values, 0)
    seen = np.ones_like(weights) if visible is None else visible.astype(values.dtype)
    up, down = seen @ (values == np.inf), seen @ (values == -np.inf)
    extra = np.full_like(total, -0.0)  # adding it changes no number, not even the sign of a zero
    extra[up > 0] = np.inf
    extra[down > 0] = -np.inf
    extra[((up > 0) & (down > 0)) | (seen @ np.isnan(values) > 0)] = np.nan
    return total + extra
