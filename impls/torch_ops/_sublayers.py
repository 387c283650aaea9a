"""The sublayers of transformer layers: a function, the way past it, a norm before or behind.

y = LN(x + f(x)), or with `norm_first` y = x + f(LN(x)). The parameters are a dict with the names of
PyTorch's layers; everything is computed in the accumulating dtype.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor

from seqlaws.impls._parameters import check_names
from seqlaws.impls.torch_ops._checks import bind, wide
from seqlaws.impls.torch_ops._layer_norm import layer_norm


def taken(
    params: Any, shapes: Mapping[str, str], **tensors: tuple[Tensor, str]
) -> tuple[dict[str, int], dict[str, Tensor]]:
    """Check tensors and parameters; return the size of each letter, and the parameters, wide.

    Raises `TypeError` for anything but a dict, `ValueError` for a missing or an unknown name and
    for a wrong shape.
    """
    check_names(params, shapes)
    size = bind(**tensors, **{name: (params[name], shape) for name, shape in shapes.items()})
    return size, {name: wide(params[name]) for name in shapes}


def four(
    params: Mapping[str, Tensor], names: Iterable[str]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Those of an attention or of a feed-forward network, in order."""
    a, b, c, d = (params[name] for name in names)
    return a, b, c, d


def around(
    x: Tensor, f: Callable[[Tensor], Tensor], weight: Tensor, bias: Tensor, norm_first: bool
) -> Tensor:
    """A sublayer f of x (B, T, E) with its residual and its norm."""
    if norm_first:
        return x + f(layer_norm(x, weight, bias))
    return layer_norm(x + f(x), weight, bias)
