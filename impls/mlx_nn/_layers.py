"""`nn.MultiHeadAttention`, `nn.TransformerEncoderLayer` and `nn.TransformerDecoderLayer`."""

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
from mlx import nn

from seqlaws.impls._parameters import CROSS, DECODER, ENCODER, SELF, check_names
from seqlaws.impls._shapes import bind, bind_multi_head, check_heads, check_mask
from seqlaws.impls.mlx_nn._conversion import WIDE, Array, over_numpy, pulled

ACTIVATIONS = {"relu": nn.relu, "gelu": nn.gelu}


def _multi_head_attention(
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
    """`nn.MultiHeadAttention` from query (B, L, E) to key and value (B, S, E); return (B, L, E).

    in_proj_weight is (3E, E), out_proj_weight (E, E), `mask` broadcastable to (B, N, L, S), of
    booleans or of the inputs' dtype. Raises `ValueError` for a wrong shape, `TypeError` for a wrong
    dtype, `NotImplementedError` for a mask with `is_causal`.
    """
    parameters = (in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias)
    bind_multi_head(Array, WIDE, query, key, value, parameters, num_heads, mask)
    if is_causal and mask is not None:
        raise NotImplementedError("MLX takes a mask or is_causal, not both")
    layer = _attention(num_heads, parameters)
    return layer(query, key, value, "causal" if is_causal else mask)


def _encoder_layer(
    x: Array,
    params: dict[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    mask: Array | None = None,
) -> Array:
    """`nn.TransformerEncoderLayer` of x (B, T, E), whose attention has biases; return (B, T, E).

    `params` has the names of `torch.nn.TransformerEncoderLayer`. Raises as
    `multi_head_attention` does, and `ValueError` for a wrong name or activation.
    """
    n = _bind_layer(params, ENCODER, num_heads, activation, x=(x, "B T E"))
    if mask is not None:
        check_mask(Array, mask, x.dtype, (n["B"], num_heads, n["T"], n["T"]))
    layer = nn.TransformerEncoderLayer(1, 1, 1, 0.0, ACTIVATIONS[activation], bool(norm_first))
    layer.attention = _attention(num_heads, _of(params, SELF))
    _fill(layer, params, norms=2)
    return layer(x, mask)


def _decoder_layer(
    x: Array,
    memory: Array,
    params: dict[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    memory_mask: Array | None = None,
) -> Array:
    """`nn.TransformerDecoderLayer` of x (B, T, E), with a causal mask, and memory (B, S, E).

    `params` has the names of `torch.nn.TransformerDecoderLayer`. Raises as `encoder_layer` does.
    """
    given = {"x": (x, "B T E"), "memory": (memory, "B S E")}
    n = _bind_layer(params, DECODER, num_heads, activation, **given)
    if memory_mask is not None:
        check_mask(Array, memory_mask, x.dtype, (n["B"], num_heads, n["T"], n["S"]))
    layer = nn.TransformerDecoderLayer(1, 1, 1, 0.0, ACTIVATIONS[activation], bool(norm_first))
    layer.self_attention = _attention(num_heads, _of(params, SELF))
    layer.cross_attention = _attention(num_heads, _of(params, CROSS))
    _fill(layer, params, norms=3)
    return layer(x, memory, "causal", memory_mask)


def _bind_layer(
    params: Any,
    shapes: Mapping[str, str],
    num_heads: int,
    activation: str,
    **given: tuple[Array, str],
) -> dict[str, int]:
    check_names(params, shapes)
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {[*ACTIVATIONS]}, not {activation!r}")
    named = {name: (params[name], shape) for name, shape in shapes.items()}
    n = bind(Array, WIDE, **given, **named)
    check_heads(num_heads, n["E"])
    return n


def _of(params: dict[str, Array], names: Mapping[str, str]) -> tuple[Array, ...]:
    return tuple(params[name] for name in names)


def _attention(num_heads: int, parameters: tuple[Array, ...]) -> nn.MultiHeadAttention:
    """A layer with these parameters."""
    w, b, w_out, b_out = parameters
    layer = nn.MultiHeadAttention(num_heads, num_heads, bias=True)
    parts = (layer.query_proj, layer.key_proj, layer.value_proj)
    for part, weight, bias in zip(parts, mx.split(w, 3), mx.split(b, 3), strict=True):
        part.weight, part.bias = weight, bias
    layer.out_proj.weight, layer.out_proj.bias = w_out, b_out
    return layer


def _fill(layer: Any, params: dict[str, Array], norms: int) -> None:
    """Give a layer its feed-forward network and norms."""
    names = [f"linear{i}" for i in (1, 2)] + [f"norm{i + 1}" for i in range(norms)]
    for name in names:
        part = getattr(layer, name.replace("norm", "ln"))
        part.weight, part.bias = params[f"{name}.weight"], params[f"{name}.bias"]


multi_head_attention, multi_head_attention_vjp = (
    over_numpy(_multi_head_attention),
    pulled(_multi_head_attention),
)
encoder_layer, encoder_layer_vjp = over_numpy(_encoder_layer), pulled(_encoder_layer)
decoder_layer, decoder_layer_vjp = over_numpy(_decoder_layer), pulled(_decoder_layer)
