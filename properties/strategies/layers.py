"""The sizes and parameters of a decoder's layers."""

from collections.abc import Mapping
from typing import Any

from seqlaws.properties.draws import Array, Draw, Filling, pick
from seqlaws.properties.strategies.common import drawn_sizes
from seqlaws.properties.strategies.encoder import layer_parameter
from seqlaws.reference import decoder


def layer_sizes(
    draw: Draw, letters: str, may_be_zero: str, fixed: Mapping[str, Any]
) -> dict[str, int]:
    """A size for each letter and B, N heads of D features, and E, which is N D."""
    n = drawn_sizes(draw, letters, may_be_zero, fixed)
    n["B"] = fixed.get("B", pick(draw, (1, 2, 3, 2)))
    n["N"] = fixed.get("N", pick(draw, (1, 2, 3, 2)))
    n["D"] = fixed.get("D", pick(draw, (2, 1, 3, 4, 5, 8)))
    n["E"] = n["N"] * n["D"]
    return n


def layer_parameters(
    fill: Filling, prefix: str, sizes: dict[str, int], gain: float
) -> dict[str, Array]:
    """Those of one layer, under names with a prefix."""
    axes = decoder.PARAMETERS
    return {prefix + name: layer_parameter(fill, name, axes[name], sizes, gain) for name in axes}
