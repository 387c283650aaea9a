"""A transformer's encoder layer. Vaswani et al. (2017), section 3.1.

Self-attention, then a feed-forward network at each position; each with a residual and a norm.
"""

from torch import Tensor

from seqlaws.impls._parameters import ENCODER, FEED_FORWARD, SELF
from seqlaws.impls.torch_ops._checks import wide
from seqlaws.impls.torch_ops._feed_forward import check_activation, feed_forward
from seqlaws.impls.torch_ops._multi_head import check_heads, multi_head_attention
from seqlaws.impls.torch_ops._sublayers import around, taken


def encoder_layer(
    x: Tensor,
    params: dict[str, Tensor],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    mask: Tensor | None = None,
) -> Tensor:
    """Map x (B, T, E) to (B, T, E).

    `params` has the names of `torch.nn.TransformerEncoderLayer`. `mask` is broadcastable to
    (B, N, T, T): booleans (True: may attend) or floats of the inputs' dtype, added to the scores.
    Raises `ValueError` for a wrong shape, name, activation or number of heads, `TypeError` for a
    wrong dtype.
    """
    size, given = taken(params, ENCODER, x=(x, "B T E"))
    check_heads(num_heads, size["E"])
    check_activation(activation)
    if mask is not None and mask.is_floating_point():
        if mask.dtype != x.dtype:
            raise TypeError(f"mask is {mask.dtype}, x is {x.dtype}")
        mask = wide(mask)
    w_in, b_in, w_out, b_out = (given[name] for name in SELF)
    w_1, b_1, w_2, b_2 = (given[name] for name in FEED_FORWARD)

    def attend(z: Tensor) -> Tensor:
        return multi_head_attention(z, z, z, w_in, b_in, w_out, b_out, num_heads, mask)

    def feed(z: Tensor) -> Tensor:
        return feed_forward(z, w_1, b_1, w_2, b_2, activation)

    a = around(wide(x), attend, given["norm1.weight"], given["norm1.bias"], norm_first)
    out = around(a, feed, given["norm2.weight"], given["norm2.bias"], norm_first)
    return out.to(x.dtype)
