"""Answers that depend on more than the call: on earlier calls, on memory, on chance."""

from dataclasses import replace

from seqlaws.properties.diagnosis.changes import Answer
from seqlaws.properties.diagnosis.evidence import (
    ACCUMULATE,
    CHANGES,
    Evidence,
    asked,
    effort,
    evidence,
    expected,
    whether_it_changes,
)
from seqlaws.properties.diagnosis.solution import Failed
from seqlaws.properties.inputs.case import Case, is_floating
from seqlaws.properties.inputs.dense import dense, ordinary, pulled
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.subjects.elsewhere import called_elsewhere, first_answer
from seqlaws.properties.subjects.record import Call
from seqlaws.properties.subjects.subject import Subject

EARLIER = "the answer is that of an earlier call with the same shapes"
KEPT = "`{}` comes from an earlier call with the same shapes"
LOOKS = 3  # wrong answers that are asked for again
FRESH = 2  # that are asked for in a new process


def set_aside(one: Failed) -> None:
    """Ask wrong answers once more; one that does not come again is no formula's."""
    for wrong in one.answers:
        e = wrong.evidence
        again = asked(wrong.subject, e.case, vjp=e.vjp)
        if again is None or not is_same(e, again):
            manners = one.verdict.section == "manners"
            one.said = "" if manners else whether_it_changes(wrong.subject, e)
            one.answers = []
            return


def set_aside_all(failed: list[Failed], *, vjp: bool) -> None:
    """Set aside all calls of a function whose answers change each time."""
    wrong = [a for f in failed for a in f.answers if a.evidence.vjp == vjp]
    told: set[str] = set()
    for one in sorted(wrong, key=lambda a: -a.evidence.share)[:LOOKS]:
        full = asked(one.subject, dense(one.evidence.case), vjp=vjp)
        told |= {whether_it_changes(one.subject, e) for e in (one.evidence, full)}
    told &= {ACCUMULATE, CHANGES}
    for f in failed if told else ():
        of_it = [a for a in f.answers if a.evidence.vjp == vjp]
        if of_it or (not f.answers and {c.vjp for c in f.calls} == {vjp}):
            f.said, f.answers = min(told), []


def is_right_at_first(wrong: list[Answer]) -> bool:
    """Return True if one of the smallest wrong answers is right as the first of a new process."""
    for one in sorted(wrong, key=lambda a: effort(a.evidence))[:FRESH]:
        e, subject = one.evidence, one.subject
        outputs = first_answer(subject, e.case, vjp=e.vjp)
        fresh = evidence(subject, Call(subject.operation.name + "_vjp" * e.vjp, e.case, outputs))
        if fresh is not None and not fresh.is_wrong:
            return True
    return False


def kept_from_earlier(subject: Subject, case: Case, *, vjp: bool) -> str:
    """Say what a call takes from an earlier one with the same shapes, in a new process; else ""."""
    case = subject.adapted(case)
    first, then = dense(case), other(case)
    if first_answer(subject, first, vjp=vjp) is None:
        return ""
    kind, found = called_elsewhere(subject, then, vjp=vjp)
    outputs = dict(found) if kind == "answer" else None
    e = evidence(subject, Call(subject.operation.name + "_vjp" * vjp, then, outputs))
    if e is None or not e.is_wrong:
        return ""
    earlier = {EARLIER: first}
    for name, array in first.arrays.items():
        earlier[KEPT.format(name)] = replace(then, arrays={**then.arrays, name: array})
    for said, mixed in earlier.items():
        due = expected(subject, mixed, vjp=vjp)
        if all((ratios(e.observed[n], *due[n], nan_is_free=vjp) <= 1).all() for n in due):
            return said
    return ""


def other(case: Case) -> Case:
    """The case with other numbers in its arrays: whole ones in the reverse order."""
    arrays = {
        n: ordinary(n, a.shape, case.dtype, 1) if is_floating(a) else a[..., ::-1]
        for n, a in case.arrays.items()
    }
    return pulled(replace(case, arrays=arrays, poison=(0.0, 0)))


def is_same(one: Evidence, other: Evidence) -> bool:
    """Return True if two answers to a call are the same within the allowed error."""
    return all(
        bool((ratios(other.observed[n], one.observed[n], e.allowed, nan_is_free=False) <= 1).all())
        for n, e in one.nearly.items()
    )
