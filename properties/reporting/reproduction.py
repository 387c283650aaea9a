"""A script that shows a failure again: it fails as the failure says, and passes once it is mended.

The case is first put to the implementation in a new process, so that the calls made there are all
that the failure needs. Where a number of one call or of two is at stake, or an exception, the
script makes these calls and needs the implementation and its library alone; it is printed if the
specification's answers would pass it. Any other failure takes the law itself, and so the suite.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from seqlaws.properties.discovery.loader import NotFoundError, is_named
from seqlaws.properties.discovery.raised import text_of
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.isolation.limits import EnoughError, LostError
from seqlaws.properties.isolation.second_program import end_elsewhere
from seqlaws.properties.isolation.specification_server import SpecificationError
from seqlaws.properties.judging.refusals import must_raise
from seqlaws.properties.laws import Law
from seqlaws.properties.reporting.array_source import literal, numbers
from seqlaws.properties.reporting.call_source import (
    absolute,
    calling,
    indented,
    names_of,
    program,
    raising,
)
from seqlaws.properties.reporting.replay import broken_by, fresh
from seqlaws.properties.subjects.record import (
    Call,
    Entry,
    LawBrokenError,
    Made,
    NotOfferedError,
)
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers.arithmetic import unit_roundoff

TIMES = 5  # that a case is put, before it is said that it does not fail again
CALLS_AT_MOST = 100
ANY_NUMBER = 1e300  # an allowed error that excludes NaN alone
THROUGH_THE_SUITE = """\
# What is compared takes the law itself: its case is put to the implementation again, in a process
# of its own, by the suite (seqlaws has to be installed).
from seqlaws.properties.runner.replay import put
"""
NO_TIME = "# There was no time to try it."
NOT_AGAIN = (
    "No script shows it: alone, in a new process, the case does not fail again. It takes earlier "
    "calls, threads, or what memory held before. To see it: "
)


class Reproduction(NamedTuple):
    """A script, or a sentence that says why there is none."""

    script: str = ""
    why_none: str = ""


class Place(NamedTuple):
    """An entry of what a recorded call returned: the call's number, the output, where."""

    call: int
    output: str
    at: tuple[int, ...]


class Asked(NamedTuple):
    """Demand of a script on an entry: that it is near a number, or near another entry."""

    entry: Entry
    found: Place
    other: Place | None
    expected: float
    allowed: float


def reproduction(
    made: Law, subject: Subject, case: Case | None, kind: tuple[str, ...]
) -> Reproduction:
    """The script of a failure, by its case and its kind. Raises nothing."""
    if case is None:
        return Reproduction()
    law = f"{subject.operation.name}.{made.name}"
    again, times = None, 0
    if made.second_program:  # which may have been called before, too
        end_elsewhere(subject.spec)
    try:
        with fresh(subject) as probe:
            while times < TIMES and (again is None or again.kind[:2] != kind[:2]):
                times += 1
                again = broken_by(made, probe, case)
        if again is None or again.kind[:2] != kind[:2]:
            return Reproduction(why_none=NOT_AGAIN + command(subject, made.name))
        alone = stand_alone(probe, again) if times == 1 else ""
    except (NotFoundError, LostError, SpecificationError, EnoughError):
        return Reproduction(f"{NO_TIME}\n{through_the_suite(law, subject, case)}")
    except Exception as error:  # a verdict does not depend on its script
        why = f"No script shows it: to put its case again raised {text_of(error)}"
        return Reproduction(why_none=why)
    return Reproduction(alone or through_the_suite(law, subject, case, times))


def command(subject: Subject, law: str) -> str:
    """The command that puts a law to the implementation."""
    operation = subject.operation.name
    named = subject.spec if is_named(subject.spec) else "..."
    return f"pytest --impl {named} --op {operation} --dtype {subject.dtype} -k test_{law}"


def through_the_suite(law: str, subject: Subject, case: Case, times: int = 1) -> str:
    """A script that puts the case of a law again."""
    spec = absolute(subject.spec)
    lines = [] if is_named(spec) else [f"subject = ...  # the {spec[1:-1]} that was given"]
    for group in ("arrays", "options", "cotangents"):
        lines += [f"{group} = {{}}"]
        for name, value in getattr(case, group).items():
            array = isinstance(value, np.ndarray)
            text = literal(value, case.dtype) if array else numbers(value)
            lines += [f"{group}[{name!r}] = {text}"]
    given = [repr(law), repr(spec) if is_named(spec) else "subject"]
    given += [repr(subject.dtype), repr(subject.device), "arrays", "options", "cotangents"]
    more = {"seed": case.seed, "poison": case.poison, "times": times}
    if subject.operation.file is not None:
        more["own"] = str(subject.operation.file)
    given += [f"{name}={numbers(value)}" for name, value in more.items()]
    return THROUGH_THE_SUITE + program(subject, [*lines, f"put({', '.join(given)})"], bare=False)


def stand_alone(subject: Subject, broken: LawBrokenError) -> str:
    """A script of the recorded calls alone, or ""."""
    calls = list(subject.record.every)
    if not calls or broken.lost or any(call.made is None for call in calls):
        return ""
    last = len(calls) - 1
    asked = asked_of(subject, broken.entry, calls) if broken.entry is not None else None
    if broken.answered or broken.raised is not None:
        needed = [last]
    elif asked is not None:
        needed = sorted({place.call for place in (asked.found, asked.other) if place is not None})
    else:
        return ""
    kept = list(range(len(calls)))
    if len(needed) < len(calls) and suffice(subject, [calls[k] for k in needed], broken):
        kept = needed
    if len(kept) > CALLS_AT_MOST:
        return ""
    lines: list[str] = []
    for k in kept:
        lines += making(subject, calls[k], broken if k == last else None, k in needed)
        if asked is not None:
            lines += reading(subject, asked, calls[k], k)
    return program(subject, lines + (asserting(asked, str(broken)) if asked is not None else []))


def making(
    subject: Subject, call: Call, broken: LawBrokenError | None, is_needed: bool
) -> list[str]:
    """Lines that make a call; broken: how it ended, if it is the last."""
    if broken is not None and broken.answered:
        return answered(subject, call, str(broken))
    if broken is not None and broken.raised is not None:
        return raised(subject, call)
    if call.outputs is None and not is_needed:
        return raising(subject, call)
    arguments, asking = calling(subject, call)
    return arguments + asking


def reading(subject: Subject, asked: Asked, call: Call, number: int) -> list[str]:
    """Lines that read the entries that are asked of, if they are in what the call returned."""
    lines = []
    for name, place in (("found", asked.found), ("other", asked.other)):
        if place is not None and place.call == number:
            index = subject.convention.place(place.output, place.at)
            at = ", ".join(map(str, index)) or "()"
            output = names_of(subject, call).index(place.output)
            lines += [f"{name} = float(outputs[{output}][{at}])"]
    return lines


def suffice(subject: Subject, calls: Sequence[Call], broken: LawBrokenError) -> bool:
    """Return True if these calls alone, in a new process, give what they gave among the others."""
    with suppress(LostError, EnoughError, NotFoundError, NotOfferedError), fresh(subject) as probe:
        for call in calls:
            how = call.made or Made()
            try:
                if not call.valid:
                    must_raise(probe, call.case, str(broken), vjp=call.vjp, dtypes=how.dtypes)
                    return False
                run = probe.pull if call.vjp else probe.run
                found = run(call.case, how.layouts)
                found = found if call.vjp else {**found, **probe.extras}
            except LawBrokenError as other:
                return other.kind == broken.kind
            before = call.outputs
            if before is None or any(
                not np.array_equal(found[n], before[n], equal_nan=True) for n in before
            ):
                return False
        return True
    return False


def asked_of(subject: Subject, worst: Entry, calls: Sequence[Call]) -> Asked | None:
    """Return the demand on the worst entry; None if it is computed from what calls returned.

    Nor where the specification would not pass: a number may be due after an implementation's own
    earlier numbers only, and is another once these are right.
    """
    found = located(worst.every[0], worst.index, calls)
    if found is None:
        return None
    other = located(worst.every[1], worst.index, calls)
    asked = Asked(worst, found, other, worst.expected, worst.allowed)
    call = calls[found.call]
    if other is None and call.case.operation.way != "expected":
        whole = subject.expected(call.case, vjp=call.vjp)[found.output]
        value, allowed = float(whole.value[found.at]), float(whole.allowed[found.at])
        if not (value == worst.expected and allowed <= worst.allowed):
            asked = asked._replace(expected=value, allowed=allowed)
        if near(worst.observed, asked.expected, asked.allowed):
            return None
    return asked if is_kept(subject, asked, calls) else None


def located(array: Array, index: tuple[int, ...], calls: Sequence[Call]) -> Place | None:
    """Find an entry, by where it lies in memory, in what the calls returned."""
    for k in reversed(range(len(calls))):
        for name, output in (calls[k].outputs or {}).items():
            if not output.size or not np.may_share_memory(array, output):
                continue
            start = array.__array_interface__["data"][0] + sum(
                i * s for i, s in zip(index, array.strides, strict=True)
            )
            left = start - output.__array_interface__["data"][0]
            at = [0] * output.ndim
            for axis in sorted(range(output.ndim), key=lambda a: -output.strides[a]):
                if output.strides[axis] and output.shape[axis] > 1:
                    at[axis], left = divmod(left, output.strides[axis])
            inside = all(0 <= i < n for i, n in zip(at, output.shape, strict=True))
            if left == 0 and inside:
                return Place(k, name, tuple(at))
    return None


def is_kept(subject: Subject, asked: Asked, calls: Sequence[Call]) -> bool:
    """Return True if the specification's own numbers are what a script asks for."""

    def due(place: Place) -> float:
        call = calls[place.call]
        if place.output in subject.operation.extras:
            return float(subject.plain_extra(call.case, place.output)[place.at])
        return float(subject.plain(call.case, vjp=call.vjp)[place.output][place.at])

    expected = asked.expected if asked.other is None else due(asked.other)
    rounding = 2 * float(unit_roundoff(subject.dtype)) * abs(expected)
    return near(due(asked.found), expected, asked.allowed + rounding)


def near(found: float, expected: float, allowed: float) -> bool:
    """Return True if a number is within what is allowed; NaN is near NaN alone."""
    if np.isnan(found) or np.isnan(expected):
        return bool(np.isnan(found) and np.isnan(expected))
    return found == expected or abs(found - expected) <= allowed


def asserting(asked: Asked, says: str) -> list[str]:
    """Lines that hold the entry to what is asked of it."""
    expected, allowed, place = numbers(asked.expected), numbers(asked.allowed), asked.entry.place
    sentence = says.replace("{", "{{").replace("}", "}}")
    if asked.other is not None:
        expected = "other"
        holds = "found == other or (np.isnan(found) and np.isnan(other))"
    else:
        holds = f"found == {expected}"
    if asked.allowed:
        holds += f" or abs(found - {expected}) <= {allowed}"
    due = "{other!r}" if asked.other is not None else expected
    due = f"{due}, allowed {allowed}"
    if asked.allowed >= ANY_NUMBER:
        holds, due = "np.isfinite(found)", f"a number, such as {expected}"
    if asked.other is None and np.isnan(asked.expected):
        holds, due = "np.isnan(found)", "NaN"
    text = f"{place} is {{found!r}}, expected {due}: {sentence}"
    return [f"assert {holds}, f{text!r}", f"print(f{f'holds: {place} is {{found!r}}'!r})"]


def answered(subject: Subject, call: Call, says: str) -> list[str]:
    """Lines that hold the call to be refused."""
    arguments, asking = calling(subject, call)
    return [
        *arguments,
        "try:",
        *indented(asking),
        "except (Exception, SystemExit) as refusal:",
        '    print(f"holds: it is refused by {type(refusal).__name__}")',
        "else:",
        f"    raise AssertionError({says!r})",
    ]


def raised(subject: Subject, call: Call) -> list[str]:
    """Lines that hold the call to be answered."""
    arguments, asking = calling(subject, call)
    says = f"{call.name} raised {{type(error).__name__}}: {{error}}"
    return [
        *arguments,
        "try:",
        *indented(asking),
        "except BaseException as error:",
        f"    raise AssertionError(f{says!r}) from error",
        f"print({f'holds: {call.name} answers'!r})",
    ]
