"""Attention as Hugging Face's transformers computes it, with the weights of a call.

The module's own `attention` is the eager one of Gemma 2, which has a softcap; `attention` of
`transformers_attention:sdpa` is what most models take instead, and its `multi_head_attention` is a
`LlamaAttention` without rotation, whose heads all have keys of their own.

Translated: a boolean mask is 0 where it is True and -inf where it is False, for the eager one; the
heads of an output stand behind its positions.
"""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaConfig
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.models.gemma2.modeling_gemma2 import eager_attention_forward
from transformers.models.llama.modeling_llama import LlamaAttention

from seqlaws.impls._shapes import bind_attention, bind_multi_head

WIDE = ("float64", "float32")
TRAITS: dict[str, Any] = {
    "backend": "torch",
    "dtypes": WIDE,
    "fully_masked": "nan",
    "masked_nan": "may leak",
    "known_failures": {"attention.*[float64]": "the softmax is taken in float32"},
}


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    scale: float | None = None,
    softcap: float | None = None,
) -> Tensor:
    """Gemma 2's eager attention, q (B, N, L, D), k (B, M, S, D), v (B, M, S, Dv)."""
    n = bind_attention(Tensor, WIDE, q, k, v, mask)
    if mask is not None and mask.dtype == torch.bool:
        mask = torch.zeros(mask.shape, dtype=q.dtype).masked_fill(~mask, -torch.inf)
    layer: Any = SimpleNamespace(
        num_key_value_groups=n["N"] // n["M"], head_dim=n["D"], training=False
    )
    out, _ = eager_attention_forward(layer, q, k, v, mask, scaling=scale, softcap=softcap)
    attended: Tensor = out.transpose(1, 2)
    return attended


class Sdpa:
    """The functions that are chosen by `attn_implementation="sdpa"`."""

    TRAITS: dict[str, Any] = {  # noqa: RUF012 (a plug-in's)
        "backend": "torch",
        "dtypes": WIDE,
        "fully_masked": "zeros",
        "masked_nan": "may leak",
        "known_failures": {
            "attention.*": (
                "torch's CPU attention gives NaN for is_causal with a scale of 0 or less, and "
                "zeros for a NaN query"
            ),
            "multi_head_attention.*": (
                "Llama attends from a sequence to itself: other keys and values are refused; "
                "torch's CPU attention gives zeros for a NaN query"
            ),
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
        """From q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv).

        Raises `NotImplementedError` for masks of rank 0 and 1, and for is_causal with a mask or
        with a single query, where transformers takes it for a step of decoding.
        """
        n = bind_attention(Tensor, WIDE, q, k, v, mask)
        if mask is not None and (mask.dim() < 2 or is_causal):
            raise NotImplementedError("a mask of two axes and more, and no is_causal beside it")
        if is_causal and n["L"] < 2:
            raise NotImplementedError("a single query is a step of decoding, and sees all keys")
        layer: Any = SimpleNamespace(num_key_value_groups=n["N"] // n["M"])
        out, _ = sdpa_attention_forward(layer, q, k, v, mask, scaling=scale, is_causal=is_causal)
        return out.transpose(1, 2)

    def multi_head_attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        in_proj_weight: Tensor,
        in_proj_bias: Tensor,
        out_proj_weight: Tensor,
        out_proj_bias: Tensor,
        num_heads: int,
        mask: Tensor | None = None,
    ) -> Tensor:
        """`LlamaAttention` of a sequence (B, L, E) to itself; other keys are not offered."""
        parameters = (in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias)
        n = bind_multi_head(Tensor, WIDE, query, key, value, parameters, num_heads)
        if query is not key or query is not value:
            raise NotImplementedError("Llama attends from a sequence to itself")
        if mask is not None and mask.dim() < 2:
            raise NotImplementedError("a mask of two axes and more")
        settings: dict[str, Any] = {
            "hidden_size": n["E"],
            "num_attention_heads": num_heads,
            "num_key_value_heads": num_heads,
            "attention_bias": True,
            "attn_implementation": "sdpa",
        }
        layer = LlamaAttention(LlamaConfig(**settings), layer_idx=0)
        layer.is_causal = False
        weights = {"o_proj.weight": out_proj_weight, "o_proj.bias": out_proj_bias}
        for name, weight, bias in zip(
            "qkv", in_proj_weight.chunk(3), in_proj_bias.chunk(3), strict=True
        ):
            weights |= {f"{name}_proj.weight": weight, f"{name}_proj.bias": bias}
        angle = query.new_zeros(n["L"], n["E"] // num_heads)
        given = (query, (angle.cos()[None], angle.sin()[None]), mask)
        out, _ = torch.func.functional_call(layer, weights, given)
        attended: Tensor = out
        return attended


sdpa = Sdpa()
