"""torch's functions: `softmax`, `layer_norm` and `scaled_dot_product_attention`."""

import operator

import torch
from torch import Tensor
from torch.nn import functional

from seqlaws.impls.torch_native._checks import bind


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """`torch.nn.functional.softmax` of x, any shape, along `axis`; a row of -inf gives NaN.

    Raises `TypeError` for a wrong dtype or an axis that is not an integer (torch would guess for
    None), `IndexError` for an axis that x does not have.
    """
    letters = ["d" * (i + 1) for i in range(x.dim())] if isinstance(x, Tensor) else []
    bind("softmax", x=(x, " ".join(letters)))
    if not -x.dim() <= operator.index(axis) < x.dim():
        raise IndexError(f"x has no axis {axis}, its shape is {tuple(x.shape)}")
    return functional.softmax(x, dim=operator.index(axis))


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    """`torch.nn.functional.layer_norm` over the last axis of x, of rank 1 or more.

    It is what `torch.nn.LayerNorm` calls. Raises `TypeError` for a wrong dtype, `ValueError` for a
    wrong shape.
    """
    letters = ["d" * (i + 1) for i in range(x.dim())] if isinstance(x, Tensor) else [""]
    if not letters:
        raise ValueError("x has no axis to normalise")
    last = letters[-1]
    bind("layer_norm", x=(x, " ".join(letters)), weight=(weight, last), bias=(bias, last))
    return functional.layer_norm(x, x.shape[-1:], weight, bias, eps)


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """`scaled_dot_product_attention` from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv).

    Returns (B, N, L, Dv). `mask` is broadcastable to (B, N, L, S), of booleans (True: may attend)
    or of the inputs' dtype. Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype,
    `NotImplementedError` for a mask of rank 0 or 1, or together with `is_causal`; and, so that the
    rest can be seen, for `is_causal` with a scale of 0 or less, which gives NaN on the CPU
    (`torch_native:paths.flash` shows it).
    """
    check_attention(q, k, v, mask, is_causal)
    if is_causal and scale is not None and scale <= 0 and q.device.type == "cpu":
        raise NotImplementedError("torch's attention on the CPU masks before it scales")
    return attend(q, k, v, mask, is_causal, scale)


def attend(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, is_causal: bool, scale: float | None
) -> Tensor:
    """The same with any scale, unchecked."""
    return functional.scaled_dot_product_attention(
        q,
        k,
        v,
        attn_mask=mask,
        is_causal=is_causal,
        scale=scale,
        enable_gqa=q.shape[1] != k.shape[1],
    )


def check_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, is_causal: bool) -> None:
    """Raise unless torch takes these."""
    size = bind("attention", q=(q, "B N L D"), k=(k, "B M S D"), v=(v, "B M S Dv"))
    if size["M"] == 0 or size["N"] % size["M"]:
        raise ValueError(f"{size['M']} key heads do not divide {size['N']} query heads")
    if mask is not None:
        shape = (*q.shape[:3], size["S"])
        if not isinstance(mask, Tensor) or mask.dtype not in (torch.bool, q.dtype):
            kind = getattr(mask, "dtype", type(mask).__name__)
            raise TypeError(f"mask must be a tensor of booleans or of {q.dtype}, not of {kind}")
        try:
            mask.broadcast_to(shape)
        except RuntimeError:
            got = tuple(mask.shape)
            raise ValueError(f"mask {got} is not broadcastable to {shape}") from None
        if mask.dim() < 2:
            raise NotImplementedError("torch's attention takes masks of rank 2 and more")
        if is_causal:
            raise NotImplementedError("torch's attention takes a mask or is_causal, not both")
