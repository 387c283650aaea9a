"""Cases that tell misreadings apart: dense ordinary numbers, nothing zero, nothing twice."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case, is_floating, output_shapes
from seqlaws.properties.inputs.numbers import Array, by_seed, representable
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.inputs.sweeps import combinations_of_gradients, unequal
from seqlaws.properties.subjects.subject import Subject

SIZES = {"B": 3, "T": 5, "I": 4, "H": 3, "N": 6, "M": 3, "L": 4, "S": 7, "D": 5, "Dv": 2}


def telling_cases(subject: Subject, witness: Case) -> Iterator[Case]:
    """With the options of a failing case, then with others that the subject offers."""
    if witness.operation.name == "softmax":
        for shape, axis in SHAPES:
            case = softmax_case(witness, shape, axis)
            yield case
            yield extreme(case, 150.0 if axis == 1 else 1.0, -20000.0 if axis == -1 else 0.0)
        return
    if (
        witness.operation.name not in ("lstm_gates", "attention")
        and not witness.operation.recurrent
    ):
        yield from of_sweeps(witness)
        return
    yield sized(witness, {})
    yield larger(sized(witness, {}))
    for options in ATTENTION if witness.operation.name == "attention" else recurrent(witness):
        if all(subject.offers(name) for name in options):
            yield sized(witness, options, only=True)
    if witness.operation.name == "attention" and subject.offers("is_causal"):
        yield sized(witness, {"is_causal": True}, only=True, S=SIZES["L"])
        if subject.offers("query_offset"):
            yield sized(witness, {"is_causal": True, "query_offset": 2}, only=True, L=1)
    yield sized(witness, {}, only=True)


def of_sweeps(witness: Case) -> Iterator[Case]:
    """Cases at unequal sizes, then of every combination of options: ordinary and dense."""
    operation = witness.operation
    for k, fixed in enumerate([*unequal(operation), *combinations_of_gradients(operation)]):
        case = build(by_seed(k, 3), operation, witness.dtype, **{**fixed, "dense": True})
        yield pulled(replace(case, poison=(0.0, 0)))


def recurrent(witness: Case) -> Iterator[dict[str, Any]]:
    """Both directions, with lengths and without; the other activations, the other reset."""
    if not witness.operation.recurrent:
        return
    options = {n: o for n, o in witness.options.items() if n not in ("reverse", "lengths")}
    lengths = np.array(LENGTHS, np.int64)
    yield {**options, "reverse": True}
    yield {**options, "reverse": True, "lengths": lengths}
    yield {**options, "lengths": lengths}
    if "nonlinearity" in witness.operation.options:
        for kind in ("tanh", "relu", "sigmoid"):
            if kind != witness.option("nonlinearity"):
                yield {"nonlinearity": kind, "reverse": True}
    if "reset_after" in witness.operation.options:
        yield {"reset_after": not witness.option("reset_after"), "reverse": True}


LENGTHS = (2, 5, 3)
SHAPES = (((3, 4, 5), 1), ((3, 4, 5), -1), ((3, 4, 5), 0), ((4, 6), 0), ((4, 6), -1))
ATTENTION: tuple[dict[str, Any], ...] = (
    {"is_causal": True},
    {"is_causal": True, "query_offset": 2},
    {"window": (2, 1), "query_offset": 1},
    {"mask": "boolean"},
    {"mask": "floating"},
    {"scale": 0.3, "softcap": 1.5},
    {"scale": 3000.0, "is_causal": True},
    {"scale": 100.0, "mask": "with an empty row"},
    {"is_causal": True, "mask": "boolean"},
    {"is_causal": True, "softcap": 1.5},
    {"window": (1, 1), "softcap": 1.5},
    {"mask": "boolean", "window": (1, 2)},
    {"mask": "both", "is_causal": True, "scale": 0.6, "softcap": 2.0, "window": (3, 0)},
)


def ordinary(name: str, shape: tuple[int, ...], dtype: str, seed: int = 0) -> Array:
    """Numbers around 1; weights so that sums stay around 1."""
    stream = sum(map(ord, name))
    z = np.random.RandomState([seed, stream, 20]).standard_normal(shape)
    scale = max(shape[-1], 1) ** -0.5 if name.startswith("weight") else 1.0
    return representable(z * scale * (0.7 if name.startswith("bias") else 1.0), dtype)


def dense(case: Case) -> Case:
    """The same shapes and options, other numbers."""
    arrays = {
        n: ordinary(n, a.shape, case.dtype) if is_floating(a) else a for n, a in case.arrays.items()
    }
    return pulled(replace(case, arrays=arrays, poison=(0.0, 0)))


def sized(case: Case, options: dict[str, Any], *, only: bool = False, **sizes: int) -> Case:
    """Unequal small sizes; the options of a case and others, or the others only."""
    if case.operation.name == "softmax":
        return dense(case)
    n, given = SIZES | sizes, case.operation
    blocks = given.blocks
    arrays = {
        name: ordinary(name, tuple(length(a, n, blocks) for a in axes.split()), case.dtype, 1)
        for name, axes in given.arrays.items()
    }
    taken = dict(options) if only else {**case.options, **options}
    mask = taken.pop("mask", None)
    if mask is not None:
        kind = (
            mask if isinstance(mask, str) else "floating" if mask.dtype.kind == "f" else "boolean"
        )
        if kind == "floating" and not isinstance(mask, str) and np.isneginf(mask).any():
            kind = "both"
        taken["mask"] = telling_mask(n, kind, case.dtype)
    if isinstance(taken.get("lengths"), np.ndarray):
        taken["lengths"] = np.array(LENGTHS, np.int64)
    return pulled(Case(case.operation, case.dtype, arrays, taken))


def pulled(case: Case) -> Case:
    """The case with ordinary numbers for its cotangents."""
    if not case.operation.differentiable:
        return case
    outputs = output_shapes(case).items()
    cotangents = {n: ordinary(f"d{n}", shape, case.dtype) for n, shape in outputs}
    return replace(case, cotangents=cotangents)


def larger(case: Case) -> Case:
    """The same with inputs and states many times as large: what saturates or overflows shows."""
    grown = {n: 30 * a for n, a in case.arrays.items() if n in ("q", "x", "h", "h0", "c0")}
    return case.having(**grown)


def extreme(case: Case, scale: float, offset: float) -> Case:
    """Logits that overflow where no maximum is subtracted; some of them, and one row, -inf."""
    x = scale * case.arrays["x"] + offset
    x = np.where(np.random.RandomState(3).random_sample(x.shape) < 0.3, -np.inf, x)
    rows = np.moveaxis(x, case.option("axis"), -1)  # a view
    rows[(0,) * (x.ndim - 1)] = -np.inf
    return case.having(x=x)


def length(axis: str, sizes: dict[str, int], blocks: int) -> int:
    """The length of an axis such as "4H"."""
    return blocks * sizes[axis[1:]] if axis[0].isdigit() else sizes[axis]


def telling_mask(n: dict[str, int], kind: str, dtype: str) -> Array:
    """A mask of all four axes, of which no row is masked throughout."""
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


def softmax_case(case: Case, shape: tuple[int, ...], axis: int) -> Case:
    """Logits of another shape along another axis."""
    x = ordinary("x", shape, case.dtype, 1)
    return pulled(Case(case.operation, case.dtype, {"x": x}, {"axis": axis} if axis != -1 else {}))
