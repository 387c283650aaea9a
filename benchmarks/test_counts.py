"""The counts of arithmetic and memory, against counts made otherwise."""

from typing import Any

import numpy as np
import pytest

from benchmarks.flops import entrywise, flops, least_bytes, products
from benchmarks.tally import counting, of_specification, tally
from benchmarks.work import DIRECTIONS, Work
from seqlaws import reference
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.generate import logits

EVERY = [
    Work(operation, direction, size, (OPERATIONS[operation].dtypes or ("float32",))[0], "cpu")
    for operation in OPERATIONS
    for direction in DIRECTIONS
    if direction == "forward" or OPERATIONS[operation].differentiable
    for size in ("small", "middle")
]


WRITTEN = [work for work in EVERY if work.operation == "generate"]
OTHERS = [work for work in EVERY if work.operation != "generate"]
COUNTED = [w for w in EVERY if OPERATIONS[w.operation].benchmark.entrywise is not None]


def called(work: Work) -> str:
    """As pytest shows it."""
    return work.group.replace(" ", "-")


@pytest.mark.parametrize("work", OTHERS, ids=called)
def test_matrix_products_are_those_that_torch_counts(work: Work) -> None:
    """The plain torch operations, run under torch's own counter of matrix products."""
    pytest.importorskip("torch")
    from torch.utils.flop_counter import FlopCounterMode

    from seqlaws.impls import torch_ops

    subject, case = Subject("", torch_ops, work.operation, work.dtype, "cpu"), work.case()
    with FlopCounterMode(display=False) as counter:
        if work.backward:
            subject.pull(case)
        else:
            subject.run(case)
    assert products(work) == counter.get_total_flops()


def tallied(work: Work) -> tuple[int, int]:
    """What the specification does: products' share, and the rest. A text is read at once."""
    if work.operation != "generate":
        return of_specification(work)
    memory, start, steps, params, heads = counting(work)
    read = np.tile(np.asarray(start)[:, None], steps)
    return tally(lambda: np.amax(logits(memory, read, params, heads), axis=-1))


@pytest.mark.parametrize("work", WRITTEN, ids=called)
def test_matrix_products_of_a_text_are_those_of_reading_it(work: Work) -> None:
    """Less what a causal mask hides: of its positions, each is computed with those before it."""
    n = work.sizes
    hidden = n["B"] * n["N"] * n["steps"] * (n["steps"] - 1) // 2
    once, _ = tallied(work)
    assert products(work) == once - 2 * 2 * hidden * (n["E"] // n["N"])


@pytest.mark.parametrize("work", COUNTED, ids=called)
def test_entrywise_arithmetic_is_what_the_specification_does(work: Work) -> None:
    """The specification, run on arrays that count: as much, up to the formulas it tries twice.

    The gradient of a layer computes its sublayers once more.
    """
    _, counted = tallied(work)
    again = 3.0 if work.backward and "params" in OPERATIONS[work.operation].arguments else 2.2
    assert entrywise(work) <= counted <= again * entrywise(work)


def test_counts_by_hand() -> None:
    """softmax of 8 rows of 64; LSTM gates of 2 rows, 16 inputs and 32 hidden units."""
    softmax, gates = (
        Work(o, "forward", "small", "float32", "cpu") for o in ("softmax", "lstm_gates")
    )
    assert flops(softmax) == 5 * 8 * 64
    assert least_bytes(softmax) == 2 * 4 * 8 * 64  # x in, p out
    assert flops(gates) == 2 * (2 * 128 * 16 + 2 * 128 * 32) + 16 * 2 * 32
    inputs = 2 * 16 + 2 * 32 + 128 * 16 + 128 * 32 + 2 * 128
    assert least_bytes(gates) == 4 * (inputs + 4 * 2 * 32)
    pulled = Work("lstm_gates", "backward", "small", "bfloat16", "cpu")
    assert least_bytes(pulled) == 2 * (4 * 2 * 32 + inputs + inputs)  # di to do, inputs, gradients


@pytest.mark.parametrize("work", EVERY, ids=called)
def test_bytes_are_those_of_the_arrays(work: Work) -> None:
    """The work's shapes are those of its case and of what the specification gives for it."""
    case = work.case()
    given = [*(case.cotangents.values() if work.backward else ()), *case.arrays.values()]
    if work.backward:
        out = [case.arrays[n] for n in case.differentiated]
    else:
        arguments, _ = OPERATIONS[work.operation].arranged(case.arrays, case.options)
        found = getattr(reference, work.operation)(*arguments)
        out = list(found) if isinstance(found, tuple) else [found]
    kept = np.dtype(work.dtype)
    halved = [x.astype(kept) if x.dtype.kind == "f" else x for x in [*given, *out]]
    assert least_bytes(work) == sum(x.nbytes for x in halved)


def test_what_says_only_its_axes_is_timed_and_counted_by_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows for axes of any number, a size for each letter; arithmetic as the equations have it."""

    def projected(x: Any, weight: Any) -> Any:
        return 2.0 * (x @ weight.T) + 1.0

    known = Operation(projected, {"x": "... E", "weight": "F E"}, {"y": "... F"})
    monkeypatch.setitem(OPERATIONS, known.name, known)
    work = Work(known.name, "forward", "small", "float32", "cpu")
    n = work.sizes
    assert work.inputs["x"] == (n["R"], n["E"])
    assert work.outputs == {"y": (n["R"], n["F"])}
    assert products(work) == 2 * n["R"] * n["E"] * n["F"]
    assert entrywise(work) == 2 * n["R"] * n["F"]
