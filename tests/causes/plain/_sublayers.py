"""The sublayers of transformer layers: a function, the way past it, a norm before or behind.

y = LN(x + f(x)), or with `norm_first` y = x + f(LN(x)). The parameters are a dict with the names of
PyTorch's layers.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seqlaws.impls._parameters import check_names
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous
from seqlaws.impls.numpy_vectorized._layer_norm import layer_norm, layer_norm_vjp


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


def around(
    x: Array, f: Callable[[Array], Array], weight: Array, bias: Array, norm_first: bool
) -> Array:
    """A sublayer f of x (B, T, E) with its residual and its norm."""
    if norm_first:
        return x + f(layer_norm(x, weight, bias))
    return layer_norm(x + f(x), weight, bias)


def around_backward(
    dy: Array,
    x: Array,
    f: Callable[[Array], Array],
    f_backward: Callable[[Array, Array], tuple[Array, ...]],
    weight: Array,
    bias: Array,
    norm_first: bool,
) -> tuple[Array, ...]:
    """Gradients of x, of the norm's weight and bias, and whatever else `f_backward` gives."""
    if norm_first:
        dn, *rest = f_backward(dy, layer_norm(x, weight, bias))
        dx, dweight, dbias = layer_norm_vjp(dn, x, weight, bias)
        return dy + dx, dweight, dbias, *rest
    ds, dweight, dbias = layer_norm_vjp(dy, x + f(x), weight, bias)
    dx, *rest = f_backward(ds, x)
    return ds + dx, dweight, dbias, *rest
