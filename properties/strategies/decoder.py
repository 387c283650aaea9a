"""Cases of a decoder layer: a sequence, a memory of another length, every kind of mask of it."""

from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Draw, Filling, pick
from seqlaws.properties.strategies.attention import attended, drawn_mask
from seqlaws.properties.strategies.common import Strategy, rounded_numbers, with_cotangents
from seqlaws.properties.strategies.layers import layer_parameters, layer_sizes


def decoder_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Every option beside every other; some of the memory may be masked for some or for all."""
    fill = Filling(draw, dtype, fixed)
    n = layer_sizes(draw, "T S F", "T S", fixed)
    gain = pick(draw, fixed.get("gains", (0.25, 0.5, 0.25, 1.0)))
    arrays = {
        "x": fill.array(n["B"], n["T"], n["E"]),
        "memory": fill.array(n["B"], n["S"], n["E"]),
        **layer_parameters(fill, "params.", n, gain),
    }
    options: dict[str, Any] = {"num_heads": n["N"]}
    options["activation"] = fixed.get("activation", pick(draw, ("relu", "gelu")))
    options["norm_first"] = fixed.get("norm_first", pick(draw, (False, True)))
    kind = pick(draw, ("none", "boolean", "none", "floating", "both"))
    mask = drawn_mask(draw, fill, {**n, "L": n["T"]}, fixed.get("mask", kind) or "none", fixed)
    if mask is not None:
        options["memory_mask"] = mask
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    features = pick(draw, (n["E"], 1))
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), features))


def poisoned(case: Case) -> Case:
    """The case with its poison in the memory that nothing may attend to."""
    poison, features = case.poison
    hidden = ~np.any(attended(case), axis=(1, 2))[..., None]  # (B, S, 1)
    memory = np.array(case.arrays["memory"])
    memory[..., :features] = np.where(hidden, poison, memory[..., :features])
    return case.having(memory=memory)


DECODER = Strategy(decoder_case, rounded_numbers, poisoned)
