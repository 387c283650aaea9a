"""`nnx.dot_product_attention` and `nnx.MultiHeadAttention`, with the parameters of a call."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from seqlaws.impls._jax_width import WIDE, in_its_width
from seqlaws.impls._shapes import bind_attention, bind_multi_head


class Attention:
    """`nnx.dot_product_attention` and `nnx.MultiHeadAttention`, by one of their two programs."""

    def __init__(self, *, weights: bool) -> None:
        self.TRAITS: dict[str, Any] = {
            "backend": "jax",
            "device": "cpu",
            "dtypes": WIDE,
            "fully_masked": "mean",
            "causal_alignment": "top-left",
            "masked_nan": "may leak",
        }
        self.attend = jax.jit(partial(_attend, weights), static_argnames="is_causal")
        static = ("num_heads", "is_causal")
        self.layer = jax.jit(partial(_attend_in_layer, weights), static_argnames=static)
        self.weights = weights

    def attention(
        self, q: Array, k: Array, v: Array, mask: Array | None = None, is_causal: bool = False
    ) -> Array:
        """From q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv), (B, N, L, Dv).

        Raises `NotImplementedError` where nobody has keys; without weights, for values that have
        not as many features as keys; with them, for is_causal beside a mask that is broadcast.
        """
        n = bind_attention(Array, WIDE, q, k, v, mask)
        if n["S"] == 0:
            raise NotImplementedError("JAX takes no maximum over no keys")
        if n["D"] != n["Dv"] and not self.weights:
            raise NotImplementedError("Flax takes values of the shape of the keys")
        self.refuse_broadcast(mask, is_causal, tuple(n[letter] for letter in "BNLS"))
        with in_its_width(q.dtype):
            return self.attend(q, k, v, _of_four_axes(mask), is_causal=bool(is_causal))

    def multi_head_attention(
        self,
        query: Array,
        key: Array,
        value: Array,
        in_proj_weight: Array,
        in_proj_bias: Array,
        out_proj_weight: Array,
        out_proj_bias: Array,
        num_heads: int,
        mask: Array | None = None,
        is_causal: bool = False,
    ) -> Array:
        """From query (B, L, E) to key and value (B, S, E), (B, L, E); masks of booleans only."""
        parameters = (in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias)
        n = bind_multi_head(Array, WIDE, query, key, value, parameters, num_heads, mask)
        if mask is not None:
            scores = (n["B"], num_heads, n["L"], n["S"])
            self.refuse_broadcast(mask, is_causal, scores)
            if mask.dtype != bool:
                raise NotImplementedError("nnx.MultiHeadAttention takes masks of booleans")
        if n["S"] == 0:
            raise NotImplementedError("JAX takes no maximum over no keys")
        given = (query, key, value, parameters, _of_four_axes(mask))
        with in_its_width(query.dtype):
            return self.layer(*given, num_heads=num_heads, is_causal=bool(is_causal))

    def refuse_broadcast(
        self, mask: Array | None, is_causal: bool, scores: tuple[int, ...]
    ) -> None:
        """Raise `NotImplementedError` for what Flax refuses where the weights are asked for."""
        if self.weights and is_causal and mask is not None and mask.shape != scores:
            raise NotImplementedError("Flax takes is_causal beside a mask of the scores' shape")


def _of_four_axes(mask: Array | None) -> Array | None:
    return mask if mask is None else mask.reshape((1,) * (4 - mask.ndim) + mask.shape)


def _attend(
    weights: bool, q: Array, k: Array, v: Array, mask: Array | None, *, is_causal: bool
) -> Array:
    keep = bias = None
    if mask is not None:
        keep = mask if mask.dtype == bool else ~jnp.isneginf(mask)
        bias = None if mask.dtype == bool else jnp.where(keep, mask, 0)
    q, k, v = q.swapaxes(1, 2), k.swapaxes(1, 2), v.swapaxes(1, 2)
    module = nnx.Module() if weights else None
    out = nnx.dot_product_attention(q, k, v, bias, keep, is_causal=is_causal, module=module)
    return out.swapaxes(1, 2)


def _attend_in_layer(
    weights: bool,
    query: Array,
    key: Array,
    value: Array,
    parameters: tuple[Array, ...],
    mask: Array | None,
    *,
    num_heads: int,
    is_causal: bool,
) -> Array:
    w, b, w_out, b_out = parameters
    features = query.shape[-1]
    layer = nnx.MultiHeadAttention(
        num_heads,
        features,
        kernel_init=nnx.initializers.zeros_init(),
        param_dtype=query.dtype,
        decode=False,
        rngs=nnx.Rngs(0),
    )
    parts = zip(
        (layer.query, layer.key, layer.value), jnp.split(w, 3), jnp.split(b, 3), strict=True
    )
    for projection, kernel, bias in parts:
        projection.kernel[...] = kernel.T.reshape(features, num_heads, -1)
        projection.bias[...] = bias.reshape(num_heads, -1)
    layer.out.kernel[...] = w_out.T.reshape(num_heads, -1, features)
    layer.out.bias[...] = b_out
    return layer(query, key, value, mask=mask, is_causal=is_causal, sow_weights=weights)
