"""`nnx.softmax`, and `nnx.LayerNorm` with and without its fast variance."""

from functools import partial
from typing import Any

import jax
from flax import nnx
from jax import Array

from seqlaws.impls._jax_width import ALL, WIDE, in_its_width
from seqlaws.impls._shapes import axis_of, bind, of_any_rank


def softmax(x: Array, axis: int = -1) -> Array:
    """`nnx.softmax` of x, any shape, along `axis`; a row of -inf gives NaN."""
    bind(Array, WIDE, x=(x, of_any_rank(x)))
    with in_its_width(x.dtype):
        return _softmax(x, axis=axis_of(x, axis))


_softmax = jax.jit(nnx.softmax, static_argnames="axis")


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
    """`nnx.LayerNorm` of x, any shape that ends with E, by weight and bias (E,)."""
    return normalised(x, weight, bias, eps, fast=True)


class TwoPasses:
    """`nnx.LayerNorm` that takes its variance around the mean."""

    TRAITS: dict[str, Any] = {"backend": "jax", "device": "cpu", "dtypes": ALL}  # noqa: RUF012

    def layer_norm(self, x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
        """Of x, any shape that ends with E, by weight and bias (E,)."""
        return normalised(x, weight, bias, eps, fast=False)


def normalised(x: Array, weight: Array, bias: Array, eps: float, *, fast: bool) -> Array:
    """Check the arguments and run the layer."""
    bind(Array, ALL, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
    with in_its_width(x.dtype):
        return _layer_norm(x, weight, bias, eps=float(eps), fast=fast)


@partial(jax.jit, static_argnames=("eps", "fast"))
def _layer_norm(x: Array, weight: Array, bias: Array, *, eps: float, fast: bool) -> Array:
    options = {"epsilon": eps, "use_fast_variance": fast, "param_dtype": x.dtype}
    layer = nnx.LayerNorm(x.shape[-1], **options, rngs=nnx.Rngs(0))
    layer.scale[...], layer.bias[...] = weight, bias
    return layer(x)
