"""A transformer's encoder layer. Vaswani et al. (2017), section 3.1.

Self-attention, then a feed-forward network at each position; each with a residual and a norm.
"""

from typing import Any

import numpy as np

from seqlaws.impls._parameters import ENCODER, FEED_FORWARD, SELF
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous
from seqlaws.impls.numpy_vectorized._feed_forward import check_activation, feed_forward_pull
from seqlaws.impls.numpy_vectorized._linear import Pull
from seqlaws.impls.numpy_vectorized._multi_head import check_heads, self_attention_pull
from seqlaws.impls.numpy_vectorized._sublayers import around_pull, four, taken


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
    out, _ = _pulled(x, params, num_heads, activation, norm_first, mask)
    return out


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
    bind(x=(x, "B T E"), dout=(dout, "B T E"))
    _, pull = _pulled(x, params, num_heads, activation, norm_first, mask)
    dx, *gradients = pull(*contiguous(dout))
    by_name = dict(zip(ENCODER, gradients, strict=True))
    return dx, {name: by_name[name] for name in params}


def _pulled(
    x: Array, params: Any, num_heads: int, activation: str, norm_first: bool, mask: Array | None
) -> tuple[Array, Pull]:
    """The layer, and what gives the gradients of x and of each parameter from dout (B, T, E)."""
    size, params = taken(params, ENCODER, x=(x, "B T E"))
    check_heads(num_heads, size["E"])
    check_activation(activation)
    own, network = four(params, SELF), four(params, FEED_FORWARD)
    norm = [(params[f"norm{i}.weight"], params[f"norm{i}.bias"]) for i in (1, 2)]

    def attend(z: Array) -> tuple[Array, Pull]:
        return self_attention_pull(z, *own, num_heads, mask)

    def forward(z: Array) -> tuple[Array, Pull]:
        return feed_forward_pull(z, *network, activation)

    a, pull_a = around_pull(contiguous(x)[0], attend, *norm[0], norm_first)
    out, pull_out = around_pull(a, forward, *norm[1], norm_first)

    def pull(dout: Array) -> tuple[Array, ...]:
        da, dw_2, db_2, *dforward = pull_out(dout)
        dx, dw_1, db_1, *dattend = pull_a(da)
        return dx, *dattend, *dforward, dw_1, db_1, dw_2, db_2

    return out, pull
