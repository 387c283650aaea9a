"""torch's `nn.MultiheadAttention`, with the parameters of a call."""

import operator
from typing import Any

import torch
from torch import Tensor

from seqlaws.impls.torch_native._checks import bind
from seqlaws.impls.torch_native._layers import layer


def multi_head_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    in_proj_weight: Tensor,
    in_proj_bias: Tensor,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor,
    num_heads: int,
    mask: Tensor | None = None,
    is_causal: bool = False,
) -> Tensor:
    """`torch.nn.MultiheadAttention` from query (B, L, E) to key and value (B, S, E).

    In training mode, without dropout and without returning the weights. Returns (B, L, E).
    in_proj_weight is (3E, E) with the row blocks query, key, value; `mask` is broadcastable to
    (B, N, L, S), of booleans (True: may attend) or of the inputs' dtype. Raises `ValueError` for a
    wrong shape or heads that do not divide E, `TypeError` for a wrong dtype, `NotImplementedError`
    where torch has no such call.
    """
    parameters = in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    return attend(query, key, value, parameters, num_heads, mask, is_causal)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    parameters: tuple[Tensor, ...],
    num_heads: int,
    mask: Tensor | None,
    is_causal: bool,
    *,
    training: bool = True,
    need_weights: bool = False,
) -> Tensor:
    """Run the layer, in one of its modes.

    The flag `is_causal` of torch's layer is but a hint to a mask that is given, too: the mask is
    made here. A mask becomes one of the shape (B N, L, S), where True means "may not attend".
    """
    names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    axes = ("3E E", "3E", "E E", "E")
    size = bind(
        "multi_head_attention",
        query=(query, "B L E"),
        key=(key, "B S E"),
        value=(value, "B S E"),
        **{n: (p, a) for n, p, a in zip(names, parameters, axes, strict=True)},
    )
    check_heads(num_heads, size["E"])
    shape = (size["B"], num_heads, size["L"], size["S"])
    forbidden = layer_mask(mask, shape, query)
    if is_causal:
        later = torch.ones(shape[2:], dtype=torch.bool, device=query.device).triu(1)
        forbidden = joined(forbidden, later)
    made = layer(
        torch.nn.MultiheadAttention, size["E"], num_heads, training=training, dtype=query.dtype
    )
    options: dict[str, Any] = {"attn_mask": forbidden, "need_weights": need_weights}
    weights = dict(zip(names, parameters, strict=True))
    out, _ = torch.func.functional_call(made, weights, (query, key, value), options)
    attended: Tensor = out
    return attended


def check_heads(num_heads: int, features: int) -> None:
    """Raise `TypeError` or `ValueError` unless num_heads is an integer that divides features."""
    if operator.index(num_heads) < 1 or features % num_heads:
        raise ValueError(f"{num_heads} heads do not divide {features} features")


def layer_mask(mask: Tensor | None, shape: tuple[int, ...], like: Tensor) -> Tensor | None:
    """A mask over (B, N, L, S) as torch's layers take it: (B N, L, S), True where none may look.

    Raises `TypeError` or `ValueError` for a mask of another dtype or shape, `NotImplementedError`
    for one without entries, of which the layers cannot tell the heads.
    """
    if mask is None:
        return None
    if not isinstance(mask, Tensor) or mask.dtype not in (torch.bool, like.dtype):
        kind = getattr(mask, "dtype", type(mask).__name__)
        raise TypeError(f"mask must be a tensor of booleans or of {like.dtype}, not of {kind}")
    try:
        whole = mask.broadcast_to(shape)
    except RuntimeError:
        got = tuple(mask.shape)
        raise ValueError(f"mask {got} is not broadcastable to {shape}") from None
    if not whole.numel():
        raise NotImplementedError("torch's layers take no mask without entries")
    flat = whole.reshape(shape[0] * shape[1], *shape[2:])
    return ~flat if mask.dtype == torch.bool else flat


def joined(mask: Tensor | None, forbidden: Tensor) -> Tensor:
    """A layer's mask, and more places where none may look."""
    if mask is None:
        return forbidden
    if mask.dtype == torch.bool:
        return mask | forbidden
    return mask.masked_fill(forbidden, -torch.inf)
