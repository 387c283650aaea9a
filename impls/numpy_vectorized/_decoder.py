"""A transformer's decoder layer. Vaswani et al. (2017), section 3.1.

Causal self-attention, attention to the memory, a feed-forward network at each position; each with a
residual and a norm.
"""

from typing import Any

import numpy as np

from seqlaws.impls._parameters import CROSS, DECODER, FEED_FORWARD, SELF
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous
from seqlaws.impls.numpy_vectorized._feed_forward import check_activation, feed_forward_pull
from seqlaws.impls.numpy_vectorized._linear import Pull
from seqlaws.impls.numpy_vectorized._multi_head import (
    check_heads,
    multi_head_pull,
    self_attention_pull,
)
from seqlaws.impls.numpy_vectorized._sublayers import around_pull, four, taken


@np.errstate(all="ignore")
def decoder_layer(
    x: Array,
    memory: Array,
    params: dict[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    memory_mask: Array | None = None,
) -> Array:
    """Map x (B, T, E), given memory (B, S, E), to (B, T, E).

    `params` has the names of `torch.nn.TransformerDecoderLayer`. `memory_mask` is broadcastable to
    (B, N, T, S): booleans (True: may attend) or floats of the inputs' dtype, added to the scores.
    Raises `ValueError` for a wrong shape, name, activation or number of heads, `TypeError` for a
    wrong dtype.
    """
    out, _ = _pulled(x, memory, params, num_heads, activation, norm_first, memory_mask)
    return out


@np.errstate(all="ignore")
def decoder_layer_vjp(
    dout: Array,
    x: Array,
    memory: Array,
    params: dict[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    memory_mask: Array | None = None,
) -> tuple[Array, Array, dict[str, Array]]:
    """Gradient of `decoder_layer`: dout is (B, T, E); dx, dmemory and a dict for the parameters."""
    bind(x=(x, "B T E"), dout=(dout, "B T E"))
    _, pull = _pulled(x, memory, params, num_heads, activation, norm_first, memory_mask)
    dx, dmemory, *gradients = pull(*contiguous(dout))
    by_name = dict(zip(DECODER, gradients, strict=True))
    return dx, dmemory, {name: by_name[name] for name in params}


def _pulled(
    x: Array,
    memory: Array,
    params: Any,
    num_heads: int,
    activation: str,
    norm_first: bool,
    memory_mask: Array | None,
) -> tuple[Array, Pull]:
    """The layer, and what gives the gradients of x, memory and each parameter from dout."""
    size, params = taken(params, DECODER, x=(x, "B T E"), memory=(memory, "B S E"))
    check_heads(num_heads, size["E"])
    check_activation(activation)
    x, memory = contiguous(x, memory)
    own, others, network = (four(params, names) for names in (SELF, CROSS, FEED_FORWARD))
    norm = [(params[f"norm{i}.weight"], params[f"norm{i}.bias"]) for i in (1, 2, 3)]

    def itself(z: Array) -> tuple[Array, Pull]:
        return self_attention_pull(z, *own, num_heads, is_causal=True)

    def cross(z: Array) -> tuple[Array, Pull]:
        return multi_head_pull(z, memory, memory, *others, num_heads, memory_mask)

    def forward(z: Array) -> tuple[Array, Pull]:
        return feed_forward_pull(z, *network, activation)

    a, pull_a = around_pull(x, itself, *norm[0], norm_first)
    b, pull_b = around_pull(a, cross, *norm[1], norm_first)
    out, pull_out = around_pull(b, forward, *norm[2], norm_first)

    def pull(dout: Array) -> tuple[Array, ...]:
        db, dw_3, db_3, *dforward = pull_out(dout)
        da, dw_2, db_2, dk, dv, *dcross = pull_b(db)
        dx, dw_1, db_1, *dself = pull_a(da)
        return dx, dk + dv, *dself, *dcross, *dforward, dw_1, db_1, dw_2, db_2, dw_3, db_3

    return out, pull
