"""Cases of the encoder layer, and the parameters of whatever has sublayers."""

from typing import Any

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Array, Draw, Filling, pick, representable
from seqlaws.properties.operations import ENCODER_LAYER
from seqlaws.properties.strategies.common import (
    Strategy,
    drawn_sizes,
    rounded_numbers,
    with_cotangents,
)
from seqlaws.properties.strategies.multi_head import drawn_heads, mask_options

GAINS = (0.5, 0.25, 1.0, 0.5)  # of a matrix: what it makes of numbers around 1
WIDEST = 48  # features: beyond it a whole layer's bound says little


def encoder_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Both activations, both places of the norm, all kinds of masks, one head and more."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "T D F", "T", fixed) | drawn_heads(draw, fixed)
    if n["N"] * n["D"] > WIDEST and "N" not in fixed:
        n["N"] = 1
    n["B"] = fixed.get("B", pick(draw, (2, 1, 3, n["N"])))
    n["E"] = n["N"] * n["D"]
    gain = pick(draw, fixed.get("gains", GAINS))
    arrays = {"x": fill.array(n["B"], n["T"], n["E"])}
    for name, axes in ENCODER_LAYER.arrays.items():
        if name != "x":
            arrays[name] = layer_parameter(fill, name, axes, n, gain)
    options: dict[str, Any] = {"num_heads": n["N"]}
    options["activation"] = pick(draw, ("relu", "gelu"))
    options["norm_first"] = pick(draw, (False, True))
    options |= {name: fixed[name] for name in options.keys() & fixed.keys()}
    options |= mask_options(draw, fill, {**n, "L": n["T"], "S": n["T"]}, fixed)
    return with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)


def layer_parameter(
    fill: Filling, name: str, axes: str, sizes: dict[str, int], gain: float
) -> Array:
    """A weight matrix of a gain, a norm's weight around 1, a bias that is not 0."""
    shape = [int(a.removesuffix(a[-1]) or 1) * sizes[a[-1]] for a in axes.split()]
    if len(shape) > 1:
        return fill.array(*shape, scale=gain * max(shape[-1], 1) ** -0.5)
    if "norm" in name and name.endswith("weight"):
        return representable(1 + fill.array(*shape, scale=0.5), fill.dtype)
    return fill.array(*shape, scale=0.5)


ENCODER = Strategy(encoder_case, rounded_numbers)
