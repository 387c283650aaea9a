"""torch's layers in evaluation mode: where no gradient is asked for, they take a fast path.

Plugged in as `--impl torch_native:evaluation`. The fast path is another program.
`nn.MultiheadAttention` takes it for an even number of heads, where query, key and value are one
tensor; `nn.TransformerEncoderLayer` for an even number of heads.
"""

import torch
from torch import Tensor

from seqlaws.impls.torch_native._checks import DTYPES
from seqlaws.impls.torch_native._decoder import decode
from seqlaws.impls.torch_native._encoder import encode
from seqlaws.impls.torch_native._multi_head import attend

TRAITS = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": DTYPES,
    "fully_masked": "zeros",
    "masked_nan": "may leak",
    "known_failures": {
        "*nan_show*": "on the CPU scaled_dot_product_attention answers a NaN query with zeros",
        "multi_head_attention.self_attentio*": (
            "a query that may attend to nothing gets NaN on the fast path, zeros elsewhere"
        ),
    },
}


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
    """`torch.nn.MultiheadAttention` after `eval()`; all as in training mode."""
    parameters = in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    return attend(query, key, value, parameters, num_heads, mask, is_causal, training=False)


def encoder_layer(
    x: Tensor,
    params: dict[str, Tensor],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    mask: Tensor | None = None,
) -> Tensor:
    """`torch.nn.TransformerEncoderLayer` after `eval()`; all as in training mode.

    Raises `NotImplementedError`, too, so that the rest can be seen, for what the fast path gets
    wrong: it reads a floating mask as one of booleans, every entry but 0 forbidding, and gives NaN
    for a position that may attend to nothing, which gets zeros elsewhere.
    """
    if isinstance(mask, Tensor):
        if mask.dtype != torch.bool:
            raise NotImplementedError("the fast path reads a floating mask as one of booleans")
        if not mask.any(-1).all():
            raise NotImplementedError("the fast path gives NaN where nobody may be attended to")
    return encode(x, params, num_heads, activation, norm_first, mask, training=False)


def decoder_layer(
    x: Tensor,
    memory: Tensor,
    params: dict[str, Tensor],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    memory_mask: Tensor | None = None,
) -> Tensor:
    """`torch.nn.TransformerDecoderLayer` after `eval()`; all as in training mode."""
    return decode(x, memory, params, num_heads, activation, norm_first, memory_mask, training=False)
