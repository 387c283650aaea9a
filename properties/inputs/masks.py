"""Masks for whatever has one: drawn, and which query may attend to which key under them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlaws.properties.inputs.numbers import Array, Draw, Filling, chance, pick, representable
from seqlaws.reference.masks import allowed_pairs

if TYPE_CHECKING:
    from seqlaws.properties.inputs.case import Case

MASKS = ("mask", "memory_mask")


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
    added = random.standard_normal(keep.shape) * spread
    if low := fixed.get("low"):  # finite, and below every score: it ranks keys, excludes none
        added = -low * (1 + np.abs(added))
    added = representable(added, fill.dtype)
    return added if kind == "floating" else np.where(keep, added, -np.inf)


def attended(case: "Case") -> Array:
    """Return which query may attend to which key: bool (B, N, L, S)."""
    given = {**case.operation.options, **case.options}
    n = {"N": given.get("num_heads", 0), **case.sizes()}
    options = {o: given[o] for o in ("is_causal", "query_offset", "window") if o in given}
    if isinstance(options.get("window"), list):  # a form that the specification does not take
        options["window"] = tuple(options["window"])
    mask = given.get("mask", given.get("memory_mask"))
    queries = n["L"] if "L" in n else n["T"]
    keys = n["S"] if "S" in n else n["T"]
    return allowed_pairs((n["B"], n["N"], queries, keys), mask, **options)


def kind_of_mask(case: "Case") -> str:
    """Return the kind of mask that may exclude every key: "boolean", "floating" or "causal"."""
    if "is_causal" not in case.operation.options and not case.operation.options.keys() & MASKS:
        return "floating"  # softmax, whose scores are -inf
    masks = [option for name in MASKS if (option := case.options.get(name)) is not None]
    if not masks:
        return "causal"
    return "boolean" if masks[0].dtype == bool else "floating"
