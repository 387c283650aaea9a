"""torch's `nn.TransformerDecoderLayer`, with the parameters of a call."""

import torch
from torch import Tensor

from seqlaws.impls._parameters import DECODER
from seqlaws.impls.torch_native._checks import bind, named, refuse_gradient_of_one_feature
from seqlaws.impls.torch_native._layers import layer
from seqlaws.impls.torch_native._multi_head import check_heads, layer_mask


def decoder_layer(
    x: Tensor,
    memory: Tensor,
    params: dict[str, Tensor],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    memory_mask: Tensor | None = None,
) -> Tensor:
    """`torch.nn.TransformerDecoderLayer` in training mode, without dropout: (B, T, E) to (B, T, E).

    memory is (B, S, E); `memory_mask` is broadcastable to (B, N, T, S), of booleans (True: may
    attend) or of the inputs' dtype. Raises `ValueError` for a wrong shape, name, activation or
    number of heads, `TypeError` for a wrong dtype, `NotImplementedError` where torch has no such
    call.
    """
    return decode(x, memory, params, num_heads, activation, norm_first, memory_mask)


def decode(
    x: Tensor,
    memory: Tensor,
    params: dict[str, Tensor],
    num_heads: int,
    activation: str,
    norm_first: bool,
    memory_mask: Tensor | None,
    *,
    training: bool = True,
) -> Tensor:
    """Run the layer, in one of its modes, with a causal mask of its own."""
    size = bind("decoder_layer", x=(x, "B T E"), memory=(memory, "B S E"), **named(params, DECODER))
    check_heads(num_heads, size["E"])
    refuse_gradient_of_one_feature(params["norm1.weight"])
    if activation not in ("relu", "gelu"):
        raise ValueError(f"activation must be 'relu' or 'gelu', not {activation!r}")
    forbidden = layer_mask(memory_mask, (size["B"], num_heads, size["T"], size["S"]), x)
    later = torch.ones(size["T"], size["T"], dtype=torch.bool, device=x.device).triu(1)
    made = layer(
        torch.nn.TransformerDecoderLayer,
        size["E"],
        num_heads,
        size["F"],
        dropout=0.0,
        activation=activation,
        norm_first=norm_first,
        training=training,
        dtype=x.dtype,
    )
    masks = {"tgt_mask": later, "memory_mask": forbidden}
    out = torch.func.functional_call(made, dict(params), (x, memory), masks)
    decoded: Tensor = out
    return decoded
