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
    program,
    raising,
)
from seqlaws.properties.reporting.demands import (
    asked_of,
    asserting,
    reading,
)
from seqlaws.properties.reporting.replay import broken_by, fresh
from seqlaws.properties.subjects.record import (
    Call,
    LawBrokenError,
    Made,
    NotOfferedError,
)
from seqlaws.properties.subjects.subject import Subject

TIMES = 5  # that a case is put, before it is said that it does not fail again
CALLS_AT_MOST = 100
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
