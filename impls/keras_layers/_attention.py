"""`dot_product_attention`, `Attention` and `MultiHeadAttention` of Keras."""

from typing import Any

from seqlaws.impls._shapes import bind_attention, bind_multi_head
from seqlaws.impls.keras_layers._backend import (
    ALL,
    KIND,
    WIDE,
    Array,
    called,
    compiled,
    dtype_of,
    keras,
)


def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Array:
    """`keras.ops.dot_product_attention` from q (B, N, L, D) to k (B, M, S, D), v (B, M, S, Dv).

    Returns (B, N, L, Dv). `mask` is broadcastable to (B, N, L, S), of booleans (True: may attend)
    or of the inputs' dtype. Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype,
    `NotImplementedError` for a floating mask with `is_causal`.
    """
    bind_attention(KIND, ALL, q, k, v, mask)
    named: dict[str, Any] = {}
    if mask is not None:
        floating = dtype_of(mask) != "bool"
        if floating and is_causal:
            raise NotImplementedError("Keras takes a bias or is_causal, not both")
        named["bias" if floating else "mask"] = _of_four_axes(mask)
    heads_last = [array.swapaxes(1, 2) for array in (q, k, v)]
    out = keras.ops.dot_product_attention(
        *heads_last, **named, scale=scale, is_causal=bool(is_causal)
    )
    return out.swapaxes(1, 2)


def multi_head_attention(
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
    """`MultiHeadAttention` from query (B, L, E) to key and value (B, S, E); return (B, L, E).

    in_proj_weight is (3E, E), out_proj_weight (E, E), `mask` of booleans, broadcastable to
    (B, N, L, S). Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype,
    `NotImplementedError` for a floating mask.
    """
    parameters = (in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias)
    return _attend(query, key, value, parameters, num_heads, mask, is_causal, weights=False)


class Weights:
    """The layers where the weights of attention are asked for: other programs."""

    TRAITS: dict[str, Any]

    def attention(
        self, q: Array, k: Array, v: Array, is_causal: bool = False, scale: float | None = None
    ) -> Array:
        """`Attention` with a scale, over batch and heads; M = N. Its masks are of keys alone.

        Raises `NotImplementedError` for fewer key heads than query heads.
        """
        n = bind_attention(KIND, WIDE, q, k, v)
        if n["M"] != n["N"]:
            raise NotImplementedError("Keras's Attention has no heads that share keys")
        given = [array.reshape(n["B"] * n["N"], *array.shape[2:]) for array in (q, v, k)]
        layer = keras.layers.Attention(use_scale=True, seed=0, dtype=dtype_of(q))
        factor = n["D"] ** -0.5 if scale is None else scale
        weights = [keras.ops.convert_to_tensor(factor, dtype=dtype_of(q))]
        shapes = ([array.shape for array in given],)
        out, _ = called(
            layer,
            shapes,
            weights,
            given,
            use_causal_mask=bool(is_causal),
            return_attention_scores=True,
        )
        return out.reshape(*q.shape[:3], n["Dv"])

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
        """`MultiHeadAttention` with `return_attention_scores`."""
        parameters = (in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias)
        return _attend(query, key, value, parameters, num_heads, mask, is_causal, weights=True)


def _of_four_axes(mask: Array) -> Array:
    return mask.reshape((1,) * (4 - mask.ndim) + tuple(mask.shape))


def _attend(
    query: Array,
    key: Array,
    value: Array,
    parameters: tuple[Array, ...],
    num_heads: int,
    mask: Array | None,
    is_causal: bool,
    *,
    weights: bool,
) -> Array:
    bind_multi_head(KIND, WIDE, query, key, value, parameters, num_heads, mask)
    if mask is not None:
        if dtype_of(mask) != "bool":
            raise NotImplementedError("Keras's MultiHeadAttention takes masks of booleans")
        mask = _of_four_axes(mask)
    options = {"num_heads": int(num_heads), "is_causal": bool(is_causal), "weights": weights}
    return _compiled(query, key, value, parameters, mask, **options)


def _layer(
    query: Array,
    key: Array,
    value: Array,
    parameters: tuple[Array, ...],
    mask: Array | None,
    *,
    num_heads: int,
    is_causal: bool,
    weights: bool,
) -> Array:
    w, b, w_out, b_out = parameters
    features = query.shape[-1]
    width = features // num_heads
    named: dict[str, Any] = dict.fromkeys(("kernel_initializer", "bias_initializer"), "zeros")
    named |= {"seed": 0, "dtype": dtype_of(query)}
    layer = keras.layers.MultiHeadAttention(num_heads, width, **named)
    given = []
    kernels, biases = w.reshape(3, features, features), b.reshape(3, features)
    for kernel, bias in zip(kernels, biases, strict=True):
        given += [kernel.T.reshape(features, num_heads, width), bias.reshape(num_heads, width)]
    given += [w_out.T.reshape(num_heads, width, features), b_out]
    shapes = (query.shape, value.shape, key.shape)
    options = {"attention_mask": mask, "use_causal_mask": is_causal}
    options["return_attention_scores"] = weights
    out = called(layer, shapes, given, query, value, key, **options)
    return out[0] if weights else out


_compiled = compiled(_layer, "num_heads", "is_causal", "weights")
