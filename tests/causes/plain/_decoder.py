"""A transformer's decoder layer. Vaswani et al. (2017), section 3.1.

Causal self-attention, attention to the memory, a feed-forward network at each position; each with a
residual and a norm.
"""

from typing import Any, NamedTuple

import numpy as np

from seqlaws.impls._parameters import CROSS, DECODER, FEED_FORWARD, SELF
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous
from seqlaws.impls.numpy_vectorized._feed_forward import (
    check_activation,
    feed_forward,
    feed_forward_backward,
)
from seqlaws.impls.numpy_vectorized._multi_head import (
    check_heads,
    multi_head_attention,
    multi_head_attention_vjp,
)
from seqlaws.impls.numpy_vectorized._sublayers import around, around_backward, four, taken


class _Layer(NamedTuple):
    """What the three sublayers read beside their input."""

    memory: Array
    params: dict[str, Array]
    num_heads: int
    activation: str
    mask: Array | None

    def named(self, shapes: dict[str, str]) -> tuple[Array, Array, Array, Array]:
        return four(self.params, shapes)

    def norm(self, number: int) -> tuple[Array, Array]:
        return self.params[f"norm{number}.weight"], self.params[f"norm{number}.bias"]

    def itself(self, z: Array) -> Array:
        return multi_head_attention(z, z, z, *self.named(SELF), self.num_heads, is_causal=True)

    def itself_backward(self, dy: Array, z: Array) -> tuple[Array, ...]:
        dq, dk, dv, *rest = multi_head_attention_vjp(
            dy, z, z, z, *self.named(SELF), self.num_heads, is_causal=True
        )
        return dq + dk + dv, *rest

    def cross(self, z: Array) -> Array:
        m = self.memory
        return multi_head_attention(z, m, m, *self.named(CROSS), self.num_heads, self.mask)

    def cross_backward(self, dy: Array, z: Array) -> tuple[Array, ...]:
        m = self.memory
        dq, dk, dv, *rest = multi_head_attention_vjp(
            dy, z, m, m, *self.named(CROSS), self.num_heads, self.mask
        )
        return dq, dk + dv, *rest

    def forward(self, z: Array) -> Array:
        return feed_forward(z, *self.named(FEED_FORWARD), self.activation)

    def forward_backward(self, dy: Array, z: Array) -> tuple[Array, ...]:
        return feed_forward_backward(dy, z, *self.named(FEED_FORWARD), self.activation)


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
    layer, x = _checked(x, memory, params, num_heads, activation, memory_mask)
    a = around(x, layer.itself, *layer.norm(1), norm_first)
    b = around(a, layer.cross, *layer.norm(2), norm_first)
    return around(b, layer.forward, *layer.norm(3), norm_first)


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
    layer, x = _checked(x, memory, params, num_heads, activation, memory_mask)
    bind(x=(x, "B T E"), dout=(dout, "B T E"))
    a = around(x, layer.itself, *layer.norm(1), norm_first)
    b = around(a, layer.cross, *layer.norm(2), norm_first)
    db, dw_3, db_3, *dforward = around_backward(
        contiguous(dout)[0], b, layer.forward, layer.forward_backward, *layer.norm(3), norm_first
    )
    da, dw_2, db_2, dmemory, *dcross = around_backward(
        db, a, layer.cross, layer.cross_backward, *layer.norm(2), norm_first
    )
    dx, dw_1, db_1, *dself = around_backward(
        da, x, layer.itself, layer.itself_backward, *layer.norm(1), norm_first
    )
    gradients = *dself, *dcross, *dforward, dw_1, db_1, dw_2, db_2, dw_3, db_3
    by_name = dict(zip(DECODER, gradients, strict=True))
    return dx, dmemory, {name: by_name[name] for name in params}


def _checked(
    x: Array,
    memory: Array,
    params: Any,
    num_heads: int,
    activation: str,
    memory_mask: Array | None,
) -> tuple[_Layer, Array]:
    size, params = taken(params, DECODER, x=(x, "B T E"), memory=(memory, "B S E"))
    check_heads(num_heads, size["E"])
    check_activation(activation)
    x, memory = contiguous(x, memory)
    return _Layer(memory, params, num_heads, activation, memory_mask), x
