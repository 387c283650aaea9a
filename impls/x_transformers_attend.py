"""Layers of x-transformers: `Attend`, `Attention`, `LayerNorm` and `RotaryEmbedding`.

Translated: a boolean mask is the `mask` of `Attend`, with four axes, and a floating one its
`attn_bias`; with fewer key heads than query heads, query head n reads key head n % M there, so
that heads are put in another order and back. A softcap is `softclamp_logits`: its bias is added
before, so that a floating mask beside it is not offered. `Attention` and `LayerNorm` have no
biases: those of the projections are its `q_delta`, `k_delta` and `v_delta`, the last one of each
is added to its output. Rotations are of neighbouring features: those of halves are put in this
order and back. A causal mask is aligned to the end of the keys.

`x_transformers_attend:flash` is `Attend(flash=True)`, which calls torch's attention. In 16 bits
scores are rounded before the softmax. Not offered, as it is not made in float64: a positional
encoding; as the norms have no bias: layers of a transformer.
"""

from threading import Lock
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional
from x_transformers.attend import Attend
from x_transformers.x_transformers import (
    Attention,
    LayerNorm,
    RotaryEmbedding,
    apply_rotary_pos_emb,
)

from seqlaws.impls._shapes import bind, bind_attention, bind_multi_head, of_any_rank

WIDE = ("float64", "float32")
ONE_AT_A_TIME = Lock()
SOFTMAX = "the softmax is taken in float32, where the number for forbidden scores is -inf"
TRAITS: dict[str, Any] = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": WIDE,
    "fully_masked": {"boolean": "zeros", "floating": "nan", "causal": "mean"},
    "causal_alignment": "bottom-right",
    "normalise": {"layer_norm": "affine"},  # torch's, on the CPU
    "sizes": {"rotary_embedding": {"D": tuple(range(4, 1025, 2))}},  # 2 divides by zero
    "known_failures": {"attention.*[float64]": SOFTMAX, "multi_head_attention.*[float64]": SOFTMAX},
}


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    softcap: float | None = None,
) -> Tensor:
    """`Attend` from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv), (B, N, L, Dv).

    Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype, `NotImplementedError` for
    a floating mask with a softcap, and, so that the rest can be seen, for a mask with is_causal
    that together leave a query no key.
    """
    n = bind_attention(Tensor, WIDE, q, k, v, mask)
    if softcap is not None and mask is not None and mask.dtype != torch.bool:
        raise NotImplementedError("x-transformers adds its bias before it caps")
    options: dict[str, Any] = {}
    if softcap is not None:
        options = {"softclamp_logits": True, "logit_softclamp_value": float(softcap)}
    if mask is not None and is_causal:
        refuse_rows_without_keys(mask, n["L"], n["S"])
    return attended(Attend(causal=bool(is_causal), scale=scale, **options), q, k, v, mask)


def attended(layer: Attend, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Call the layer, which reads key heads in turn, not in groups."""
    heads, groups = k.shape[1], q.shape[1] // k.shape[1]
    given = masks_of(mask)
    for name, one in given.items():
        if one.shape[1] > 1:
            given[name] = in_turn(one, heads, groups)
    out, _ = layer(in_turn(q, heads, groups), k, v, **given)
    return in_turn(out, groups, heads)


def in_turn(x: Tensor, heads: int, groups: int) -> Tensor:
    """Put head h * groups + g, on the second axis, at g * heads + h."""
    return x.reshape(x.shape[0], heads, groups, *x.shape[2:]).transpose(1, 2).flatten(1, 2)


def masks_of(mask: Tensor | None) -> dict[str, Tensor]:
    """The mask of four axes under the name that x-transformers has for its kind."""
    if mask is None:
        return {}
    whole = mask.reshape((1,) * (4 - mask.dim()) + tuple(mask.shape))
    return {"mask" if mask.dtype == torch.bool else "attn_bias": whole}


def refuse_rows_without_keys(mask: Tensor, queries: int, keys: int) -> None:
    """Raise `NotImplementedError` if a mask and is_causal leave a query no key."""
    causal = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)
    kept = mask if mask.dtype == torch.bool else mask != -torch.inf
    if not (kept & causal).any(-1).all():
        raise NotImplementedError("a query without keys would attend to all, later ones too")


class Flash:
    """`Attend(flash=True)`, which calls torch's `scaled_dot_product_attention`.

    Calls take turns: it selects torch's programs by flags of the whole process.
    """

    TRAITS: dict[str, Any] = {  # noqa: RUF012 (a plug-in's)
        "backend": "torch",
        "device": "cpu",
        "dtypes": WIDE,
        "fully_masked": "zeros",
        "causal_alignment": "bottom-right",
        "known_failures": {
            "attention.nan_shows*[cpu]": "torch's CPU attention gives zeros for a NaN query"
        },
    }

    def attention(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        mask: Tensor | None = None,
        is_causal: bool = False,
        scale: float | None = None,
    ) -> Tensor:
        """From q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv), (B, N, L, Dv).

        Raises `NotImplementedError` for is_causal with more queries than keys, where the causal
        mask is aligned to the beginning if it is alone, and to the end beside another; and, as
        above, for a floating mask with is_causal that together leave a query no key.
        """
        n = bind_attention(Tensor, WIDE, q, k, v, mask)
        if is_causal and mask is not None and mask.dtype != torch.bool:
            refuse_rows_without_keys(mask, n["L"], n["S"])
        if is_causal and n["L"] > n["S"]:
            raise NotImplementedError("the alignment of more queries than keys is not defined")
        layer = Attend(causal=bool(is_causal), scale=scale, flash=True)
        with ONE_AT_A_TIME:
            return attended(layer, q, k, v, mask)


flash = Flash()


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
    """`Attention` from query (B, L, E) to key and value (B, S, E), (B, L, E).

    Where L = S the three are stacked for `qkv_receive_diff_residuals`. Otherwise key and value
    stand side by side in one `context`, and each projection has zeros beside its weights. Raises
    `NotImplementedError` where `attention` does.
    """
    parameters = (in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias)
    n = bind_multi_head(Tensor, WIDE, query, key, value, parameters, num_heads, mask)
    if mask is not None and is_causal:
        refuse_rows_without_keys(mask, n["L"], n["S"])
    e, apart = n["E"], n["L"] == n["S"]
    with torch.device("meta"):
        layer = Attention(
            e,
            e // num_heads,
            dim_context=e if apart else 2 * e,
            heads=num_heads,
            causal=bool(is_causal),
            project_out=True,
            qkv_receive_diff_residuals=apart,
        )
    to_q, to_k, to_v = in_proj_weight.chunk(3)
    inputs: tuple[Tensor, ...]
    if apart:
        inputs = (torch.stack((query, key, value)),)
    else:
        inputs = (query, torch.cat((key, value), -1))
        to_k, to_v = functional.pad(to_k, (0, e)), functional.pad(to_v, (e, 0))
    weights = {"to_q.weight": to_q, "to_k.weight": to_k, "to_v.weight": to_v}
    weights |= {"to_out.weight": out_proj_weight}
    biases = zip("qkv", in_proj_bias.chunk(3), strict=True)
    given = {f"{name}_delta": bias for name, bias in biases}
    given |= {"attn_mask" if one == "mask" else one: m for one, m in masks_of(mask).items()}
    out: Tensor = functional_call(layer, weights, inputs, given)
    return out + out_proj_bias


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """`LayerNorm` of x, any shape that ends with E, by weight (E,), and bias (E,) added to it."""
    n = bind(Tensor, WIDE, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
    out: Tensor = functional_call(LayerNorm(n["E"]), {"gamma": weight}, (x,))
    return out + bias


def rotary_embedding(
    x: Tensor, positions: Tensor, base: float = 10000.0, interleaved: bool = False
) -> Tensor:
    """`RotaryEmbedding`, applied to x (B, N, L, D) at positions (L,)."""
    n = bind(Tensor, WIDE, x=(x, "B N L D"))
    if positions.is_floating_point() or positions.dtype == torch.bool:
        raise TypeError(f"positions must be integers, not {positions.dtype}")
    if tuple(positions.shape) != (n["L"],) or n["D"] % 2:
        raise ValueError("positions are of shape (L,), and features come in pairs")
    freqs, scale = RotaryEmbedding(n["D"], base=base)(positions)
    if interleaved:
        return apply_rotary_pos_emb(x, freqs, scale)
    pairs = x.reshape(*x.shape[:-1], 2, n["D"] // 2).transpose(-1, -2).flatten(-2)
    turned: Tensor = apply_rotary_pos_emb(pairs, freqs, scale)
    return turned.reshape(*x.shape[:-1], n["D"] // 2, 2).transpose(-1, -2).flatten(-2)
