"""A law: a function of an implementation and a case; and how it is put to the test.

`@law(...)` turns `test_<law>(impl, case)` into a pytest test of every implementation at hand. The
examination itself, `examine`, needs no pytest.
"""

import functools
import hashlib
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from seqlaws.properties.case import Case
from seqlaws.properties.cases import CaseStrategy, build, cases
from seqlaws.properties.diagnosis import Diagnosis, diagnose
from seqlaws.properties.draws import by_seed
from seqlaws.properties.failure import headline, message
from seqlaws.properties.processes.limits import EnoughError
from seqlaws.properties.search import Trial, search
from seqlaws.properties.subject import LawBrokenError, NotOfferedError, Subject
from seqlaws.properties.verdicts import Verdict, dumped
from seqlaws.properties.witness import witness

Check = Callable[[Subject, Case], None]
LAWS: dict[str, "Law"] = {}
CUT_OFF = "cut off by the time given"


@dataclass(frozen=True)
class Law:
    """name, the operations that it is about, MUST or SHOULD, its cases and its check.

    share: of the profile's examples, for a law whose examples are many calls each.
    needs: options without which there is nothing to check. gradients: whether it needs them.
    sweep: for an operation, what to pin in turn, so that each value surely comes up; the share is
    then of rounds through all of them.
    """

    name: str
    operations: tuple[str, ...]
    level: str
    statement: str
    cases: CaseStrategy
    check: Check
    share: float = 1.0
    needs: tuple[str, ...] = ()
    gradients: bool = False
    sweep: Callable[[str], list[dict[str, Any]]] | None = None


@dataclass(frozen=True)
class Effort:
    """How much a run does: a suite seed, examples for each law, seconds to shrink a failure.

    profile: the name of Hypothesis's profile that it comes from.
    until: when all has to be over, a time of `time.perf_counter`.
    """

    seed: int = 0
    examples: int = 100
    shrinking: float = 1.0
    target: bool = False
    profile: str = ""
    until: float = math.inf


def law(
    *operations: str,
    cases: CaseStrategy = cases,
    level: str = "MUST",
    share: float = 1.0,
    needs: tuple[str, ...] = (),
    gradients: bool = False,
    sweep: Callable[[str], list[dict[str, Any]]] | None = None,
) -> Callable[[Check], Any]:
    """Register `test_<law>(impl, case)`; its docstring is the law's sentence and formula."""

    def register(check: Check) -> Any:
        name = check.__name__.removeprefix("test_")
        statement = check.__doc__ or ""
        if not statement:
            raise ValueError(f"the law {name} has no docstring: the docstring is the law")
        key = name if name not in LAWS else f"{name} ({', '.join(operations)})"
        made = Law(name, operations, level, statement, cases, check, share, needs, gradients, sweep)
        LAWS[key] = made

        @functools.wraps(check)
        def test(impl: Any, record_property: Any) -> None:
            decide(made, impl, record_property)

        del test.__wrapped__  # or pytest asks for `case`
        test.law = made  # type: ignore[attr-defined]
        return test

    return register


def decide(made: Law, impl: Any, record_property: Any) -> None:
    """Examine, report the verdict, and tell pytest."""
    import pytest  # nothing else here needs it

    verdict = impl.verdict(made)
    record_property("seqlaws", dumped(verdict.__dict__))
    if verdict.status == "failed":
        pytest.fail(verdict.message, pytrace=False)
    if verdict.status in ("known failure", "not kept"):
        pytest.xfail(verdict.reason)
    if verdict.status in ("not offered", "not run"):
        pytest.skip(f"{verdict.status}: {verdict.reason}")


def seed_of(made: Law, subject: Subject, suite_seed: int) -> int:
    """The same inputs for every implementation, from any folder, on any machine."""
    text = f"{suite_seed}:{made.name}:{subject.operation.name}:{subject.dtype}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def examine(made: Law, subject: Subject, effort: Effort) -> Verdict:
    """Put the law to the implementation; the verdict says what became of it."""
    verdict = Verdict(
        f"{subject.operation.name}.{made.name}",
        made.level,
        subject.operation.name,
        subject.name,
        subject.dtype,
        subject.device,
    )
    missing = not_offered(made, subject)
    if missing:
        verdict.status, verdict.reason = "not offered", missing
        return verdict
    if made.level != "MUST":
        effort = replace(effort, shrinking=effort.shrinking / 4)
    subject.record = record = type(subject.record)()
    subject.place.until = effort.until
    started = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a subject has to say of overflow is its own
            hunt(made, subject, effort)
    except EnoughError:
        verdict.status, verdict.reason = "not run", f"{CUT_OFF} after {record.examples} examples"
    except LawBrokenError as broken:
        verdict.status = "failed" if made.level == "MUST" else "not kept"
        verdict.reason = headline(broken)
        left = max(0.3, effort.until - time.perf_counter())
        seconds = min(1.0, effort.shrinking + 0.5, left)
        answers = "observed" in broken.where  # else nothing is said against a number
        subject.place.until = time.perf_counter() + 2 * seconds
        found = diagnose(subject, record.first, seconds) if answers else Diagnosis()
        subject.place.until = effort.until
        verdict.diagnosis = found.text
        verdict.message = message(verdict.law, made.level, made.statement, subject, broken, found)
        verdict.witness = witness(subject, broken, found)
    verdict.seconds = round(time.perf_counter() - started, 4)
    verdict.examples, verdict.entries = record.examples, record.entries
    verdict.unclaimed, verdict.worst = record.unclaimed, record.worst
    verdict.not_offered = dict(record.not_offered)
    verdict.accuracy = {n: e.as_data() for n, e in record.errors.items() if e.entries}
    if verdict.status == "passed" and not record.examples:
        verdict.status = "not offered"
        verdict.reason = f"no drawn case is offered: {', '.join(record.not_offered)}"
    return verdict


def not_offered(made: Law, subject: Subject) -> str:
    """Why there is nothing to check, if there is nothing."""
    if subject.function is None:
        return f"{subject.operation.name} is not offered"
    missing = [option for option in made.needs if not subject.offers(option)]
    if missing:
        return f"the option {', '.join(missing)} is not offered"
    if made.gradients and not subject.gives_gradients:
        return f"{subject.operation.name}_vjp is not offered"
    return ""


def hunt(made: Law, subject: Subject, effort: Effort) -> None:
    """Search for a case that breaks the law, and shrink it. Raises LawBrokenError."""
    seed, operation = seed_of(made, subject, effort.seed), subject.operation.name
    rounds = max(1, round(effort.examples * made.share))
    trial = Trial(
        lambda case: tried(made, subject, case),
        subject.record,
        effort.shrinking,
        target=effort.target,
        limit=effort.until,
    )
    if made.sweep is None:
        strategy = made.cases(operation, subject.dtype, gradients=made.gradients)
        search(trial, strategy, seed, max(1, round(rounds * subject.operation.share)))
        return
    sweep = list(enumerate(made.sweep(operation)))
    part = max(1, round(1 / (effort.examples * made.share)))  # a short run takes a part of it
    beside = "float32" in (subject.operation.dtypes or subject.traits.dtypes)
    if subject.dtype != "float32" and beside:
        part *= 3  # one source in several dtypes: each takes a third of its own beside float32
    part = max(1, min(part, len(sweep)))
    for k in range(rounds):
        for i, one in sweep[(seed + k) % part :: part]:
            fixed = {**one, "gradients": made.gradients}
            draw = by_seed(seed, seed >> 32, k, i)
            try:
                trial.attempt(build(draw, operation, subject.dtype, dense=True, **fixed))
            except LawBrokenError:  # others of its kind may be smaller
                search(trial, cases(operation, subject.dtype, **fixed), seed, 10)


def tried(made: Law, subject: Subject, case: Case) -> None:
    """One example. Raises LawBrokenError."""
    subject.record.calls.clear()
    try:
        made.check(subject, subject.adapted(case))
        subject.record.examples += 1
    except NotOfferedError:
        return
    except LawBrokenError:
        subject.record.first = subject.record.first or list(subject.record.calls)
        raise
