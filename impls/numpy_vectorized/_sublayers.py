"""The sublayers of transformer layers: a function, the way past it, a norm before or behind.

y = LN(x + f(x)), or with `norm_first` y = x + f(LN(x)). The parameters are a dict with the names of
PyTorch's layers.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seqlaws.impls._parameters import check_names
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous
from seqlaws.impls.numpy_vectorized._layer_norm import layer_norm, layer_norm_vjp
from seqlaws.impls.numpy_vectorized._linear import Pull


def taken(
    params: Any, shapes: Mapping[str, str], **arrays: tuple[Array, str]
) -> tuple[dict[str, int], dict[str, Array]]:
    """Check arrays and parameters; return the size of each letter, and the parameters.

    Raises `TypeError` for anything but a dict, `ValueError` for a missing or an unknown name and
    for a wrong shape.
    """
    check_names(params, shapes)
    size = bind(**arrays, **{name: (params[name], shape) for name, shape in shapes.items()})
    return size, {name: contiguous(params[name])[0] for name in shapes}


def four(params: Mapping[str, Array], names: Iterable[str]) -> tuple[Array, Array, Array, Array]:
    """Those of an attention or of a feed-forward network, in order."""
    a, b, c, d = (params[name] for name in names)
    return a, b, c, d


def around(x: Array, f: Callable[[Array], Array], weight: Array, bias: Array) -> Array:
    """A sublayer f of x (B, T, E) with its residual, and its norm behind."""
    return layer_norm(x + f(x), weight, bias)


def around_pull(
    x: Array, f: Callable[[Array], tuple[Array, Pull]], weight: Array, bias: Array, norm_first: bool
) -> tuple[Array, Pull]:
    """The value of a sublayer f that gives its value and its pull, and the sublayer's own pull.

    It gives the gradients of x, of the norm's weight and bias, and whatever else f's pull gives.
    """
    if norm_first:
        y, pull_f = f(layer_norm(x, weight, bias))

        def pull(dy: Array) -> tuple[Array, ...]:
            dn, *rest = pull_f(dy)
            dx, dweight, dbias = layer_norm_vjp(dn, x, weight, bias)
            return dy + dx, dweight, dbias, *rest

        return x + y, pull

    y, pull_f = f(x)
    y += x

    def pull_behind(dy: Array) -> tuple[Array, ...]:
        ds, dweight, dbias = layer_norm_vjp(dy, y, weight, bias)
        dx, *rest = pull_f(ds)
        return ds + dx, dweight, dbias, *rest

    return layer_norm(y, weight, bias), pull_behind
