"""Cases of greedy decoding: parameters with which the text moves on from token to token."""

from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Draw, Filling, pick
from seqlaws.properties.strategies.common import Strategy, rounded_numbers, with_cotangents
from seqlaws.properties.strategies.layers import layer_parameters, layer_sizes


def generate_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """One to three layers of decoders, up to nine tokens, rows that start differently."""
    fill = Filling(draw, dtype, fixed)
    n = layer_sizes(draw, "S F", "S", fixed)
    n["V"] = fixed.get("V", pick(draw, (5, 2, 3, 4, 6, 7, 8, 9)))
    n["layers"] = fixed.get("layers", pick(draw, (1, 2, 1, 2, 1, 3)))
    n["steps"] = fixed.get("steps", pick(draw, (5, 1, 2, 3, 4, 6, 7, 8, 9, 0)))
    gains = fixed.get("gains", (0.5, 0.25, 0.5, 1.0))
    gain = pick(draw, gains) / n["layers"]  # or no bound outlasts several layers
    arrays = {
        "memory": fill.array(n["B"], n["S"], n["E"]),
        "start": fill.random().randint(0, max(n["V"], 1), n["B"]).astype(np.int64),
        "params.embedding.weight": fill.array(n["V"], n["E"], scale=0.75),
    }
    for i in range(n["layers"]):
        arrays |= layer_parameters(fill, f"params.layers.{i}.", {**n, "F": n["F"] + i}, gain)
    arrays["params.projection.weight"] = fill.ordinary(n["V"], n["E"])
    arrays["params.projection.bias"] = fill.array(n["V"], scale=0.25)
    options = {"steps": n["steps"], "num_heads": n["N"]}
    return with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)


GENERATE = Strategy(generate_case, rounded_numbers)
