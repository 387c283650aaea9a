"""Strategies: the cases of each operation, all options in combination, every size and regime.

A case never depends on the implementation. `fixed` pins a size by its letter or an option by its
name, for the laws that are about one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from seqlaws.properties.draws import (
    Array,
    Draw,
    Filling,
    by_hypothesis,
    chance,
    pick,
    representable,
)
from seqlaws.properties.operations import OPERATIONS, RECURRENT
from seqlaws.reference.masks import allowed_pairs

SMALL = (1, 2, 3, 4, 5, 2, 3, 6, 7, 8, 9)
TILES = (15, 16, 17, 31, 32, 33, 63, 64, 65)
POISON = (1e6, np.nan, np.inf, -np.inf)


@dataclass(frozen=True)
class Case:
    """One call: arrays by argument (float64, of the dtype's numbers), options that are given."""

    operation: str
    dtype: str
    arrays: Mapping[str, Array]
    options: Mapping[str, Any] = field(default_factory=dict)
    cotangents: Mapping[str, Array] = field(default_factory=dict)
    seed: int = 0
    poison: tuple[float, int] = (0.0, 0)  # what to put where nobody looks, in how many features

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in self.arrays.items())
        return f"Case({self.operation}, {self.dtype}: {shapes}; {sorted(self.options)})"

    def having(self, **changes: Any) -> "Case":
        """The same case with other arrays or options."""
        changes = {
            name: representable(value, self.dtype) if is_floating(value) else value
            for name, value in changes.items()
        }
        arrays = {name: changes.pop(name, value) for name, value in self.arrays.items()}
        return replace(self, arrays=arrays, options={**self.options, **changes})

    def without(self, *options: str) -> "Case":
        """The same case with these options left at their defaults."""
        kept = {name: value for name, value in self.options.items() if name not in options}
        return replace(self, options=kept)

    def pulled(self, **cotangents: Array) -> "Case":
        """The same case with other cotangents."""
        return replace(self, cotangents={**self.cotangents, **cotangents})

    def option(self, name: str) -> Any:
        """An option's value, given or by default."""
        return self.options.get(name, OPERATIONS[self.operation].options[name])

    def random(self, stream: int = 0) -> np.random.RandomState:
        """More randomness, the case's own."""
        return np.random.RandomState([self.seed, 7919, stream])

    def sizes(self) -> dict[str, int]:
        """Letter to size, as the operation's axes name them."""
        letters: dict[str, int] = {}
        for name, axes in OPERATIONS[self.operation].arrays.items():
            for axis, n in zip(axes.split(), self.arrays[name].shape, strict=False):
                letters.setdefault(axis, n)
        return letters


def is_floating(value: Any) -> bool:
    """Whether it is an array of floating numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def build(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """A case of an operation, from drawn numbers."""
    if operation in RECURRENT:
        return recurrent_case(draw, operation, dtype, **fixed)
    one = {"softmax": softmax_case, "lstm_gates": gates_case, "attention": attention_case}
    return one[operation](draw, dtype, **fixed)


def cases(operation: str, dtype: str, **fixed: Any) -> st.SearchStrategy[Case]:
    """Cases of an operation, drawn by Hypothesis."""
    return composed(operation, dtype, fixed)


@st.composite
def composed(draw: Any, operation: str, dtype: str, fixed: Mapping[str, Any]) -> Case:
    """The strategy behind `cases`."""
    return build(by_hypothesis(draw), operation, dtype, **fixed)


def drawn_sizes(
    draw: Draw, letters: str, may_be_zero: str, fixed: Mapping[str, Any]
) -> dict[str, int]:
    """A size for each letter; sometimes one is at a tile's edge, sometimes one is 0."""
    names = letters.split()
    sizes = {name: pick(draw, SMALL) for name in names}
    kind = draw(24)
    if kind in (16, 17, 18):
        sizes[pick(draw, names)] = pick(draw, TILES)
    if kind in (19, 20):
        sizes[pick(draw, may_be_zero.split())] = 0
    if kind > 20:  # what is square, or as long as the batch, hides a transposition
        sizes = dict.fromkeys(names, pick(draw, SMALL))
    return {name: fixed.get(name, size) for name, size in sizes.items()}


def with_cotangents(case: Case, fill: Filling, fixed: Mapping[str, Any]) -> Case:
    """Random cotangents on every output; for a law of gradients, with windows that shrink."""
    axes = case.sizes()
    outputs = OPERATIONS[case.operation].outputs
    if case.operation == "softmax":
        shapes = {"p": case.arrays["x"].shape}
    else:
        shapes = {
            name: tuple(axes[a] for a in letters.split()) for name, letters in outputs.items()
        }
    drawn = fill.ordinary if fixed.get("gradients") else fill.dense
    cotangents = {name: drawn(*shape) for name, shape in shapes.items()}
    return replace(case, cotangents=cotangents, seed=fill.seed)


def softmax_case(draw: Draw, dtype: str, **fixed: Any) -> Case:
    """Scores of rank 1 to 4 along any axis, some -inf, up to the scale of 1e4."""
    fill = Filling(draw, dtype, dense=fixed.get("dense", False))
    rank = fixed.get("rank", pick(draw, (1, 2, 3, 4, 2, 3)))
    shape = [pick(draw, (2, 3, 1, 4, 5, 7, 8, 9)) for _ in range(rank)]
    axis = fixed.get("axis", pick(draw, (-1, *range(rank), *range(-rank, 0))))
    if "rows" in fixed:
        shape[0] = fixed["rows"]
    shape[axis] = fixed.get("n", shape[axis])
    if "n" not in fixed and chance(draw, 4):
        shape[axis] = pick(draw, (*TILES, 127, 128, 129, 257))
    if chance(draw, 12) and not fixed.keys() & {"n", "rows"}:
        shape[pick(draw, range(rank))] = 0
    x = fill.array(*shape, scale=pick(draw, (1.0, 1.0, 4.0, 30.0, 1000.0, 1e4)))
    masked = pick(draw, (0.0, 0.0, 0.3, 0.9))
    if fixed.get("masked", True) and masked:
        x = np.where(fill.random().random_sample(x.shape) < masked, -np.inf, x)
    options = {} if axis == -1 and chance(draw, 2) else {"axis": axis}
    return with_cotangents(Case("softmax", dtype, {"x": x}, options), fill, fixed)


def parameters(
    fill: Filling, blocks: int, inputs: int, hidden: int, scale: float
) -> dict[str, Array]:
    """Weights and biases of a recurrent layer."""
    rows = blocks * hidden
    return {
        "weight_ih": fill.array(rows, inputs, scale=scale / max(inputs, 1) ** 0.5),
        "weight_hh": fill.array(rows, hidden, scale=scale / max(hidden, 1) ** 0.5),
        "bias_ih": fill.array(rows, scale=0.5 * scale),
        "bias_hh": fill.array(rows, scale=0.5 * scale),
    }


def gates_case(draw: Draw, dtype: str, **fixed: Any) -> Case:
    """One step's gates, from ordinary to saturated."""
    fill = Filling(draw, dtype, dense=fixed.get("dense", False))
    n = drawn_sizes(draw, "B I H", "B", fixed)
    arrays = {"x": fill.array(n["B"], n["I"]), "h": fill.array(n["B"], n["H"])}
    arrays |= parameters(fill, 4, n["I"], n["H"], pick(draw, (1.0, 0.5, 2.0, 20.0)))
    return with_cotangents(Case("lstm_gates", dtype, arrays), fill, fixed)


def recurrent_case(draw: Draw, operation: str, dtype: str, **fixed: Any) -> Case:
    """Sequences; initial states and biases that are not zero; lengths, direction, activation."""
    fill = Filling(draw, dtype, dense=fixed.get("dense", False))
    n = drawn_sizes(draw, "B T I H", "B T", fixed)
    blocks = {"rnn": 1, "gru": 3, "lstm": 4}[operation]
    scale = pick(draw, fixed.get("scales", (1.0, 0.5, 1.0, 2.0)))
    arrays = {"x": fill.array(n["B"], n["T"], n["I"]), "h0": fill.array(n["B"], n["H"])}
    if operation == "lstm":
        arrays["c0"] = fill.array(n["B"], n["H"])
    arrays |= parameters(fill, blocks, n["I"], n["H"], scale)
    options: dict[str, Any] = {}
    if operation == "rnn":
        options["nonlinearity"] = pick(draw, ("tanh", "relu", "sigmoid"))
    if operation == "gru":
        options["reset_after"] = pick(draw, (True, False))
    options["reverse"] = pick(draw, (False, True))
    options |= {name: fixed[name] for name in options.keys() & fixed.keys()}
    padded = chance(draw, 2)
    if fixed.get("padded", padded):
        lengths = fill.random().randint(0, n["T"] + 1, n["B"])
        if n["B"] and chance(draw, 2):
            lengths[draw(n["B"])] = n["T"]  # the longest row, by which others are padded
        options["lengths"] = lengths.astype(np.int64)
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), n["I"]))


def padded_with(case: Case, poison: float) -> Array:
    """x with its padding overwritten."""
    time = np.arange(case.arrays["x"].shape[1])
    beyond = time >= np.asarray(case.options["lengths"])[:, None]
    poison = float(representable(np.array(poison), case.dtype))
    return np.where(beyond[..., None], poison, case.arrays["x"])


def attention_case(draw: Draw, dtype: str, **fixed: Any) -> Case:
    """Heads that share keys, unequal sizes, and every option beside every other."""
    fill = Filling(draw, dtype, dense=fixed.get("dense", False))
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
    case = with_cotangents(Case("attention", dtype, arrays, options), fill, fixed)
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
    scale = pick(draw, (None, None, 0.5, 0.3, 1.0, 0.0, -0.7))
    options["scale"] = scale
    near = (0, 0, 1, 2, n["S"] - n["L"], 3, -1)
    options["query_offset"] = pick(draw, near)
    sides = (0, 1, 2, 3, 4, 8, 16, 17, 33)
    left, right, bounded = pick(draw, sides), pick(draw, sides), pick(draw, (3, 1, 2, 3))
    window = left if bounded & 1 else None, right if bounded & 2 else None
    options["window"] = window if chance(draw, 3) else None
    options["softcap"] = pick(draw, (2.0, 0.5, 20.0)) if chance(draw, 3) else None
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
    spread = pick(draw, (2.0, 2.0, 20.0))
    added = representable(random.standard_normal(keep.shape) * spread, fill.dtype)
    return added if kind == "floating" else np.where(keep, added, -np.inf)


def poisoned(case: Case) -> Case:
    """The case with its poison where nobody looks.

    That is in the padding, and in keys and values that no query may attend to.
    """
    poison, features = case.poison
    if not poison:
        return case
    if case.operation in RECURRENT:
        return case if case.option("lengths") is None else case.having(x=padded_with(case, poison))
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
    q, k = case.arrays["q"], case.arrays["k"]
    names = ("mask", "is_causal", "query_offset", "window")
    return allowed_pairs((*q.shape[:3], k.shape[2]), **{o: case.option(o) for o in names})


CaseStrategy = Callable[..., st.SearchStrategy[Case]]


def drawn(**fixed: Any) -> CaseStrategy:
    """`cases` with something pinned, for a law to name."""
    return lambda operation, dtype, **more: cases(operation, dtype, **fixed, **more)
