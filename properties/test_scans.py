"""Laws of operations that are declared as a scan over an axis: time goes one way, and goes on."""

from itertools import pairwise

import numpy as np

from seqlaws.properties.laws import Case, Expected, Outputs, Subject, agree, another, law
from seqlaws.properties.operations import Kind

SCANS = Kind(lambda o: o.scan_axis)
RESUMABLE = Kind(lambda o: o.resumable)
CHUNKS, FEW_STEPS = 4, 6


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
    """Inputs of later steps have no influence on the outputs of earlier steps."""
    time = case.sizes()[impl.operation.scan_axis]
    cut = int(case.random().randint(0, time + 1))
    impl.run(case)
    changes, other = {}, another(case)
    for name, place in impl.operation.along_scan(case.arrays).items():
        later = where(case.arrays[name].ndim + place, slice(cut, None))
        changes[name] = np.array(case.arrays[name])
        changes[name][later] = other.arrays[name][later]
    outputs = impl.run(case.having(**changes))
    due = {}
    expected = impl.expected_of_steps(case.having(**changes), outputs)
    for name, place in impl.operation.along_scan(outputs).items():
        value, allowed = expected[name]
        allowed = np.array(allowed)
        allowed[where(allowed.ndim + place, slice(cut, None))] = np.inf
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
    time, random = case.sizes()[impl.operation.scan_axis], case.random()
    single = time <= FEW_STEPS and random.randint(2)
    few = sorted(random.randint(0, time + 1, CHUNKS - 1))
    cuts = list(range(time + 1)) if single else [0, *map(int, few), time]
    done, states = list[tuple[Case, Outputs]](), dict[str, np.ndarray]()
    for start, stop in pairwise(cuts):
        if start < stop:
            chunk = part(case, slice(start, stop)).having(**states)
            outputs = impl.run(chunk)
            done.append((chunk, outputs))
            states = impl.operation.states_after(outputs)
    return done
