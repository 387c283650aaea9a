"""encoder_layer: self-attention, then a feed-forward network at each position.

The layer has two sublayers. Self-attention mixes positions, and the feed-forward network mixes
features. Neither depends on the order: permuted tokens give permuted outputs, unless position
encodings are added to the tokens.

Sources: Vaswani et al. (2017), "Attention is all you need", section 3.1 and figure 1; the names of
the parameters: torch.nn.TransformerEncoderLayer.
"""

from collections.abc import Mapping
from typing import Any

from seqlaws.reference.algebra import Array
from seqlaws.reference.shapes import bind, parameters
from seqlaws.reference.sublayers import (
    ATTENTION,
    FEED_FORWARD,
    NORM,
    Sublayer,
    in_a_row,
    in_a_row_vjp,
    position_wise,
    self_attention,
)

PARAMETERS = {
    **{f"self_attn.{name}": axes for name, axes in ATTENTION.items()},
    **FEED_FORWARD,
    **{f"norm{i}.{name}": axes for i in (1, 2) for name, axes in NORM.items()},
}


def encoder_layer(
    x: Array,
    params: Mapping[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    mask: Any = None,
    *,
    fully_masked: str = "zeros",
) -> Array:
    """Encoder layer on x (B, T, E): (B, T, E).

        a   = LN_1(x + SelfAttention(x))
        out = LN_2(a + W_2 act(W_1 a + b_1) + b_2)

        a   = x + SelfAttention(LN_1(x))                with norm_first
        out = a + W_2 act(W_1 LN_2(a) + b_1) + b_2

    params: a dict with the names and shapes of torch.nn.TransformerEncoderLayer.
    num_heads: N, which divides E.
    activation: act, "relu" or "gelu" (the exact one).
    norm_first: each sublayer is z + f(LN(z)) instead of LN(z + f(z)).
    mask: which position may attend to which; broadcastable to (B, N, T, T), boolean (True: may
    attend) or floating (added to the scores).
    fully_masked: the attention output of a position that may attend to nothing.
    Raises ValueError or TypeError for invalid arguments.
    """
    stages = sublayers(x, params, num_heads, activation, mask, fully_masked)
    return in_a_row(x, stages, params, norm_first)


def encoder_layer_vjp(
    dout: Array,
    x: Array,
    params: Mapping[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    mask: Any = None,
    *,
    fully_masked: str = "zeros",
) -> tuple[Array, dict[str, Array]]:
    """Gradients of x and of params (a dict with the same names) from dout (B, T, E).

        ds = LN_2'(dout),  da = ds + f'(ds)             f: the feed-forward network
        ds = LN_1'(da),    dx = ds + dquery + dkey + dvalue

    With norm_first each line is dz = dy + LN'(f'(dy)).
    """
    bind("encoder_layer_vjp", x=(x, "B T E"), dout=(dout, "B T E"))
    stages = sublayers(x, params, num_heads, activation, mask, fully_masked)
    dx, gradients = in_a_row_vjp(dout, x, stages, params, norm_first)
    return dx, {name: gradients[name] for name in params}


def sublayers(
    x: Array,
    params: Mapping[str, Array],
    num_heads: int,
    activation: str,
    mask: Any,
    fully_masked: str,
) -> list[Sublayer]:
    """The two sublayers, once everything fits."""
    bind("encoder_layer", x=(x, "B T E"), **parameters("encoder_layer", params, PARAMETERS))
    return [
        self_attention(params, "norm1", num_heads, mask=mask, fully_masked=fully_masked),
        position_wise(params, "norm2", activation),
    ]
