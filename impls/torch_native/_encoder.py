"""torch's `nn.TransformerEncoderLayer`, with the parameters of a call."""

import torch
from torch import Tensor

from seqlaws.impls._parameters import ENCODER
from seqlaws.impls.torch_native._checks import bind, named, refuse_gradient_of_one_feature
from seqlaws.impls.torch_native._layers import layer
from seqlaws.impls.torch_native._multi_head import check_heads, layer_mask


def encoder_layer(
    x: Tensor,
    params: dict[str, Tensor],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    mask: Tensor | None = None,
) -> Tensor:
    """`torch.nn.TransformerEncoderLayer` in training mode, without dropout: (B, T, E) to (B, T, E).

    `mask` is broadcastable to (B, N, T, T), of booleans (True: may attend) or of the inputs' dtype.
    Raises `ValueError` for a wrong shape, name, activation or number of heads, `TypeError` for a
    wrong dtype, `NotImplementedError` where torch has no such call.
    """
    return encode(x, params, num_heads, activation, norm_first, mask)


def encode(
    x: Tensor,
    params: dict[str, Tensor],
    num_heads: int,
    activation: str,
    norm_first: bool,
    mask: Tensor | None,
    *,
    training: bool = True,
) -> Tensor:
    """Run the layer, in one of its modes."""
    size = bind("encoder_layer", x=(x, "B T E"), **named(params, ENCODER))
    check_heads(num_heads, size["E"])
    refuse_gradient_of_one_feature(params["norm1.weight"])
    if activation not in ("relu", "gelu"):
        raise ValueError(f"activation must be 'relu' or 'gelu', not {activation!r}")
    forbidden = layer_mask(mask, (size["B"], num_heads, size["T"], size["T"]), x)
    made = layer(
        torch.nn.TransformerEncoderLayer,
        size["E"],
        num_heads,
        size["F"],
        dropout=0.0,
        activation=activation,
        norm_first=norm_first,
        training=training,
        dtype=x.dtype,
    )
    out = torch.func.functional_call(made, dict(params), (x,), {"src_mask": forbidden})
    encoded: Tensor = out
    return encoded
