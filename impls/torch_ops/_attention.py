"""Scaled dot-product attention. Vaswani et al. (2017); grouped heads: Ainslie et al. (2023).

s_ij = softcap tanh(scale q_i . k_j / softcap) + mask_ij
p_ij = exp(s_ij) / sum_j exp(s_ij), over the keys j that query i may see; zeros if it sees none
out_i = sum_j p_ij v_j

The queries of all heads that read one key head stand in one matrix of R = (N / M) L rows, so that
keys and values are never repeated.

0 * NaN is NaN: what nobody sees is replaced by zeros before any arithmetic. A NaN that some query
sees and another does not is kept out of the products, and put where it belongs in the results.
"""

import math
from typing import Any

import torch
from torch import Tensor

from seqlaws.impls.torch_ops._checks import bind, integer, real, wide
from seqlaws.impls.torch_ops._softmax import softmax_or_zeros


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: Any = None,
    query_offset: Any = 0,
    window: Any = None,
    softcap: Any = None,
) -> Tensor:
    """Attend from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv); return (B, N, L, Dv).

    `mask` is broadcastable to (B, N, L, S): booleans (True: may attend) or floats of the inputs'
    dtype, added to the scores. `window` is (left, right), either None. Raises `ValueError` for a
    wrong shape, window or softcap, `TypeError` for a wrong dtype or an option of a wrong kind.
    """
    size = bind(q=(q, "B N L D"), k=(k, "B M S D"), v=(v, "B M S Dv"))
    if size["M"] == 0 or size["N"] % size["M"]:
        raise ValueError(f"{size['M']} key heads do not divide {size['N']} query heads")
    # Without features every score is zero, whatever multiplies it.
    scale = 1 / math.sqrt(size["D"] or 1) if scale is None else real("scale", scale)
    softcap = None if softcap is None else real("softcap", softcap)
    if softcap is not None and not (softcap and math.isfinite(softcap)):
        raise ValueError(f"softcap must be finite and not zero, not {softcap}")

    visible, bias = _masks(q, k, mask, is_causal, query_offset, window)
    rows = (size["B"], size["M"], size["N"] // size["M"] * size["L"])
    if visible is None:
        queries, keys, values = wide(q).reshape(*rows, size["D"]), wide(k), wide(v)
        p = torch.softmax(_capped(queries @ keys.mT * scale, softcap), -1)
        return _mix(p, None, values).reshape(*q.shape[:3], size["Dv"]).to(q.dtype)
    visible = visible.reshape(*rows, size["S"])
    hidden = ~visible  # (B, M, R, S)
    blind, unseen = hidden.all(-1)[..., None], hidden.all(-2)[..., None]  # (B, M, R or S, 1)
    queries = wide(q).reshape(*rows, size["D"]).masked_fill(blind, 0)
    keys, values = wide(k).masked_fill(unseen, 0), wide(v).masked_fill(unseen, 0)

    scores = _capped((_products(queries, keys) * scale).masked_fill(hidden, 0), softcap)
    if bias is not None:
        scores = scores + wide(bias).reshape(scores.shape)
    p = softmax_or_zeros(scores.masked_fill(hidden, -math.inf), -1).masked_fill(hidden, 0)
    return _mix(p, visible, values).reshape(*q.shape[:3], size["Dv"]).to(q.dtype)


def _capped(scores: Tensor, softcap: float | None) -> Tensor:
    return scores if softcap is None else softcap * torch.tanh(scores / softcap)


def _masks(
    q: Tensor, k: Tensor, mask: Tensor | None, is_causal: bool, query_offset: Any, window: Any
) -> tuple[Tensor | None, Tensor | None]:
    """Which pairs are visible, None if all are, and what is added to the scores; (B, N, L, S)."""
    shape, offset = (*q.shape[:3], k.shape[2]), integer("query_offset", query_offset)
    if mask is None and not is_causal and window is None:
        return None, None
    j = torch.arange(shape[3], device=q.device)
    i = torch.arange(shape[2], device=q.device)[:, None]
    visible = _band(j - i - offset, is_causal, window)
    bias = None
    if mask is not None:
        if not isinstance(mask, Tensor) or mask.dtype not in (torch.bool, q.dtype):
            kind = getattr(mask, "dtype", type(mask).__name__)
            raise TypeError(f"mask must be a tensor of booleans or of {q.dtype}, not of {kind}")
        if mask.device != q.device:
            raise ValueError(f"mask is on {mask.device}, q on {q.device}")
        try:
            mask = mask.broadcast_to(shape)
        except RuntimeError:
            got = tuple(mask.shape)
            raise ValueError(f"mask {got} is not broadcastable to {shape}") from None
        if mask.dtype == torch.bool:
            visible = visible & mask
        else:
            visible = visible & (mask != -math.inf)
            bias = mask
    return visible.broadcast_to(shape), bias


def visible_pairs(q: Tensor, k: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor:
    """Which query may see which key, (B, N, L, S): q is (B, N, L, D), k is (B, N, S, D)."""
    visible, _ = _masks(q, k, mask, is_causal, 0, None)
    return q.new_ones((*q.shape[:3], k.shape[2]), dtype=torch.bool) if visible is None else visible


def _band(ahead: Tensor, is_causal: bool, window: Any) -> Tensor:
    """Which distances `ahead` from a query to a key the causal rule and the window allow."""
    allowed = torch.ones_like(ahead, dtype=torch.bool)
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


def _products(queries: Tensor, keys: Tensor) -> Tensor:
    """The product queries @ keys^T, where a NaN stays with its pairs, in the gradient too."""
    if bool(queries.isfinite().all() & keys.isfinite().all()):
        return queries @ keys.mT
    with torch.no_grad():
        exact = queries @ keys.mT
        extra = exact.masked_fill(exact.isfinite(), 0)
    return _finite(queries) @ _finite(keys).mT + extra


def _mix(p: Tensor, visible: Tensor | None, values: Tensor) -> Tensor:
    """The product p @ values, where a NaN or infinity counts only for queries that see it."""
    if bool(values.isfinite().all()):
        return p @ values
    if visible is None:
        visible = torch.ones_like(p, dtype=torch.bool)
    out = p @ _finite(values)  # (B, M, R, Dv)
    with torch.no_grad():
        seen = visible.to(p.dtype)
        up, down, nan = (
            seen @ x.to(p.dtype) > 0
            for x in (values == math.inf, values == -math.inf, values.isnan())
        )
        # -0.0 is what changes no number when added, not even the sign of a zero.
        extra = torch.full_like(out, -0.0).masked_fill(up, math.inf).masked_fill(down, -math.inf)
        extra = extra.masked_fill(nan | (up & down), math.nan)
        bad = visible & ~values.isfinite().all(-1)[..., None, :]  # (B, M, R, S)
        slope = torch.zeros_like(p).masked_fill(bad, math.nan)
    # Adds nothing to the value, and a NaN to the gradient of the weights of what is not finite.
    through = (p * slope).sum(-1, keepdim=True)
    with torch.no_grad():
        through.fill_(-0.0)
    return out + extra + through


def _finite(x: Tensor) -> Tensor:
    """Give x with zeros for what is not finite, yet with the gradient of x itself everywhere."""
    clean = x.clone()
    with torch.no_grad():
        clean.masked_fill_(~clean.isfinite(), 0)
    return clean
