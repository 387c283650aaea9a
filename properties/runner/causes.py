"""Explains the failures of one implementation together, after its laws have run."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws.properties.diagnosis.changes import Answer, Change, changed, changes_of
from seqlaws.properties.diagnosis.diagnose import rounding
from seqlaws.properties.diagnosis.evidence import (
    ACCUMULATE,
    CHANGES,
    Evidence,
    asked,
    evidence,
    moderate,
    whether_it_changes,
)
from seqlaws.properties.diagnosis.solve import NAMED, Budget, Failed, Solution, Solver, distinct
from seqlaws.properties.diagnosis.stored_calls import restored
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.dense import dense, discriminating_cases
from seqlaws.properties.isolation.limits import EnoughError
from seqlaws.properties.isolation.specification_server import SpecificationError
from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import LAWS, Law
from seqlaws.properties.misreadings import shown
from seqlaws.properties.misreadings.vocabulary import AT_HAND
from seqlaws.properties.reporting.failure_text import with_cause
from seqlaws.properties.runner.examine import Effort, hunt
from seqlaws.properties.subjects.record import LawBrokenError, NotOfferedError, Record
from seqlaws.properties.subjects.returned import KIND, SHARED, WRITTEN
from seqlaws.properties.subjects.subject import Subject

BROKEN = ("failed", "SHOULD failed")
EXPLAIN = ("specification", "trait", "precision")  # kinds of causes that are a diagnosis
REMEDIES = {
    KIND: "return arrays of the inputs' kind, dtype and device",
    WRITTEN: "copy an input before you write to it",
    SHARED: "return a copy: an output must have memory of its own",
}
UNKNOWN = "no known misreading"
HIDDEN = 8  # explained laws that are put to the changed specification
ROUNDS = 3  # of explaining, then asking the explained laws again
Asks = Callable[[str, str], Subject]  # a subject, by operation and dtype
STOPPED = (Exception, SystemExit, EnoughError, SpecificationError)


def causes_of(verdicts: list[Verdict], subject_of: Asks | None, seconds: float) -> list[Cause]:
    """Explain what failed of one implementation, in about so many seconds; the gravest first.

    subject_of: None if the implementation cannot be called any more.
    """
    broken = [v for v in verdicts if v.status in BROKEN]
    found: list[Cause] = []
    left = []
    for v in broken:
        one = of_one(v)
        if one is None:
            left.append(v)
        else:
            found.append(one)
    operations = list(dict.fromkeys(v.operation for v in left))
    budget = Budget(seconds)
    for k, operation in enumerate(operations):
        some = [v for v in left if v.operation == operation]
        if subject_of is not None:
            share = budget.left / (len(operations) - k)
            with suppress(*STOPPED):  # what a subject does now costs an explanation at most
                explained = Explaining(operation, some, subject_of, share).causes()
                found += explained
                named = {id(v) for c in explained for v in c.smallest.pop("verdicts")}
                some = [v for v in some if id(v) not in named]
        found += [cause(v, "law", f"{v.law}: {says(v)}") for v in some]
    return ordered(merged(found))


def told_by_causes(verdicts: list[Verdict], causes: list[Cause]) -> None:
    """Say the cause in each verdict that it explains, and in its text."""
    for one in causes:
        if one.kind not in EXPLAIN:
            continue
        for v in verdicts:
            if v.status in BROKEN and v.law in one.laws and v.dtype in one.dtypes:
                v.diagnosis = one.sentence
                v.message = with_cause(v.message, one)


def of_one(v: Verdict) -> Cause | None:
    """The cause of a failure that says itself what it is; None if it does not."""
    if v.section == "guards":
        what = "arguments are not checked: what is not valid is accepted"
        return cause(v, "guards", what, "raise ValueError or TypeError on shapes and dtypes")
    for law, remedy in REMEDIES.items():
        if v.law_name == law or (v.section == "manners" and v.reason == v.noted.get(law)):
            return cause(v, "manners", v.reason.partition(" (seen by ")[0], remedy)
    if raised := v.witness.get("raised"):
        made = cause(v, "exception", v.reason)
        return replace(made, names=(re.sub(r"\d+", "#", raised),))
    if v.witness.get("lost"):
        return replace(cause(v, "exception", v.reason), names=(v.reason.partition(" ")[2],))
    return None


def says(v: Verdict) -> str:
    """The sentence of a failure, without the entry that is shown beside it."""
    return v.reason.partition(": ")[0] if "observed" in v.witness else v.reason


def cause(v: Verdict, kind: str, sentence: str, remedy: str = "") -> Cause:
    """A cause of one verdict."""
    return Cause(
        v.implementation,
        kind,
        sentence,
        v.level,
        remedy=remedy,
        operations=[v.operation],
        dtypes=[v.dtype],
        laws=[v.law],
        failures=1,
        smallest=witness_of(v),
    )


def witness_of(v: Verdict) -> dict[str, Any]:
    """What is shown of a failure: its law, the worst entry, and the case."""
    names = ("output", "index", "observed", "expected", "allowed", "call", "arrays", "options")
    told = {n: v.witness[n] for n in names if n in v.witness}
    return {"law": v.law, "dtype": v.dtype, "device": v.device, "reason": v.reason, **told}


def size_of(v: Verdict) -> tuple[bool, bool, int, bool]:
    """Order of witnesses: of a MUST, with the fewest entries, in float32."""
    arrays = v.witness.get("arrays", {}).values()
    entries = sum(int(np.size(np.array(a, dtype=object))) for a in arrays)
    return v.level != "MUST", not v.witness, entries, v.dtype != "float32"


def merged(causes: Iterable[Cause]) -> list[Cause]:
    """One cause of those that are the same in several laws, dtypes or operations."""
    known: dict[Any, Cause] = {}
    for one in causes:
        before = known.setdefault(one.subject, one)
        if before is one:
            continue
        for name in ("operations", "dtypes", "laws"):
            both = [*getattr(before, name), *getattr(one, name)]
            setattr(before, name, list(dict.fromkeys(both)))
        before.failures += one.failures
        if (one.level, entries(one)) < (before.level, entries(before)):
            before.level, before.smallest = one.level, one.smallest
            before.sentence = one.sentence
    return list(known.values())


def entries(one: Cause) -> int:
    """Entries of the smallest case; many where there is none."""
    arrays = one.smallest.get("arrays")
    if arrays is None:
        return 1_000_000
    return sum(int(np.size(np.array(a, dtype=object))) for a in arrays.values())


def ordered(causes: list[Cause]) -> list[Cause]:
    """MUST before SHOULD, what is explained before what is not, the commonest first."""
    return sorted(causes, key=lambda c: (c.level != "MUST", c.kind == "law", -c.failures))


class Explaining:
    """The failures of one operation, and the search for what explains them."""

    def __init__(
        self, operation: str, verdicts: list[Verdict], subject_of: Asks, seconds: float
    ) -> None:
        self.budget = Budget(seconds)
        self.verdicts = sorted(verdicts, key=size_of)
        self.subjects = {v.dtype: subject_of(operation, v.dtype) for v in self.verdicts}
        for subject in self.subjects.values():
            subject.record = Record()
            subject.place.until = self.budget.until
        self.others: list[Answer] = []
        self.failed: dict[int, Failed] = {}
        self.changes: dict[int, str] = {}  # what is said of answers that do not come again
        self.calls: dict[int, list[Any]] = {}

    def causes(self) -> list[Cause]:
        """Each cause that is found, with its verdicts in `smallest`."""
        token = AT_HAND.set(next(iter(self.subjects.values())).arithmetic)
        try:
            with np.errstate(all="ignore"):
                return self.searched()
        finally:
            AT_HAND.reset(token)

    def searched(self) -> list[Cause]:
        """Explain, ask the explained laws again, explain what is new; a few times."""
        for k, v in enumerate(self.verdicts):
            kept, subject = restored(v.evidence), self.subjects[v.dtype]
            told = [a for a in (self.answer(subject, c) for c in kept.calls) if a is not None]
            self.calls[k] = kept.calls
            self.failed[k] = Failed([a for a in told if a.evidence.is_wrong], kept.case)
            more = (self.answer(subject, c) for c in kept.first)
            self.others += told + [a for a in more if a is not None]
        self.set_aside_what_changes()
        if not any(f.answers for f in self.failed.values()):
            return [*self.changing()]
        self.look_closer()
        changes = changes_of(next(iter(self.subjects.values())))
        solution = Solution()
        for _ in range(ROUNDS):
            failed = [*self.failed.values()]
            solution = Solver(changes, self.budget.part(0.7)).solve(failed, distinct(self.others))
            if not solution.changes or not self.asked_again(solution):
                break
        found = [*self.told(solution), *self.changing(), *(self.imprecise(solution))]
        return [*found, *self.unexplained(found)]

    def set_aside_what_changes(self) -> None:
        """Ask each wrong answer once more; one that does not come again is nobody's formula."""
        for vjp in (False, True):
            self.set_aside_all(vjp)
        for k, v in enumerate(self.verdicts):
            for one in self.failed[k].answers:
                e = one.evidence
                again = asked(one.subject, e.case, vjp=e.vjp)
                if again is not None and is_same(e, again):
                    continue
                said = whether_it_changes(one.subject, e) if v.section != "manners" else ""
                self.changes[k] = said
                self.failed[k].answers = []
                break
        gone = {id(c.outputs) for k in self.changes for c in self.calls[k]}
        self.others = [a for a in self.others if id(a.evidence.observed) not in gone]

    def set_aside_all(self, vjp: bool) -> None:
        """Set aside all calls of a function whose answers change each time."""
        wrong = [a for f in self.failed.values() for a in f.answers if a.evidence.vjp == vjp]
        if not wrong:
            return
        told: set[str] = set()
        for one in sorted(wrong, key=lambda a: -a.evidence.share)[:3]:
            full = asked(one.subject, dense(one.evidence.case), vjp=vjp)
            told |= {whether_it_changes(one.subject, e) for e in (one.evidence, full)}
        told &= {ACCUMULATE, CHANGES}
        if not told:
            return
        said = min(told)
        for k, failed in self.failed.items():
            of_it = [a for a in failed.answers if a.evidence.vjp == vjp]
            if of_it or (not failed.answers and {c.vjp for c in self.calls[k]} == {vjp}):
                failed.answers = []
                self.changes[k] = said

    def changing(self) -> Iterator[Cause]:
        """Causes of answers that do not come again, where it is known how they change."""
        for k, said in self.changes.items():
            if said:
                v = self.verdicts[k]
                made = cause(v, "calls", f"{v.operation}: {said}")
                made.names = (said.partition(":")[0],)
                made.smallest["verdicts"] = [v]
                yield made

    def unexplained(self, found: list[Cause]) -> Iterator[Cause]:
        """One cause of all laws whose wrong numbers nothing explains."""
        told = {id(v) for c in found for v in c.smallest["verdicts"]}
        left = [v for k, v in enumerate(self.verdicts) if self.failed[k].answers]
        left = [v for v in left if id(v) not in told]
        if left:
            made = cause(
                left[0], "law", f"{left[0].operation}: {says(left[0])}; {UNKNOWN} explains it"
            )
            made.names = (UNKNOWN,)
            yield self.with_verdicts(made, left)

    def with_verdicts(self, made: Cause, verdicts: list[Verdict]) -> Cause:
        """The cause of all these verdicts."""
        made.laws = list(dict.fromkeys(v.law for v in verdicts))
        made.dtypes = list(dict.fromkeys(v.dtype for v in verdicts))
        made.failures = len(verdicts)
        made.level = min(v.level for v in verdicts)
        made.smallest["verdicts"] = verdicts
        return made

    def answer(self, subject: Subject, call: Any) -> Answer | None:
        """The evidence of a call, once."""
        if call.outputs is None:  # it was called elsewhere
            found = asked(subject, call.case, vjp=call.vjp)
        else:
            found = evidence(subject, call)
        return Answer(subject, found) if found is not None else None

    def look_closer(self) -> None:
        """Call the implementation on cases that tell changes apart."""
        half = self.budget.part(0.5)
        wrong = [a for f in self.failed.values() for a in f.answers]
        for vjp in sorted({a.evidence.vjp for a in wrong}):
            of_kind = [a for a in wrong if a.evidence.vjp == vjp]
            subject, failing = of_kind[0].subject, of_kind[0].evidence
            witnesses = [a.evidence.case for a in of_kind]
            cases = [dense(c) for c in witnesses if moderate(c)][:4]
            for case in (*cases, *discriminating_cases(failing.case, subject.offers)):
                if half.left < 0:
                    return
                self.add(subject, asked(subject, case, vjp=vjp))

    def add(self, subject: Subject, found: Evidence | None) -> None:
        """One answer more."""
        if found is not None:
            self.others.append(Answer(subject, found))

    def asked_again(self, solution: Solution) -> bool:
        """Put the laws to the changed specification; True if one fails in another way.

        A law without an answer that can be looked at is put with the case that it failed on.
        """
        found = tuple(solution.changes)
        subjects = {dtype: changed(subject, found) for dtype, subject in self.subjects.items()}
        for k, v in enumerate(self.verdicts):
            failed, law = self.failed[k], law_of(v)
            if law and not failed.answers and self.budget.left > 0:
                failed.holds = self.holds(law, subjects[v.dtype], failed.case)
        explained = [k for k, f in self.failed.items() if f.is_explained(solution)][:HIDDEN]
        new = [a for k in explained for a in self.hidden(k, subjects, solution)]
        self.others += new
        return bool(new)

    def holds(self, law: Law, subject: Subject, case: Case | None) -> bool:
        """Return True if a law holds on a case; on a few others, if that was too large to keep."""
        subject.record = Record()
        try:
            if case is None:
                hunt(law, subject, Effort(examples=5, shrinking=0.0, until=self.budget.until))
            else:
                law.check(subject, subject.adapted(case))
        except (LawBrokenError, NotOfferedError, *STOPPED):
            return False
        return True

    def hidden(self, k: int, subjects: dict[str, Subject], solution: Solution) -> Iterator[Answer]:
        """Wrong answers to an explained law that what is found does not explain."""
        v = self.verdicts[k]
        law, own = law_of(v), self.subjects[v.dtype]
        left = self.budget.left
        if law is None or left < 0:
            return
        subject = subjects[v.dtype]
        subject.record = Record()
        try:
            hunt(
                law,
                subject,
                Effort(examples=5, shrinking=0.2, until=time.perf_counter() + left / 2),
            )
        except LawBrokenError as broken:
            calls = [c for c in subject.record.calls if c.outputs is not None]
            told = [self.answer(own, c) for c in calls if broken.entry is not None]
            wrong = [a for a in told if a is not None and a.evidence.is_wrong]
            wrong = [a for a in wrong if not solution.explains(a)]
            self.failed[k].answers += wrong
            yield from wrong
        except STOPPED:
            return

    def told(self, solution: Solution) -> Iterator[Cause]:
        """A cause for each change, with the verdicts that it explains."""
        of_change: dict[Change, list[Verdict]] = {c: [] for c in solution.changes}
        for k, v in enumerate(self.verdicts):
            failed = self.failed[k]
            if not failed.is_explained(solution):
                continue
            of_change[self.main(failed, solution)].append(v)
        for change, verdicts in of_change.items():
            if verdicts:
                yield self.cause_of(change, solution, verdicts)

    def main(self, failed: Failed, solution: Solution) -> Change:
        """The change that explains a law alone, or without which the others do not."""
        every = tuple(solution.changes)
        for change in every:
            if any(solution.does(a, (change,)) for a in failed.answers):
                return change
        for change in reversed(every):
            others = tuple(c for c in every if c is not change)
            if not all(solution.does(a, others) for a in failed.answers):
                return change
        return every[0]

    def cause_of(self, change: Change, solution: Solution, verdicts: list[Verdict]) -> Cause:
        """The cause that a change is."""
        v = verdicts[0]
        made = cause(v, "trait" if change.traits else "specification", "")
        made = self.with_verdicts(made, verdicts)
        if change.traits:
            made.names = (change.name,)
            made.sentence = f"{v.operation}: {change.name}"
            made.remedy = f"declare {change.declares}, or mend it"
            return made
        names: list[str] = []
        for one in (change, *solution.alike.get(change, [])):
            if not any(one.name.startswith(name) for name in names):
                names.append(one.name)
        made.names = tuple(names[:NAMED])
        vjp = any(a.evidence.vjp for f in self.failed.values() for a in f.answers)
        back = vjp and change.gradients
        verb = "gradients are those of" if back else "output is that of"
        where = "where it is wrong, " if change in solution.conditional else ""
        made.sentence = f"{where}your {verb} {v.operation} with {', or '.join(made.names)}"
        assert change.misreading is not None
        made.lines = tuple(shown(change.misreading, v.operation))
        made.remedy = "mend the line that is marked with +" if made.lines else ""
        return made

    def imprecise(self, solution: Solution) -> Iterator[Cause]:
        """Lower precision, where no change explains anything."""
        if solution.changes:
            return
        for dtype, subject in self.subjects.items():
            some = [k for k, v in enumerate(self.verdicts) if v.dtype == dtype]
            answers = [a for k in some for a in self.failed[k].answers]
            answers += [a for a in self.others if a.subject is subject]
            apt = [a.evidence for a in distinct(answers)]
            found = rounding(subject, apt) if apt and apt[0].is_wrong else None
            if found is None:
                continue
            explained = [self.verdicts[k] for k in some if self.failed[k].answers]
            made = cause(explained[0], "precision", found.text)
            made.names, made.lines = found.names, found.lines
            yield self.with_verdicts(made, explained)


def is_same(one: Evidence, other: Evidence) -> bool:
    """Return True if two answers to a call are the same within the allowed error."""
    return all(
        bool((ratios(other.observed[n], one.observed[n], e.allowed, nan_is_free=False) <= 1).all())
        for n, e in one.nearly.items()
    )


def law_of(v: Verdict) -> Law | None:
    """The law of a verdict."""
    for law in LAWS.values():
        if law.name == v.law_name and v.operation in law.operations:
            return law
    return None
