"""A transformer's encoder layer. Vaswani et al. (2017), section 3.1.

Self-attention, then a feed-forward network at each position; each with a residual and a norm.
"""

from typing import Any, NamedTuple

import numpy as np

from seqlaws.impls._parameters import ENCODER, FEED_FORWARD, SELF
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
    """What the two sublayers read beside their input."""

    params: dict[str, Array]
    num_heads: int
    activation: str
    mask: Array | None

    def named(self, shapes: dict[str, str]) -> tuple[Array, Array, Array, Array]:
        return four(self.params, shapes)

    def norm(self, number: int) -> tuple[Array, Array]:
        return self.params[f"norm{number}.weight"], self.params[f"norm{number}.bias"]

    def attend(self, z: Array) -> Array:
        return multi_head_attention(z, z, z, *self.named(SELF), self.num_heads, self.mask)

    def attend_backward(self, dy: Array, z: Array) -> tuple[Array, ...]:
        dq, dk, dv, *rest = multi_head_attention_vjp(
            dy, z, z, z, *self.named(SELF), self.num_heads, self.mask
        )
        return dq + dk + dv, *rest

    def forward(self, z: Array) -> Array:
        return feed_forward(z, *self.named(FEED_FORWARD), self.activation)

    def forward_backward(self, dy: Array, z: Array) -> tuple[Array, ...]:
        return feed_forward_backward(dy, z, *self.named(FEED_FORWARD), self.activation)


@np.errstate(all="ignore")
def encoder_layer(
    x: Array,
    params: dict[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    mask: Array | None = None,
) -> Array:
    """Map x (B, T, E) to (B, T, E).

    `params` has the names of `torch.nn.TransformerEncoderLayer`. `mask` is broadcastable to
    (B, N, T, T): booleans (True: may attend) or floats of the inputs' dtype, added to the scores.
    Raises `ValueError` for a wrong shape, name, activation or number of heads, `TypeError` for a
    wrong dtype.
    """
    layer, x = _checked(x, params, num_heads, activation, mask)
    a = around(x, layer.attend, *layer.norm(1), norm_first)
    return around(a, layer.forward, *layer.norm(2), norm_first)


@np.errstate(all="ignore")
def encoder_layer_vjp(
    dout: Array,
    x: Array,
    params: dict[str, Array],
    num_heads: int,
    activation: str = "relu",
    norm_first: bool = False,
    mask: Array | None = None,
) -> tuple[Array, dict[str, Array]]:
    """Gradient of `encoder_layer`: dout is (B, T, E); dx, and a dict for the parameters."""
    layer, x = _checked(x, params, num_heads, activation, mask)
    bind(x=(x, "B T E"), dout=(dout, "B T E"))
    a = around(x, layer.attend, *layer.norm(1), norm_first)
    da, dw_2, db_2, *dforward = around_backward(
        contiguous(dout)[0], a, layer.forward, layer.forward_backward, *layer.norm(2), norm_first
    )
    dx, dw_1, db_1, *dattend = around_backward(
        da, x, layer.attend, layer.attend_backward, *layer.norm(1), norm_first
    )
    gradients = *dattend, *dforward, dw_1, db_1, dw_2, db_2
    by_name = dict(zip(ENCODER, gradients, strict=True))
    return dx, {name: by_name[name] for name in params}


def _checked(
    x: Array, params: Any, num_heads: int, activation: str, mask: Array | None
) -> tuple[_Layer, Array]:
    size, params = taken(params, ENCODER, x=(x, "B T E"))
    check_heads(num_heads, size["E"])
    check_activation(activation)
    return _Layer(params, num_heads, activation, mask), contiguous(x)[0]
