"""Dense ordinary cases: nothing zero, nothing twice, no two sizes equal; so that entries tell."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case, is_floating, shapes_of_cotangents
from seqlaws.properties.inputs.masks import MASKS
from seqlaws.properties.inputs.numbers import Array, by_seed, representable
from seqlaws.properties.inputs.operation import extent
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.inputs.sweeps import combinations_of_gradients, unequal

SIZES = {"B": 3, "T": 5, "I": 4, "H": 3, "N": 6, "M": 3, "L": 4, "S": 7, "D": 5, "Dv": 2}
LENGTHS = (2, 5, 3)  # of B rows of at most T steps
Offers = Callable[[str], bool]  # whether an implementation has an option


def discriminating_cases(witness: Case, offers: Offers) -> Iterator[Case]:
    """Cases that tell misreadings apart: the operation's own, or those of its sweeps."""
    operation = witness.operation
    yield from (operation.discriminating or of_sweeps)(witness, offers)


def of_sweeps(witness: Case, offers: Offers) -> Iterator[Case]:
    """Cases at unequal sizes, then of every combination of options: ordinary and dense."""
    operation = witness.operation
    for k, fixed in enumerate([*unequal(operation), *combinations_of_gradients(operation)]):
        case = build(by_seed(k, 3), operation, witness.dtype, **{**fixed, "dense": True})
        yield pulled(replace(case, poison=(0.0, 0)))


def ordinary(name: str, shape: tuple[int, ...], dtype: str, seed: int = 0) -> Array:
    """Return numbers of order 1; weights are scaled so that sums stay of order 1."""
    stream = sum(map(ord, name))
    z = np.random.RandomState([seed, stream, 20]).standard_normal(shape)
    scale = max(shape[-1], 1) ** -0.5 if name.startswith("weight") else 1.0
    return representable(z * scale * (0.7 if name.startswith("bias") else 1.0), dtype)


def dense(case: Case) -> Case:
    """Return the case with dense floating arrays, new cotangents and no poison."""
    arrays = {
        n: ordinary(n, a.shape, case.dtype) if is_floating(a) else a for n, a in case.arrays.items()
    }
    return pulled(replace(case, arrays=arrays, poison=(0.0, 0)))


def redrawn(case: Case) -> Case | None:
    """Return the case with another mask and other lengths, of the same shapes; None without any.

    Of a mask some rows are masked throughout, if it masks anything at all.
    """
    random, options = np.random.RandomState(7), {}
    for name, option in case.options.items():
        if name in MASKS and option is not None:
            keep = random.random_sample(option.shape) < 0.6
            keep[random.random_sample(keep.shape[:-1]) < 0.2] = False
            added = representable(2 * random.standard_normal(option.shape), case.dtype)
            if not is_floating(option):
                options[name] = keep
            else:
                options[name] = np.where(keep | ~np.isneginf(option).any(), added, -np.inf)
        elif name == "lengths" and isinstance(option, np.ndarray):
            options[name] = random.randint(0, case.sizes()["T"] + 1, option.shape)
    return case.having(**options) if options else None


def sized(case: Case, options: dict[str, Any], *, only: bool = False, **sizes: int) -> Case:
    """Unequal small sizes; the options of a case and others, or the others only."""
    n = SIZES | sizes
    arrays = {
        name: ordinary(name, tuple(extent(a, n) for a in axes.split()), case.dtype, 1)
        for name, axes in case.operation.arrays.items()
    }
    taken = dict(options) if only else {**case.options, **options}
    mask = taken.pop("mask", None)
    if mask is not None:
        kind = mask if isinstance(mask, str) else kind_of(mask)
        taken["mask"] = full_mask(n, kind, case.dtype)
    if isinstance(taken.get("lengths"), np.ndarray):
        taken["lengths"] = np.array(LENGTHS, np.int64)
    return pulled(Case(case.operation, case.dtype, arrays, taken))


def pulled(case: Case) -> Case:
    """The case with ordinary numbers for its cotangents."""
    if not case.operation.differentiable:
        return case
    outputs = shapes_of_cotangents(case).items()
    cotangents = {n: ordinary(f"d{n}", shape, case.dtype) for n, shape in outputs}
    return replace(case, cotangents=cotangents)


def larger(case: Case) -> Case:
    """Return the case with inputs and states 30 times as large, for saturation and overflow."""
    grown = {n: 30 * a for n, a in case.arrays.items() if n in ("q", "x", "h", "h0", "c0")}
    return case.having(**grown)


def kind_of(mask: Array) -> str:
    """A mask's kind, as cases are pinned by it."""
    if mask.dtype.kind != "f":
        return "boolean"
    return "both" if np.isneginf(mask).any() else "floating"


def full_mask(n: dict[str, int], kind: str, dtype: str) -> Array:
    """A mask of all four axes, of which no row is masked throughout unless its kind says so."""
    random = np.random.RandomState(11)
    shape = tuple(n[a] for a in "BNLS")
    keep = random.random_sample(shape) < 0.6
    keep[..., 0] |= ~keep.any(-1)
    if kind == "with an empty row":
        keep[:, :, 1] = False
    if kind in ("boolean", "with an empty row"):
        return keep
    added = representable(random.standard_normal(shape), dtype)
    return added if kind == "floating" else np.where(keep, added, -np.inf)
