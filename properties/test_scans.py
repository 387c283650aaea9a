"""Laws of operations that are declared as a scan over an axis: time goes one way, and goes on."""

from itertools import pairwise

import numpy as np

from seqlaws.properties.laws import Case, Expected, Outputs, Subject, agree, another, law, same
from seqlaws.properties.operations import Kind
from seqlaws.properties.own.operation import Own

SCANS = Kind(lambda o: o.scan_axis)
OF_LENGTHS = Kind(lambda o: isinstance(o, Own) and o.row_lengths)
RESUMABLE = Kind(lambda o: o.resumable)
CHUNKS, FEW_STEPS = 4, 6


def scan_of(case: Case) -> Own:
    """Return the operation of a case, which is a scan."""
    assert isinstance(case.operation, Own)
    return case.operation


def part(case: Case, steps: slice) -> Case:
    """Return the case with some of its steps."""
    given = {**case.arrays, **{n: o for n, o in case.options.items() if o is not None}}
    along = case.operation.along_scan(given)
    cut = {n: given[n][where(given[n].ndim + place, steps)] for n, place in along.items()}
    return case.having(**cut)


def where(axis: int, steps: slice) -> tuple[slice, ...]:
    """Return the index of some steps, where an axis is that of time."""
    return (slice(None),) * axis + (steps,)


@law(SCANS, share=0.25)
def test_later_steps_have_no_influence(impl: Subject, case: Case) -> None:
    """Inputs of steps that are read later have no influence on the outputs of those before."""
    time = case.sizes()[impl.operation.scan_axis]
    cut = int(case.random().randint(0, time + 1))
    impl.run(case)
    changes, other = {}, another(case)
    steps = slice(cut) if scan_of(case).reads_backward(case) else slice(cut, None)
    for name, place in impl.operation.along_scan(case.arrays).items():
        later = where(case.arrays[name].ndim + place, steps)
        changes[name] = np.array(case.arrays[name])
        changes[name][later] = other.arrays[name][later]
    outputs = impl.run(case.having(**changes))
    due = {}
    expected = impl.expected_of_steps(case.having(**changes), outputs)
    for name, place in impl.operation.along_scan(outputs).items():
        value, allowed = expected[name]
        allowed = np.array(allowed)
        allowed[where(allowed.ndim + place, steps)] = np.inf
        due[name] = Expected(value, allowed)
    agree(impl, outputs, due, "a later step affects an earlier output")


@law(RESUMABLE, share=0.25)
def test_chunks_continue(impl: Subject, case: Case) -> None:
    """A call that starts from the states that another ended with goes on as the whole would.

    Each chunk is as accurate as the specification from the same states, so that nothing
    accumulates from one to the next.
    """
    for chunk, outputs in chunks(impl, case):
        due = impl.expected_of_steps(chunk, outputs)
        agree(impl, outputs, due, "a chunk differs, from the states that the chunk before gave")


def chunks(impl: Subject, case: Case) -> list[tuple[Case, Outputs]]:
    """Return calls on successive chunks, a few, or of one step each, with their outputs."""
    scan = scan_of(case)
    case, backward = case.without(scan.row_lengths), scan.reads_backward(case)
    time, random = case.sizes()[scan.scan_axis], case.random()
    single = time <= FEW_STEPS and random.randint(2)
    few = sorted(random.randint(0, time + 1, CHUNKS - 1))
    cuts = list(range(time + 1)) if single else [0, *map(int, few), time]
    done, states = list[tuple[Case, Outputs]](), dict[str, np.ndarray]()
    spans = list(pairwise(cuts))
    for start, stop in reversed(spans) if backward else spans:
        if start < stop:
            chunk = part(case, slice(start, stop)).having(**states)
            outputs = impl.run(chunk)
            done.append((chunk, outputs))
            states = scan.states_after(outputs, backward=backward)
    return done


@law(OF_LENGTHS, share=0.25)
def test_steps_beyond_a_length_have_no_influence(impl: Subject, case: Case) -> None:
    """Inputs beyond the length of a row do not affect any output; outputs of steps are 0 there."""
    scan = scan_of(case)
    case = scan.with_lengths(case, case.random(), 1)
    outputs = impl.run(case)
    agree(impl, outputs, impl.expected_of_steps(case, outputs), "the padding affects an output")
    spoilt = impl.run(case.having(**scan.with_padding(case, another(case).arrays)))
    same(impl, spoilt, outputs, "other inputs beyond the length of a row affect an output")


@law(OF_LENGTHS, share=0.2, gradients=True)
def test_steps_beyond_a_length_have_no_influence_on_gradients(impl: Subject, case: Case) -> None:
    """Inputs and cotangents beyond the length of a row do not affect any gradient."""
    scan = scan_of(case)
    case = scan.with_lengths(case, case.random(), 1)
    due = impl.expected(case, vjp=True)
    spoilt = case.having(**scan.with_padding(case, another(case).arrays))
    agree(impl, impl.pull(spoilt), due, "other inputs beyond the length of a row affect a gradient")


@law(OF_LENGTHS, share=0.2, section="edges")
def test_a_row_without_steps_keeps_its_state(impl: Subject, case: Case) -> None:
    """With a length of 0, outputs of steps are 0 and the states at the end are the initial ones."""
    case = scan_of(case).with_lengths(case, case.random(), 0)
    outputs = impl.run(case)
    says = "a row without steps is not left as it was"
    agree(impl, outputs, impl.expected_of_steps(case, outputs), says)
