"""A short agreement check: what does not do the work is not timed.

First small cases, some with every option beside every other and some with the options that are
timed; then the timed call itself, since an implementation may take another path at another size:
its first and last batch entry (softmax: row) are compared, for attention their first and last head.
The tolerance is the conformance run's own: the bound derived from the specification.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.work import Work, outermost
from seqlaws.properties.inputs.admitted import within
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array, by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.judging.comparison import agree
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.failure_text import headline
from seqlaws.properties.subjects.record import LawBrokenError, NotOfferedError
from seqlaws.properties.subjects.signature import described_options
from seqlaws.properties.subjects.subject import Subject

SEED, WITH_OPTIONS, AS_TIMED = 20, 8, 4


@dataclass(frozen=True)
class Finding:
    """Whether something may be timed: status is "agrees", or why not, with a sentence.

    cases: how many agreed; entries: how many entries of them were compared; unclaimed: of how many
    of those nothing can be said; worst: the largest observed / allowed.
    """

    status: str = "agrees"
    reason: str = ""
    cases: int = 0
    entries: int = 0
    unclaimed: int = 0
    worst: float = 0.0


class Conformance:
    """Findings of one run; small cases are tried once for each direction."""

    def __init__(self) -> None:
        self.small: dict[tuple[str, ...], Finding] = {}

    def judged(self, subject: Subject, work: Work) -> Finding:
        """Whether a subject does the work: by small cases, then at the work's own size.

        Gradients of what has wrong values are not timed either.
        """
        checks = [values, gradients] if work.backward else [values]
        for check in checks:
            key = (subject.name, work.operation, work.dtype, work.device, check.__name__)
            if key not in self.small:
                self.small[key] = tried_small(subject, check)
            if self.small[key].status != "agrees":
                return self.small[key]
        large = tried(subject, lambda: at_size(subject, work))
        return large if large.status != "agrees" else together(self.small[key], large)


def tried_small(subject: Subject, check: Callable[[Subject, Case], None]) -> Finding:
    """A handful of small cases; what is not offered is left out, unless it is all."""
    operation = OPERATIONS[subject.operation.name]
    found = missing = Finding()
    for k in range(AS_TIMED + WITH_OPTIONS):
        draw, timed = by_seed(SEED, k), k < AS_TIMED
        pinned = operation.options if timed else {}
        drawn = within(build, subject.traits.sizes, pinned)
        case = drawn(draw, operation=operation, dtype=subject.dtype, **pinned).without(*pinned)
        one = tried(subject, lambda case=case: check(subject, subject.adapted(case)))  # type: ignore[misc]
        if one.status == "not offered":
            missing = one
        elif one.status != "agrees":
            return one
        else:
            found = together(found, one)
    return found if found.cases else missing


def tried(subject: Subject, check: Callable[[], None]) -> Finding:
    """What became of one check."""
    subject.record = type(subject.record)()
    try:
        check()
    except NotOfferedError as reason:
        return Finding("not offered", str(reason))
    except LawBrokenError as broken:
        return Finding("does not agree", f"{headline(broken)}{where(subject)}")
    finally:
        subject.record.calls.clear()
    record = subject.record
    return Finding("agrees", "", 1, record.entries, record.unclaimed, record.worst)


def where(subject: Subject) -> str:
    """In which call it was: its shapes and options."""
    if not subject.record.calls:
        return ""
    case = subject.record.calls[-1].case
    arrays = ", ".join(f"{n} {a.shape}" for n, a in case.arrays.items())
    return f"; with {arrays} {described_options(case)}".rstrip()


def together(a: Finding, b: Finding) -> Finding:
    """Two findings that agree, as one."""
    return replace(
        a,
        cases=a.cases + b.cases,
        entries=a.entries + b.entries,
        unclaimed=a.unclaimed + b.unclaimed,
        worst=max(a.worst, b.worst),
    )


def values(subject: Subject, case: Case) -> None:
    """Raise LawBrokenError unless the outputs are the specification's; recurrences by steps."""
    outputs = subject.run(case)
    agree(subject, outputs, subject.expected_of_steps(case, outputs))


def gradients(subject: Subject, case: Case) -> None:
    """Raise LawBrokenError unless the gradients are the specification's."""
    agree(subject, subject.pull(case), subject.expected(case, vjp=True), nan_is_free=True)


def at_size(subject: Subject, work: Work) -> None:
    """Raise LawBrokenError unless the timed call is right in its first and last batch entry.

    Backward, the other entries' cotangents are zero: then nothing but these two reaches the
    gradients of weights and biases, which can so be compared as well.
    """
    case, sizes = work.case(), work.sizes

    def where(name: str) -> tuple[slice, ...]:
        return outermost(work.operation, name, sizes)

    case = case.pulled(**{n: only(c, where(n)) for n, c in case.cotangents.items()})
    cut = replace(
        case,
        arrays={n: a[where(n)] for n, a in case.arrays.items()},
        cotangents={n: c[where(n)] for n, c in case.cotangents.items()},
    )
    if work.backward:
        mine = {n: g[where(n)] for n, g in subject.pull(case).items()}
        agree(subject, mine, subject.expected(cut, vjp=True), nan_is_free=True)
    else:
        mine = {n: o[where(n)] for n, o in subject.run(case).items()}
        agree(subject, mine, subject.expected_of_steps(cut, mine))


def only(array: Array, where: tuple[slice, ...]) -> Array:
    """The array, zero but there."""
    kept = np.zeros_like(array)
    kept[where] = array[where]
    return kept
