"""Puts a law to an implementation: the search for a case that breaks it, and the verdict."""

import hashlib
import math
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from seqlaws.properties.diagnosis.diagnose import Diagnosis, diagnose
from seqlaws.properties.diagnosis.stored_calls import stored
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.sizes import beside_tiles
from seqlaws.properties.inputs.sweeps import every_size, moderate_sizes
from seqlaws.properties.isolation.limits import EnoughError
from seqlaws.properties.isolation.specification_server import SpecificationError
from seqlaws.properties.judging.search import Trial, attempt, search
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import Law
from seqlaws.properties.reporting.failure_text import headline, message
from seqlaws.properties.reporting.reproduction import Reproduction, reproduction
from seqlaws.properties.reporting.witness import witness
from seqlaws.properties.subjects.record import LawBrokenError, NotOfferedError
from seqlaws.properties.subjects.subject import Subject

CUT_OFF = "cut off by the time given"
SHRUNK = 3  # failures of an operation that are shrunk at leisure; later ones in a fifth of the time


@dataclass(frozen=True)
class Effort:
    """Effort of a run: a suite seed, examples for each law, seconds to shrink a failure.

    least: examples of a law whose share of them is less.
    profile: the name of Hypothesis's profile that it comes from.
    until: when all has to be over, a time of `time.perf_counter`.
    explains: whether each failure is diagnosed at once; else all are explained after the run.
    knows: whether a known failure is shrunk, too; else its first failing case is kept.
    failures: how many failures were shrunk in the run, by implementation and operation.
    """

    seed: int = 0
    examples: int = 100
    least: int = 1
    shrinking: float = 1.0
    target: bool = False
    profile: str = ""
    until: float = math.inf
    explains: bool = True
    knows: bool = False
    failures: Counter[tuple[str, str]] = field(default_factory=Counter, compare=False)


def seed_of(made: Law, subject: Subject, suite_seed: int) -> int:
    """Return the seed of a law: the same for every implementation, folder, device and machine."""
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
        section=made.section,
    )
    missing = not_offered(made, subject)
    if missing:
        verdict.status, verdict.reason = "not offered", missing
        return verdict
    verdict.level = level = made.level_for(subject.traits.masked_nan, subject.dtype)
    if subject.traits.interpreted:  # a thousand times slower
        effort = replace(effort, examples=max(1, effort.examples // 10))
    of = subject.name, subject.operation.name
    if level != "MUST":
        effort = replace(effort, shrinking=effort.shrinking / 4)
    elif effort.failures[of] >= SHRUNK:  # most likely of a mistake that is shown by now
        effort = replace(effort, shrinking=effort.shrinking / 5)
    subject.record = record = type(subject.record)()
    subject.place.until = effort.until
    started = time.perf_counter()
    try:
        with warnings.catch_warnings(record=True):  # what a subject says of overflow is its own
            warnings.simplefilter("ignore")
            hunt(made, subject, effort)
    except EnoughError:
        verdict.status, verdict.reason = "not run", f"{CUT_OFF} after {record.examples} examples"
    except SpecificationError as error:
        verdict.status, verdict.reason = "not run", str(error)
    except LawBrokenError as broken:
        verdict.status = "failed" if level == "MUST" else "SHOULD failed"
        effort.failures[of] += level == "MUST" and effort.shrinking > 0
        verdict.reason = headline(broken)
        left = max(0.3, effort.until - time.perf_counter())
        seconds = min(1.0, effort.shrinking + 0.5, left)
        answers = effort.explains and broken.entry is not None  # else no number is wrong
        subject.place.until = time.perf_counter() + 2 * seconds
        found = diagnose(subject, record.first, seconds) if answers else Diagnosis()
        subject.place.until = effort.until
        verdict.diagnosis = found.text
        shown = (
            reproduction(made, subject, broken.case, broken.kind)
            if effort.explains
            else Reproduction()
        )
        told = verdict.law, level, made.statement, subject, broken, found
        verdict.message = message(*told, *shown)
        verdict.witness = witness(subject, broken, found, shown.script)
        verdict.evidence = stored(record, broken)
    verdict.seconds = round(time.perf_counter() - started, 4)
    verdict.examples, verdict.entries = record.examples, record.entries
    verdict.unclaimed, verdict.worst = record.unclaimed, record.worst
    verdict.not_offered = dict(record.not_offered)
    verdict.noted = dict(record.noticed)
    verdict.accuracy = {n: e.as_data() for n, e in record.errors.items() if e.entries}
    if verdict.status == "passed" and not record.examples:
        verdict.status = "not offered"
        verdict.reason = f"no drawn case is offered: {', '.join(record.not_offered)}"
    return verdict


def not_offered(made: Law, subject: Subject) -> str:
    """Return the reason why nothing can be checked, or ""."""
    if subject.function is None:
        return f"{subject.operation.name} is not offered"
    if made.declared and not getattr(subject.traits, made.declared):
        return f"the trait {made.declared} is not declared"
    missing = [option for option in made.needs if not subject.offers(option)]
    if missing:
        return f"the option {', '.join(missing)} is not offered"
    if made.gradients and not subject.gives_gradients:
        return f"{subject.operation.name}_vjp is not offered"
    return ""


def hunt(made: Law, subject: Subject, effort: Effort) -> None:
    """Search for a case that breaks the law, and shrink it. Raises LawBrokenError."""
    seed, operation = seed_of(made, subject, effort.seed), subject.operation
    rounds = max(1, round(effort.examples * made.share))
    trial = Trial(
        lambda case: tried(made, subject, case),
        subject.record,
        effort.shrinking,
        target=effort.target,
        limit=effort.until,
    )
    beside = "float32" in (operation.dtypes or subject.traits.dtypes)
    thirds = 3 if subject.dtype != "float32" and beside else 1  # one source in several dtypes
    if made.sweep is None:
        count = max(effort.least, round(rounds * operation.share / thirds))
        search(trial, cases_of(made, subject), seed, count)
        return
    pinned = made.sweep(operation)
    if made.sweep in (every_size, moderate_sizes):
        pinned = pinned + beside_tiles(subject.traits.tiles)
    sweep = list(enumerate(pinned))
    part = max(1, round(1 / (effort.examples * made.share)))  # a short run takes a part of it
    part = max(1, min(part * thirds, len(sweep)))
    for k in range(rounds):
        for i, one in sweep[(seed + k) % part :: part]:
            simpler = cases_of(made, subject, one)
            draw = by_seed(seed, seed >> 32, k, i)
            attempt(trial, partial(simpler, dense=True), draw, seed, simpler)


def cases_of(made: Law, subject: Subject, pinned: Mapping[str, Any] | None = None) -> Any:
    """Return what makes the law's cases of drawn numbers; pinned: what a sweep pins."""
    fixed = {**(pinned or {}), "gradients": made.gradients}
    return partial(made.cases, operation=subject.operation, dtype=subject.dtype, **fixed)


def tried(made: Law, subject: Subject, case: Case) -> None:
    """Check the law on one example. Raises LawBrokenError."""
    subject.record.begin()
    try:
        made.check(subject, subject.adapted(case))
        subject.record.examples += 1
    except NotOfferedError:
        return
    except LawBrokenError:
        subject.record.first = subject.record.first or list(subject.record.calls)
        raise
