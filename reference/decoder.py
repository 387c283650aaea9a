"""decoder_layer: a position reads those before it, then what the encoder made of the source.

Three sublayers one after the other. Self-attention is causal: what comes out at a position depends
on no later one, so that the positions of a known sequence are computed all at once, and the same
weights then write an unknown one token by token. Attention to the memory is the only way from the
source: the queries come from here, keys and values from there. Then a feed-forward network, at
each position by itself.

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
    """x (B, T, E), memory (B, S, E) to out (B, T, E).

        a   = LN_1(x + SelfAttention(x))                causal: of each position to j <= i
        b   = LN_2(a + Attention(a, memory))            queries from a, keys and values from memory
        out = LN_3(b + W_2 act(W_1 b + b_1) + b_2)

    params: a dict with the names and shapes of torch.nn.TransformerDecoderLayer.
    num_heads: N, of both attentions; it divides E.
    activation: act, "relu" or "gelu".
    norm_first: each sublayer is z + f(LN(z)) in place of LN(z + f(z)).
    memory_mask: which position may attend to which of the memory; broadcastable to (B, N, T, S),
    boolean (True where it may) or floating (added to the scores).
    fully_masked: what attention to a memory of which nothing may be seen gives.
    Raises ValueError or TypeError for what does not fit.
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
    """dout (B, T, E) to the gradients of x, of memory, and of params: a dict with the same names.

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
