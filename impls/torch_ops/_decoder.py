"""A transformer's decoder layer. Vaswani et al. (2017), section 3.1.

Causal self-attention, attention to the memory, a feed-forward network at each position; each with a
residual and a norm.
"""

from torch import Tensor

from seqlaws.impls._parameters import CROSS, DECODER, FEED_FORWARD, SELF
from seqlaws.impls.torch_ops._checks import wide
from seqlaws.impls.torch_ops._feed_forward import check_activation, feed_forward
from seqlaws.impls.torch_ops._multi_head import check_heads, multi_head_attention
from seqlaws.impls.torch_ops._sublayers import around, four, taken


def decoder_layer(
    x: Tensor,
    memory: Tensor,
    params: dict[str, Tensor],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    memory_mask: Tensor | None = None,
) -> Tensor:
    """Map x (B, T, E), given memory (B, S, E), to (B, T, E).

    `params` has the names of `torch.nn.TransformerDecoderLayer`. `memory_mask` is broadcastable to
    (B, N, T, S): booleans (True: may attend) or floats of the inputs' dtype, added to the scores.
    Raises `ValueError` for a wrong shape, name, activation or number of heads, `TypeError` for a
    wrong dtype.
    """
    size, wide_params = taken(params, DECODER, x=(x, "B T E"), memory=(memory, "B S E"))
    check_heads(num_heads, size["E"])
    check_activation(activation)
    if memory_mask is not None and memory_mask.is_floating_point():
        if memory_mask.dtype != x.dtype:
            raise TypeError(f"memory_mask is {memory_mask.dtype}, x is {x.dtype}")
        memory_mask = wide(memory_mask)
    source = wide(memory)
    parts = SELF, CROSS, FEED_FORWARD
    own, others, network = (four(wide_params, names) for names in parts)
    norm = [(wide_params[f"norm{i}.weight"], wide_params[f"norm{i}.bias"]) for i in (1, 2, 3)]

    def itself(z: Tensor) -> Tensor:
        return multi_head_attention(z, z, z, *own, num_heads, is_causal=True)

    def cross(z: Tensor) -> Tensor:
        return multi_head_attention(z, source, source, *others, num_heads, memory_mask)

    def forward(z: Tensor) -> Tensor:
        return feed_forward(z, *network, activation)

    a = around(wide(x), itself, *norm[0], norm_first)
    b = around(a, cross, *norm[1], norm_first)
    return around(b, forward, *norm[2], norm_first).to(x.dtype)
