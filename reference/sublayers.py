"""Sublayers of a transformer layer: attention or a feed-forward network, with a residual path.

The input of a sublayer is added to its output. A gradient then has a path that no weight scales,
and a sublayer only has to learn a change. The norm is applied either to the sum (post-norm, as in
the original transformer) or to the sublayer's input (pre-norm: the residual path is then unchanged
from the first layer to the last, and deep stacks train without a warm-up).

Sources: He et al. (2016), "Deep residual learning for image recognition"; Vaswani et al. (2017),
"Attention is all you need", section 3.1; pre-norm: Xiong et al. (2020), "On layer normalization in
the transformer architecture"; the names of the parameters: torch.nn.TransformerDecoderLayer.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from seqlaws.reference.algebra import Array, either
from seqlaws.reference.feed_forward import feed_forward, feed_forward_vjp
from seqlaws.reference.layer_norm import layer_norm, layer_norm_vjp
from seqlaws.reference.multi_head import multi_head_attention, multi_head_attention_vjp

Params = Mapping[str, Array]
Gradients = dict[str, Array]
ATTENTION = {
    "in_proj_weight": "3E E",
    "in_proj_bias": "3E",
    "out_proj.weight": "E E",
    "out_proj.bias": "E",
}
FEED_FORWARD = {
    "linear1.weight": "F E",
    "linear1.bias": "F",
    "linear2.weight": "E F",
    "linear2.bias": "E",
}
NORM = {"weight": "E", "bias": "E"}


class Sublayer(NamedTuple):
    """A function z -> f(z), its vjp (dy, z) -> dz and other gradients by name, and its norm."""

    f: Callable[[Array], Array]
    vjp: Callable[[Array, Array], tuple[Array, Gradients]]
    norm: str  # the norm's name in the parameters


def self_attention(params: Params, norm: str, num_heads: int, **options: Any) -> Sublayer:
    """Query, key and value are one array, whose gradients add up. options: those of attention."""
    names = [f"self_attn.{name}" for name in ATTENTION]
    given = four(params, names)

    def f(z: Array) -> Array:
        return multi_head_attention(z, z, z, *given, num_heads, **options)

    def vjp(dy: Array, z: Array) -> tuple[Array, Gradients]:
        dquery, dkey, dvalue, *rest = multi_head_attention_vjp(
            dy, z, z, z, *given, num_heads, **options
        )
        return +(dquery + dkey + dvalue), dict(zip(names, rest, strict=True))

    return Sublayer(f, vjp, norm)


def attention_to(
    memory: Array, params: Params, norm: str, num_heads: int, **options: Any
) -> Sublayer:
    """The queries are the sublayer's, keys and values the memory's, whose gradient is "memory"."""
    names = [f"multihead_attn.{name}" for name in ATTENTION]
    given = four(params, names)

    def f(z: Array) -> Array:
        return multi_head_attention(z, memory, memory, *given, num_heads, **options)

    def vjp(dy: Array, z: Array) -> tuple[Array, Gradients]:
        dquery, dkey, dvalue, *rest = multi_head_attention_vjp(
            dy, z, memory, memory, *given, num_heads, **options
        )
        return dquery, {"memory": +(dkey + dvalue), **dict(zip(names, rest, strict=True))}

    return Sublayer(f, vjp, norm)


def position_wise(params: Params, norm: str, activation: str) -> Sublayer:
    """The feed-forward network, at each position by itself."""
    given = four(params, FEED_FORWARD)

    def f(z: Array) -> Array:
        return feed_forward(z, *given, activation)

    def vjp(dy: Array, z: Array) -> tuple[Array, Gradients]:
        dz, *rest = feed_forward_vjp(dy, z, *given, activation)
        return dz, dict(zip(FEED_FORWARD, rest, strict=True))

    return Sublayer(f, vjp, norm)


def four(params: Params, names: Iterable[str]) -> tuple[Array, Array, Array, Array]:
    """As many parameters as an attention has, and a feed-forward network."""
    first, second, third, fourth = (params[name] for name in names)
    return first, second, third, fourth


def residual(z: Array, sublayer: Sublayer, params: Params, norm_first: bool) -> Array:
    """One sublayer with its norm and the way past it: (B, T, E) to (B, T, E).

    y = LN(z + f(z))                                post-norm
    y = z + f(LN(z))                                pre-norm
    """
    f, (weight, bias) = sublayer.f, norm_of(sublayer, params)
    if norm_first:
        return +(z + f(layer_norm(z, weight, bias)))
    return layer_norm(+(z + f(z)), weight, bias)


def residual_vjp(
    dy: Array, z: Array, sublayer: Sublayer, params: Params, norm_first: bool
) -> tuple[Array, Gradients]:
    """dy to dz and the gradients of all that the sublayer and its norm read, by name.

    ds = LN'(dy),  dz = ds + f'(ds)                 post-norm, LN' at z + f(z)
    dz = dy + LN'(f'(dy))                           pre-norm, f' at LN(z)
    """
    weight, bias = norm_of(sublayer, params)
    if norm_first:
        dn, gradients = sublayer.vjp(dy, layer_norm(z, weight, bias))
        dn, dweight, dbias = layer_norm_vjp(dn, z, weight, bias)
        dz = in_parts(dy, dn)
    else:
        ds, dweight, dbias = layer_norm_vjp(dy, +(z + sublayer.f(z)), weight, bias)
        df, gradients = sublayer.vjp(ds, z)
        dz = in_parts(ds, df)
    own = {f"{sublayer.norm}.weight": dweight, f"{sublayer.norm}.bias": dbias}
    return dz, {**gradients, **own}


def in_parts(dy: Array, dz: Array) -> Array:
    """dy + dz, where dz may come in three parts, each added to what there is before.

    Of query, key and value, or of a norm's x, mean and variance: automatic differentiation adds up
    what each use of an array gives.
    """
    part = dz * (1 / 3)
    return +either(dy + dz, dy + part + part + part)


def in_a_row(x: Array, sublayers: list[Sublayer], params: Params, norm_first: bool) -> Array:
    """One after the other."""
    for sublayer in sublayers:
        x = residual(x, sublayer, params, norm_first)
    return x


def in_a_row_vjp(
    dout: Array, x: Array, sublayers: list[Sublayer], params: Params, norm_first: bool
) -> tuple[Array, Gradients]:
    """dout to dx and the gradients of all that the sublayers read, by name."""
    inputs, dz = [x], dout
    gradients: Gradients = {}
    for sublayer in sublayers[:-1]:
        inputs.append(residual(inputs[-1], sublayer, params, norm_first))
    for sublayer, z in zip(reversed(sublayers), reversed(inputs), strict=True):
        dz, found = residual_vjp(dz, z, sublayer, params, norm_first)
        gradients |= found
    return dz, gradients


def norm_of(sublayer: Sublayer, params: Params) -> tuple[Array, Array]:
    """The weight and bias of its norm."""
    return params[f"{sublayer.norm}.weight"], params[f"{sublayer.norm}.bias"]
