"""Scaled dot-product attention: arguments, strides and grids of the kernels."""

import math
from operator import index
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqlaws.impls._shapes import bind_attention, must_be
from seqlaws.impls.triton_kernels._launch import DTYPES, FEATURES, KEYS, QUERIES, tile_of, tiled
from seqlaws.impls.triton_kernels.kernels import attention as forward
from seqlaws.impls.triton_kernels.kernels import attention_backward as backward


class Call(NamedTuple):
    """What all kernels take of a call: arrays, sizes, strides, and what is known when compiled."""

    mask: Tensor
    sizes: tuple[Any, ...]
    strides: tuple[int, ...]
    constants: dict[str, Any]
    tiles: dict[str, int]


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
    call = _call(q, k, v, mask, is_causal, scale, query_offset, window, softcap)
    return _forward(call, q, k, v, q.dtype)[0]


def attention_vjp(
    dout: Tensor,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: Any = None,
    query_offset: Any = 0,
    window: Any = None,
    softcap: Any = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of q, k and v for the cotangent dout (B, N, L, Dv)."""
    call = _call(q, k, v, mask, is_causal, scale, query_offset, window, softcap)
    _, _, L, S, D, Dv, *_ = call.sizes
    must_be(Tensor, "dout", dout)
    if dout.shape != (*q.shape[:3], Dv) or dout.dtype != q.dtype:
        raise ValueError(f"dout must be {q.dtype} of shape {(*q.shape[:3], Dv)}")
    out, logs = _forward(call, q, k, v, torch.float32)
    dout, delta = dout.contiguous(), torch.empty_like(logs)
    dq, dk, dv = (torch.zeros(x.shape, dtype=x.dtype, device=x.device) for x in (q, k, v))
    rows = logs.numel()
    if rows:
        tile = {"ROWS": 32, "COLUMNS": 64}
        backward.inner_products[tiled(rows, tile["ROWS"]),](dout, out, delta, rows, Dv, **tile)
    given = q, k, v, dout, call.mask, logs, delta
    rest = *call.sizes, *call.strides
    both = call.constants | call.tiles
    if dq.numel() and S:
        grid = tiled(L, QUERIES), q.shape[0] * q.shape[1], tiled(D, call.tiles["FEATURES"])
        backward.of_queries[grid](*given, dq, *rest, **both)
    if (dk.numel() or dv.numel()) and rows:
        across = max(tiled(D, call.tiles["FEATURES"]), tiled(Dv, call.tiles["VALUES"]))
        grid = tiled(S, KEYS), k.shape[0] * k.shape[1], across
        backward.of_keys[grid](*given, dk, dv, *rest, **both)
    return dq, dk, dv


def _forward(
    call: Call, q: Tensor, k: Tensor, v: Tensor, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Return the result in a dtype, and the logarithms of the softmax's sums."""
    out = torch.empty((*q.shape[:3], v.shape[3]), dtype=dtype, device=q.device)
    logs = torch.empty(q.shape[:3], dtype=torch.float32, device=q.device)
    if logs.numel():
        across = max(1, tiled(v.shape[3], call.tiles["VALUES"]))
        grid = tiled(q.shape[2], QUERIES), q.shape[0] * q.shape[1], across
        given = q, k, v, call.mask, out, logs, *call.sizes, *call.strides
        forward.forward[grid](*given, **call.constants, **call.tiles)
    return out, logs


def _call(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    is_causal: bool,
    scale: Any,
    query_offset: Any,
    window: Any,
    softcap: Any,
) -> Call:
    """Check the arguments, and put together what the kernels take of them."""
    size = bind_attention(Tensor, DTYPES, q, k, v, mask)
    B, N, L, S, D, Dv = (size[letter] for letter in ("B", "N", "L", "S", "D", "Dv"))
    scale = 1 / math.sqrt(D or 1) if scale is None else float(scale)
    if softcap is not None and not (math.isfinite(softcap) and softcap):
        raise ValueError(f"softcap must be finite and not zero, not {softcap}")
    low, high = _band(L, S, is_causal, index(query_offset), window)
    strides: tuple[int, ...] = (0, 0, 0, 0)
    given = q
    kind = 0
    if mask is not None:
        kind = 1 if mask.dtype == torch.bool else 2
        given = mask.view(torch.uint8) if kind == 1 else mask
        strides = given.broadcast_to((B, N, L, S)).stride()
    sizes = (N, N // size["M"], L, S, D, Dv, low, high, scale, float(softcap or 1.0))
    tiles = {"QUERIES": QUERIES, "KEYS": KEYS}
    tiles |= {"FEATURES": tile_of(D, FEATURES), "VALUES": tile_of(Dv, FEATURES)}
    constants = {"MASK": kind, "CAPPED": softcap is not None}
    return Call(given, sizes, (*q.stride(), *k.stride(), *v.stride(), *strides), constants, tiles)


def _band(L: int, S: int, is_causal: bool, offset: int, window: Any) -> tuple[int, int]:
    """Return low and high: query i sees the keys from i + low to i + high.

    They are cut to what L and S make of them, so that they fit into 32 bits beside any index.
    """
    left, right = (None, None) if window is None else window
    low = -L if left is None else offset - index(left)
    high = S if right is None else offset + index(right)
    if is_causal:
        high = min(high, offset)
    return max(-L, min(S, low)), max(-L, min(S, high))
