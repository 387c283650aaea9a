"""Puts a law to an implementation: the search for a case that breaks it, and the verdict."""

import hashlib
import math
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace

from seqlaws.properties.diagnosis.diagnose import Diagnosis, diagnose
from seqlaws.properties.diagnosis.stored_calls import stored
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.isolation.limits import EnoughError
from seqlaws.properties.isolation.specification_server import SpecificationError
from seqlaws.properties.judging.search import Trial, attempt, search
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import Law
from seqlaws.properties.reporting.failure_text import headline, message
from seqlaws.properties.reporting.reproduction import Reproduction, reproduction
from seqlaws.properties.reporting.witness import witness
from seqlaws.properties.runner.law_cases import cases_of, further, of_few_shapes, of_sweep
from seqlaws.properties.subjects.pace import TOO_LARGE
from seqlaws.properties.subjects.record import LawBrokenError, NotOfferedError, Record
from seqlaws.properties.subjects.subject import Subject

CUT_OFF = "cut off by the time given"
EXAMPLES = 100  # of a law, by default
BESIDE = {"float32": 1, "bfloat16": 3, "float16": 3, "float64": 6}  # parts, one of which is tried
FURTHER = 4  # cases, where those that were drawn have nothing to check
NONE_OFFERED = "no drawn case is offered"
NOTHING = "the drawn cases have nothing to check"
SLOWLY = 80.0  # seconds for an operation of a slow implementation with so many examples, or fewer
PART = 8  # of the time left, for a law of a slow implementation
LEAST = 2.0  # seconds, while there are any
SHRUNK = 3  # failures of an operation that are shrunk at leisure; later ones in a fifth of the time


@dataclass(frozen=True)
class Effort:
    """Effort of a run: a suite seed, examples for each law, seconds to shrink a failure.

    least: examples of a law whose share of them is less; no more than by default. Beside float32,
    other dtypes get one.
    profile: the name of Hypothesis's profile that it comes from.
    until: when all has to be over, a time of `time.perf_counter`.
    explains: whether each failure is diagnosed at once; else all are explained after the run.
    follows: whether the lines of the implementation that calls execute are noted.
    knows: whether a known failure is shrunk, too; else its first failing case is kept.
    shows: whether what SHOULD laws say is shown, not only how many fail; else they are not shrunk.
    measures: whether verdicts tell of all errors; else of the largest alone.
    failures: how many failures were shrunk in the run, by implementation and operation.
    spent: seconds for slow implementations in the run, by implementation and operation.
    """

    seed: int = 0
    examples: int = EXAMPLES
    least: int = 1
    shrinking: float = 1.0
    target: bool = False
    profile: str = ""
    until: float = math.inf
    explains: bool = True
    knows: bool = False
    shows: bool = True
    measures: bool = True
    follows: bool = False
    failures: Counter[tuple[str, str]] = field(default_factory=Counter, compare=False)
    spent: dict[tuple[str, str], float] = field(default_factory=dict, compare=False)

    def for_slow(self, of: tuple[str, str], least: float = LEAST, part: int = PART) -> float:
        """Return when a law of a slow implementation has to end, of the time that is left for it.

        Laws come in the order of what they find: each takes a part of what those before left, and
        at least so many seconds.
        """
        now = time.perf_counter()
        limited = math.isfinite(self.until)
        more = max(1.0, self.examples / EXAMPLES)  # with the nightly profile
        left = self.until - now if limited else more * SLOWLY - self.spent.get(of, 0.0)
        return now + (max(least, left / part) if left > 0 else 0.0)


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
        interpreted=subject.traits.interpreted,
    )
    missing = not_offered(made, subject)
    if missing:
        verdict.status, verdict.reason = "not offered", missing
        return verdict
    verdict.level = level = made.level_for(subject.traits.masked_nan, subject.dtype)
    of = subject.name, subject.operation.name
    slow = subject.pace.is_slow
    effort = limited(made, subject, effort, level)
    subject.record = record = type(subject.record)(measures=effort.measures)
    subject.place.until = min(effort.until, subject.until + effort.shrinking)
    if effort.follows:
        subject.place.follow(subject.namespace)
    started = time.perf_counter()
    try:
        with warnings.catch_warnings(record=True):  # what a subject says of overflow is its own
            warnings.simplefilter("ignore")
            hunt(made, subject, effort)
    except EnoughError as enough:
        over = time.perf_counter() > effort.until
        if str(enough) or over or not (slow and record.examples):  # else it has had its part
            why = str(enough) or f"{CUT_OFF} after {record.examples} examples"
            verdict.status, verdict.reason = "not run", why
    except SpecificationError as error:
        verdict.status, verdict.reason = "not run", str(error)
    except LawBrokenError as broken:
        verdict.status = "failed" if level == "MUST" else "SHOULD failed"
        effort.failures[of] += level == "MUST" and effort.shrinking > 0
        show(verdict, made, subject, broken, effort)
    verdict.seconds = round(time.perf_counter() - started, 4)
    if slow:
        effort.spent[of] = effort.spent.get(of, 0.0) + verdict.seconds
    account(verdict, record)
    if effort.follows:
        verdict.executed = subject.place.executed()
    return verdict


def limited(made: Law, subject: Subject, effort: Effort, level: str) -> Effort:
    """Return the effort that a law is worth; a slow implementation gets a part of the time."""
    of = subject.name, subject.operation.name
    if subject.pace.wants_few_shapes:  # a sweep has a new shape in each case
        least = max(LEAST, subject.pace.for_one_example)
        subject.until = effort.for_slow(of, least, PART if made.sweep is None else 2 * PART)
    elif subject.pace.is_slow:
        subject.until = effort.for_slow(of)
        effort = replace(effort, examples=max(1, effort.examples // 10))
    if level != "MUST":
        shown = effort.shows or made.section == "guards"  # a cause of these is on each screen
        return replace(effort, shrinking=effort.shrinking / 4 if shown else 0.0)
    if effort.failures[of] >= SHRUNK:  # most likely of a mistake that is shown by now
        return replace(effort, shrinking=effort.shrinking / 5)
    return effort


def show(
    verdict: Verdict, made: Law, subject: Subject, broken: LawBrokenError, effort: Effort
) -> None:
    """Tell in the verdict how the law is broken; with a diagnosis and a script, if asked."""
    record = subject.record
    verdict.reason = headline(broken)
    left = max(0.3, effort.until - time.perf_counter())
    seconds = min(2.0, effort.shrinking + 1.5, left)
    subject.until = math.inf
    answers = effort.explains and broken.entry is not None  # else no number is wrong
    subject.place.until = time.perf_counter() + 2 * seconds
    found = diagnose(subject, record.first, seconds) if answers else Diagnosis()
    subject.place.until = effort.until
    verdict.diagnosis = found.text
    shown = (
        reproduction(made, subject, broken.case, broken.kind) if effort.explains else Reproduction()
    )
    told = verdict.law, verdict.level, made.statement, subject, broken, found
    verdict.message = message(*told, *shown)
    verdict.witness = witness(subject, broken, found, shown.script)
    verdict.evidence = stored(record, broken)


def account(verdict: Verdict, record: Record) -> None:
    """Count in the verdict what was done; a law of which nothing was done is not passed."""
    verdict.examples, verdict.entries = record.examples, record.entries
    verdict.unclaimed, verdict.worst = record.unclaimed, record.worst
    verdict.not_offered = dict(record.not_offered)
    verdict.noted = dict(record.noticed)
    verdict.visited = record.visited
    verdict.accuracy = {n: e.as_data() for n, e in record.errors.items() if e.entries}
    if verdict.status != "passed" or record.examples:
        return
    if record.too_large:
        verdict.status, verdict.reason = "not run", TOO_LARGE
    elif record.beside or record.not_offered:
        said = f"{NONE_OFFERED}: {', '.join(record.not_offered)}"
        verdict.status, verdict.reason = "not offered", record.beside or said
    else:
        verdict.status, verdict.reason = "not run", NOTHING


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
    trial = Trial(
        lambda case: tried(made, subject, case, effort.shrinking),
        subject.record,
        effort.shrinking,
        target=effort.target,
        limit=effort.until,
    )
    beside = "float32" in (operation.dtypes or subject.traits.dtypes)
    parts = BESIDE[subject.dtype] if beside else 1  # one source in several dtypes
    if made.sweep is not None:
        tries = of_sweep(made, subject, effort.examples * made.share, seed, parts)
    else:
        part = operation.share / parts
        rounds, usual = (max(1, round(n * made.share)) for n in (effort.examples, EXAMPLES))
        least = effort.least if parts == 1 else 1
        count = max(1, round(rounds * part), min(least, round(usual * part)))
        if subject.pace.wants_few_shapes:
            tries = of_few_shapes(made, subject, seed, count)
        else:
            search(trial, cases_of(made, subject), seed, count)
            if not subject.record.examples:  # of a single case there may be nothing to check
                search(trial, cases_of(made, subject), seed + 1, FURTHER)
            tries = further(made, subject, effort.examples / EXAMPLES, seed, parts)
    for one in tries:
        attempt(trial, one.makes, one.draw, seed, one.simpler)


def tried(made: Law, subject: Subject, case: Case, shrinking: float) -> None:
    """Check the law on one example. Raises LawBrokenError; then there is time to shrink it.

    It counts as an example only if the implementation was called.
    """
    subject.record.begin()
    try:
        made.check(subject, subject.adapted(case))
        subject.record.examples += bool(subject.record.every)
    except NotOfferedError:
        return
    except LawBrokenError:
        subject.record.first = subject.record.first or list(subject.record.calls)
        subject.until = max(subject.until, time.perf_counter() + shrinking)
        raise
