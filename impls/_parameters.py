"""The parameters of a transformer's layers: names as PyTorch has them, and shapes such as "F E"."""

from collections.abc import Mapping
from typing import Any

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


def under(prefix: str, shapes: Mapping[str, str]) -> dict[str, str]:
    """The same shapes under names with a prefix."""
    return {f"{prefix}.{name}": shape for name, shape in shapes.items()}


def norms(number: int) -> dict[str, str]:
    """Shapes of the norms, counted from 1."""
    return {f"norm{i + 1}.{part}": "E" for i in range(number) for part in ("weight", "bias")}


SELF = under("self_attn", ATTENTION)
CROSS = under("multihead_attn", ATTENTION)
ENCODER = {**SELF, **FEED_FORWARD, **norms(2)}
DECODER = {**SELF, **CROSS, **FEED_FORWARD, **norms(3)}


def check_names(params: Any, shapes: Mapping[str, str]) -> None:
    """Raise `TypeError` for anything but a dict, `ValueError` for other names than these."""
    if not isinstance(params, Mapping):
        raise TypeError(f"params must be a dict, not {type(params).__name__}")
    if params.keys() != shapes.keys():
        odd = ", ".join(sorted(map(str, params.keys() ^ shapes.keys())))
        raise ValueError(f"params must have the names of the layer; missing or unknown: {odd}")


def of_generator(params: Any) -> tuple[int, dict[str, str]]:
    """How many decoder layers there are, and the shapes of all parameters of `generate`.

    Each layer may have a feed-forward network of its own size. Raises `TypeError` for no dict,
    `ValueError` for no layers.
    """
    if not isinstance(params, Mapping):
        raise TypeError(f"params must be a dict, not {type(params).__name__}")
    depth = 0
    while f"layers.{depth}.norm1.weight" in params:
        depth += 1
    if not depth:
        raise ValueError("params has no layers")
    shapes = {"embedding.weight": "V E"}
    for i in range(depth):
        shapes |= {f"layers.{i}.{n}": s.replace("F", f"F{i}") for n, s in DECODER.items()}
    return depth, shapes | {"projection.weight": "V E", "projection.bias": "V"}
