"""decoder_layer: causal self-attention, attention to the memory, a feed-forward network.

The layer has three sublayers. Self-attention is causal: an output depends on no later position. All
positions of a known sequence can therefore be computed at once, and the same weights can generate a
sequence token by token. Attention to the memory is the only connection to the source: its queries
come from the sequence, its keys and values from the memory. The feed-forward network works at each
position separately.

Sources: Vaswani et al. (2017), "Attention is all you need", section 3.1 and figure 1; the names of
the parameters: torch.nn.TransformerDecoderLayer.
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
    attention_to,
    in_a_row,
    in_a_row_vjp,
    position_wise,
    self_attention,
)

PARAMETERS = {
    **{f"self_attn.{name}": axes for name, axes in ATTENTION.items()},
    **{f"multihead_attn.{name}": axes for name, axes in ATTENTION.items()},
    **FEED_FORWARD,
    **{f"norm{i}.{name}": axes for i in (1, 2, 3) for name, axes in NORM.items()},
}


def decoder_layer(
    x: Array,
    memory: Array,
    params: Mapping[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    memory_mask: Any = None,
    *,
    fully_masked: str = "zeros",
) -> Array:
    """Decoder layer on x (B, T, E) with memory (B, S, E): (B, T, E).

        a   = LN_1(x + SelfAttention(x))                causal: position i attends to j <= i
        b   = LN_2(a + Attention(a, memory))            queries from a, keys and values from memory
        out = LN_3(b + W_2 act(W_1 b + b_1) + b_2)

    params: a dict with the names and shapes of torch.nn.TransformerDecoderLayer.
    num_heads: N, of both attentions; it divides E.
    activation: act, "relu" or "gelu".
    norm_first: each sublayer is z + f(LN(z)) instead of LN(z + f(z)).
    memory_mask: which position may attend to which memory; broadcastable to (B, N, T, S), boolean
    (True: may attend) or floating (added to the scores).
    fully_masked: the output of attention to a memory that is fully masked.
    Raises ValueError or TypeError for invalid arguments.
    """
    stages = sublayers(x, memory, params, num_heads, activation, memory_mask, fully_masked)
    return in_a_row(x, stages, params, norm_first)


def decoder_layer_vjp(
    dout: Array,
    x: Array,
    memory: Array,
    params: Mapping[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    memory_mask: Any = None,
    *,
    fully_masked: str = "zeros",
) -> tuple[Array, Array, dict[str, Array]]:
    """Gradients of x, memory and params (a dict with the same names) from dout (B, T, E).

        ds = LN'(dout),  db = ds + f'(ds)               f: the feed-forward network
        ds = LN'(db),    da = ds + dquery               dmemory = dkey + dvalue
        ds = LN'(da),    dx = ds + dquery + dkey + dvalue

    With norm_first each line is dz = dy + LN'(f'(dy)).
    """
    bind("decoder_layer_vjp", x=(x, "B T E"), dout=(dout, "B T E"))
    stages = sublayers(x, memory, params, num_heads, activation, memory_mask, fully_masked)
    dx, gradients = in_a_row_vjp(dout, x, stages, params, norm_first)
    return dx, gradients["memory"], {name: gradients[name] for name in params}


def sublayers(
    x: Array,
    memory: Array,
    params: Mapping[str, Array],
    num_heads: int,
    activation: str,
    memory_mask: Any,
    fully_masked: str,
) -> list[Sublayer]:
    """The three sublayers, once everything fits."""
    described = parameters("decoder_layer", params, PARAMETERS)
    bind("decoder_layer", x=(x, "B T E"), memory=(memory, "B S E"), **described)
    masked = {"mask": memory_mask, "fully_masked": fully_masked}
    return [
        self_attention(params, "norm1", num_heads, is_causal=True),
        attention_to(memory, params, "norm2", num_heads, **masked),
        position_wise(params, "norm3", activation),
    ]
