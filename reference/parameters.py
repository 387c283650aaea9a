"""The parameters of a transformer's layers: a dict with PyTorch's names, and their shapes."""

from typing import Any

from seqlaws.reference.algebra import Array
from seqlaws.reference.shapes import bind

Params = dict[str, Array]
Letters = dict[str, str]  # name: its axes, as `bind` takes them


def of_attention(name: str) -> Letters:
    """The parameters of a torch.nn.MultiheadAttention of that name."""
    return {
        f"{name}.in_proj_weight": "3E E",
        f"{name}.in_proj_bias": "3E",
        f"{name}.out_proj.weight": "E E",
        f"{name}.out_proj.bias": "E",
    }


def of_norm(name: str) -> Letters:
    """The parameters of a torch.nn.LayerNorm of that name."""
    return {f"{name}.weight": "E", f"{name}.bias": "E"}


OF_FEED_FORWARD = {
    "linear1.weight": "F E",
    "linear1.bias": "F",
    "linear2.weight": "E F",
    "linear2.bias": "E",
}


def parts(
    operation: str, params: Any, *letters: Letters, **described: tuple[Any, str]
) -> tuple[dict[str, int], list[list[Array]]]:
    """The size of each letter, and the parameters of each part in order.

    letters: of each part. described: other arrays, as in `bind`.
    Raises TypeError for what is not a dict, ValueError for a name that is missing or not known and
    for a shape that does not fit.
    """
    if not isinstance(params, dict):
        raise TypeError(f"{operation}: params is a {type(params).__name__}, not a dict")
    axes = {name: axes for part in letters for name, axes in part.items()}
    missing = ", ".join(name for name in axes if name not in params)
    unknown = ", ".join(repr(name) for name in params if name not in axes)
    if missing or unknown:
        raise ValueError(
            f"{operation}: params lacks {missing or 'nothing'}; not known: {unknown or 'none'}"
        )
    sizes = bind(operation, **described, **{n: (params[n], a) for n, a in axes.items()})
    return sizes, [[params[name] for name in part] for part in letters]
