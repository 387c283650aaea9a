"""Cases of attention, and masks for whatever has one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.case import Case
from seqlaws.properties.draws import Array, Draw, Filling, chance, pick, representable
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.strategies.common import (
    Strategy,
    drawn_sizes,
    rounded_numbers,
    with_cotangents,
)
from seqlaws.reference.masks import allowed_pairs


def attention_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Heads that share keys, unequal sizes, and every option beside every other."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "L S D Dv", "L S", fixed)
    n["B"] = fixed.get("B", pick(draw, (1, 2, 3, 2)))
    n["M"] = fixed.get("M", pick(draw, (1, 2, 3)))
    n["N"] = n["M"] * fixed.get("group", pick(draw, (1, 2, 3)))
    if chance(draw, 6) and "B" not in fixed:
        n["B"] = n["N"]
    scale = pick(draw, fixed.get("scales", (1.0, 1.0, 1.0, 3.0)))
    arrays = {
        "q": fill.array(n["B"], n["N"], n["L"], n["D"], scale=scale),
        "k": fill.array(n["B"], n["M"], n["S"], n["D"], scale=scale),
        "v": fill.array(n["B"], n["M"], n["S"], n["Dv"]),
    }
    options = attention_options(draw, fill, n, fixed)
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    features = pick(draw, (n["D"] + n["Dv"], 1))
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), features))


def attention_options(
    draw: Draw, fill: Filling, n: Mapping[str, int], fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """All options, each given or not, whatever the others."""
    options: dict[str, Any] = {}
    kind = pick(draw, ("none", "boolean", "none", "floating", "both"))
    kind = fixed.get("mask", kind) or "none"
    options["mask"] = drawn_mask(draw, fill, n, kind, fixed)
    options["is_causal"] = pick(draw, (False, True))
    scale = pick(draw, (None, None, 0.5, 0.3, 1.0, 0.0, -0.7, 2, 0.1, 1 / 64))
    options["scale"] = scale
    near = (0, 0, 1, 2, n["S"] - n["L"], 3, -1)
    options["query_offset"] = pick(draw, near)
    sides = (0, 1, 2, 3, 4, 8, 16, 17, 33)
    left, right, bounded = pick(draw, sides), pick(draw, sides), pick(draw, (3, 1, 2, 3))
    window = left if bounded & 1 else None, right if bounded & 2 else None
    options["window"] = window if chance(draw, 3) else None
    options["softcap"] = pick(draw, (2.0, 0.5, 20.0, 50.0)) if chance(draw, 3) else None
    options |= {name: fixed[name] for name in options.keys() & fixed.keys() - {"mask"}}
    defaults = OPERATIONS["attention"].options
    return {name: o for name, o in options.items() if not same(o, defaults[name])}


def same(a: Any, b: Any) -> bool:
    """Whether an option has its default value (1 is not True here)."""
    return type(a) is type(b) and not isinstance(a, np.ndarray) and a == b


def drawn_mask(
    draw: Draw, fill: Filling, n: Mapping[str, int], kind: str, fixed: Mapping[str, Any]
) -> Array | None:
    """A mask of one of the shapes that broadcast; some of its rows may be masked throughout."""
    random = fill.random()
    whole = tuple(n[a] for a in "BNLS")
    axes = fixed.get("axes", [pick(draw, (True, True, False)) for _ in whole[:3]])
    shape = tuple(size if kept else 1 for size, kept in zip(whole[:3], axes, strict=True))
    last = fixed.get("last", pick(draw, ("S", "S", "S", 1)))
    shape = (*shape, 1 if last == 1 and n["S"] else n["S"])
    keep = random.random_sample(shape) < pick(draw, (0.7, 0.95, 0.3))
    if chance(draw, 4):
        keep[..., : shape[-1] // 2] = False  # a leading block
    rank = fixed.get("mask_rank", pick(draw, (4, 4, 3, 2, 1)))
    while keep.ndim > rank:  # axes of size 1 in front may be left out
        if keep.shape[0] != 1:
            break
        keep = keep[0]
    if kind == "none":
        return None
    if kind == "boolean":
        return keep
    spread = pick(draw, (2.0, 2.0, 20.0, 300.0))
    added = representable(random.standard_normal(keep.shape) * spread, fill.dtype)
    return added if kind == "floating" else np.where(keep, added, -np.inf)


def poisoned(case: Case) -> Case:
    """The case with its poison in keys and values that no query may attend to."""
    poison, features = case.poison
    seen = attended(case)
    hidden = ~np.any(seen, axis=2)[..., None]  # (B, N, S, 1), by query head
    batch, m, s, _ = case.arrays["k"].shape
    group = case.arrays["q"].shape[1] // m
    hidden = np.all(hidden.reshape(batch, m, group, s, 1), axis=2)
    spoilt = {name: np.array(case.arrays[name]) for name in ("k", "v")}
    for array in spoilt.values():
        array[..., :features] = np.where(hidden, poison, array[..., :features])
    return case.having(**spoilt)


def attended(case: Case) -> Array:
    """Which query may attend to which key: bool (B, N, L, S)."""
    given = {**OPERATIONS[case.operation].options, **case.options}
    n = {"N": given.get("num_heads", 0), **case.sizes()}
    options = {o: given[o] for o in ("is_causal", "query_offset", "window") if o in given}
    mask = given.get("mask", given.get("memory_mask"))
    queries = n["L"] if "L" in n else n["T"]
    keys = n["S"] if "S" in n else n["T"]
    return allowed_pairs((n["B"], n["N"], queries, keys), mask, **options)


ATTENTION = Strategy(attention_case, rounded_numbers, poisoned)
