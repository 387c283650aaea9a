"""Cases of multi-head attention: of one sequence to itself, or of one to another."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Array, Draw, Filling, pick
from seqlaws.properties.strategies.attention import attended, drawn_mask
from seqlaws.properties.strategies.common import (
    Strategy,
    drawn_sizes,
    rounded_numbers,
    with_cotangents,
)

SOURCES = ("three", "self", "memory")  # all different; all the same; key and value the same


def multi_head_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Heads of one feature and more, one head and more, L unlike S, all kinds of masks."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "L S D", "L S", fixed) | drawn_heads(draw, fixed)
    n["B"] = fixed.get("B", pick(draw, (2, 1, 3, n["N"])))
    source = pick(draw, SOURCES)
    source = fixed.get("source", source)
    if source == "self":
        n["S"] = n["L"]
    n["E"] = n["N"] * n["D"]
    scale = pick(draw, fixed.get("scales", (1.0, 1.0, 1.0, 3.0)))
    query = fill.array(n["B"], n["L"], n["E"], scale=scale)
    key = query if source == "self" else fill.array(n["B"], n["S"], n["E"], scale=scale)
    value = fill.array(n["B"], n["S"], n["E"]) if source == "three" else key
    arrays = {"query": query, "key": key, "value": value, **attention_parameters(fill, n["E"])}
    options = {"num_heads": n["N"], **mask_options(draw, fill, n, fixed)}
    is_causal = pick(draw, (False, True))
    if fixed.get("is_causal", is_causal):
        options["is_causal"] = True
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    features = pick(draw, (n["E"], 1))
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), features))


def drawn_heads(draw: Draw, fixed: Mapping[str, Any]) -> dict[str, int]:
    """How many heads there are."""
    heads = pick(draw, (2, 1, 3, 4))
    return {"N": fixed.get("N", heads)}


def attention_parameters(fill: Filling, features: int) -> dict[str, Array]:
    """The projections' weights and biases: none of them 0, so that no product is lost."""
    scale = max(features, 1) ** -0.5
    return {
        "in_proj_weight": fill.array(3 * features, features, scale=scale),
        "in_proj_bias": fill.array(3 * features, scale=0.5),
        "out_proj_weight": fill.array(features, features, scale=scale),
        "out_proj_bias": fill.array(features, scale=0.5),
    }


def mask_options(
    draw: Draw, fill: Filling, n: Mapping[str, int], fixed: Mapping[str, Any]
) -> dict[str, Array]:
    """A mask over (B, N, L, S), of any kind, or none."""
    kind = pick(draw, ("none", "boolean", "none", "floating", "both"))
    kind = fixed.get("mask", kind) or "none"
    mask = drawn_mask(draw, fill, n, kind, fixed)
    return {} if mask is None else {"mask": mask}


def poisoned(case: Case) -> Case:
    """The case with its poison in keys and values that no query of any head may attend to."""
    poison, features = case.poison
    hidden = ~np.any(attended(case), axis=(1, 2))[..., None]  # (B, S, 1)
    spoilt = {name: np.array(case.arrays[name]) for name in ("key", "value")}
    for array in spoilt.values():
        array[..., :features] = np.where(hidden, poison, array[..., :features])
    return case.having(**spoilt)


MULTI_HEAD = Strategy(multi_head_case, rounded_numbers, poisoned)
