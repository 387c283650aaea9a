"""The failures of one operation, and the search for what explains them.

What the failed laws called is compared with the specification, changed in every way that is known.
What a change explains is put to the changed specification again, where another mistake may show.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np

from seqlaws.properties.diagnosis.changes import (
    Answer,
    Change,
    changed,
    changes_of,
    generated_changes,
)
from seqlaws.properties.diagnosis.diagnose import STOPPED, distinct_names, rounding
from seqlaws.properties.diagnosis.evidence import (
    ACCUMULATE,
    CHANGES,
    Evidence,
    asked,
    effort,
    evidence,
    moderate,
    whether_it_changes,
)
from seqlaws.properties.diagnosis.solve import NAMED, Budget, Failed, Solution, Solver, distinct
from seqlaws.properties.diagnosis.stored_calls import restored
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.dense import dense, discriminating_cases
from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import Law, law_of
from seqlaws.properties.misreadings import shown
from seqlaws.properties.misreadings.vocabulary import AT_HAND
from seqlaws.properties.runner.examine import Effort, hunt
from seqlaws.properties.runner.from_verdicts import cause, says, size_of
from seqlaws.properties.subjects.elsewhere import first_answer
from seqlaws.properties.subjects.record import Call, LawBrokenError, NotOfferedError, Record
from seqlaws.properties.subjects.subject import Subject

UNKNOWN = "no known misreading"
BATCH = 10  # failures that are explained first
HIDDEN = 8  # explained laws that are put to the changed specification
FRESH = 2  # wrong answers that are asked for in a new process
KEPT = "called first in a new process it gives the right answer: it depends on earlier calls"
FORGET = "look for a cache, a buffer or a state that outlives a call"
ROUNDS = 3  # of explaining, then asking the explained laws again
Asks = Callable[[str, str], Subject]  # a subject, by operation and dtype


class Explaining:
    """The failures of one operation, and the search for what explains them."""

    def __init__(
        self, operation: str, verdicts: list[Verdict], subject_of: Asks, seconds: float
    ) -> None:
        self.budget = Budget(seconds)
        self.verdicts = sorted(verdicts, key=lambda v: (v.section == "manners", size_of(v)))
        self.subjects = {v.dtype: subject_of(operation, v.dtype) for v in self.verdicts}
        for subject in self.subjects.values():
            subject.record = Record()
            subject.place.until = self.budget.until
        self.solution = Solution()
        self.others: list[Answer] = []
        self.failed: dict[int, Failed] = {}
        self.changes: dict[int, str] = {}  # what is said of answers that do not come again
        self.calls: dict[int, list[Call]] = {}

    def causes(self) -> list[Cause]:
        """Each cause that is found, with its verdicts in `smallest`."""
        token = AT_HAND.set(next(iter(self.subjects.values())).arithmetic)
        try:
            with np.errstate(all="ignore"):
                return self.searched()
        finally:
            AT_HAND.reset(token)

    def searched(self) -> list[Cause]:
        """Search, then tell what is found, also where the time was over or the subject was lost."""
        with suppress(*STOPPED):
            self.search()
        found = [*self.told(self.solution)]
        with suppress(*STOPPED):
            found += self.imprecise(self.solution)
        return [*found, *self.not_explained(found)]

    def search(self) -> None:
        """Explain some failures, then see which others that explains; a few times."""
        for k in range(len(self.verdicts))[:BATCH]:
            self.look_at(k)
        for vjp in (False, True):
            self.set_aside_all(vjp)
        subject = next(iter(self.subjects.values()))
        changes, more = changes_of(subject), generated_changes(subject)
        if any(f.answers for f in self.failed.values()):
            self.look_closer()
        for _ in range(ROUNDS):
            self.solution = self.solved(changes, pairs=not more)
            if more and self.is_left(self.solution):
                changes, more = [*changes, *more], []
                self.solution = self.solved(changes, pairs=True)
            new = self.look_at_others(self.solution)
            if not self.solution.changes or not (self.asked_again(self.solution) or new):
                break
        self.set_aside_what_changes(self.solution)

    def solved(self, changes: list[Change], *, pairs: bool) -> Solution:
        """What explains the failures so far."""
        solver = Solver(changes, self.budget.part(0.6), pairs=pairs)
        return solver.solve([*self.failed.values()], distinct(self.others))

    def is_left(self, solution: Solution) -> bool:
        """True if wrong answers are left unexplained."""
        return any(f.answers and not f.is_explained(solution) for f in self.failed.values())

    def look_at(self, k: int) -> None:
        """Compare the answers of a failure with what is expected."""
        v = self.verdicts[k]
        kept, subject = restored(v.evidence), self.subjects[v.dtype]
        told = self.answers(subject, kept.calls)
        self.calls[k] = kept.calls
        self.failed[k] = Failed([a for a in told if a.evidence.is_wrong], kept.case)
        if v.section == "manners":
            self.set_aside(k)
        if k not in self.changes:
            self.others += told + self.answers(subject, kept.first)

    def look_at_others(self, solution: Solution) -> bool:
        """Look at the failures that were left out so far; True if one is not explained."""
        new = False
        for k in range(len(self.verdicts)):
            if k not in self.failed and self.budget.left > 0:
                self.look_at(k)
                failed = self.failed[k]
                new |= bool(failed.answers) and not failed.is_explained(solution)
        return new

    def set_aside(self, k: int) -> None:
        """Ask wrong answers once more; one that does not come again is no formula's."""
        v = self.verdicts[k]
        for one in self.failed[k].answers:
            e = one.evidence
            again = asked(one.subject, e.case, vjp=e.vjp)
            if again is None or not is_same(e, again):
                said = whether_it_changes(one.subject, e) if v.section != "manners" else ""
                self.changes[k] = said
                self.failed[k].answers = []
                return

    def set_aside_what_changes(self, solution: Solution) -> None:
        """Set aside what is not explained and does not come again."""
        for k, failed in self.failed.items():
            if not failed.is_explained(solution) and self.verdicts[k].section != "manners":
                self.set_aside(k)

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

    def not_explained(self, found: list[Cause]) -> Iterator[Cause]:
        """The cause of all laws that no change explains: answers that depend on calls, or unknown.

        Where answers depend on earlier calls, that may fail any law.
        """
        told = {id(v) for c in found for v in c.smallest["verdicts"]}
        left = [k for k, v in enumerate(self.verdicts) if id(v) not in told]
        numbers = [k for k in left if k in self.failed and self.failed[k].answers]
        said = {k: self.changes[k] for k in left if self.changes.get(k)}
        with suppress(*STOPPED):
            if numbers and not said and self.is_right_at_first(numbers):
                said = {numbers[0]: KEPT}
        if said:
            k, what = next(iter(said.items()))
            v = self.verdicts[k]
            made = cause(v, "calls", f"{v.operation}: {what}", FORGET)
            made.names = (what.partition(":")[0],)
            yield self.with_verdicts(made, [self.verdicts[k] for k in left])
        elif numbers:
            v = self.verdicts[numbers[0]]
            made = cause(v, "law", f"{v.operation}: {says(v)}; {UNKNOWN} explains it")
            made.names = (UNKNOWN,)
            yield self.with_verdicts(made, [self.verdicts[k] for k in numbers])

    def is_right_at_first(self, numbers: list[int]) -> bool:
        """Return True if a wrong answer is right as the first one of a new process."""
        wrong = [a for k in numbers for a in self.failed[k].answers]
        for one in sorted(wrong, key=lambda a: effort(a.evidence))[:FRESH]:
            e, subject = one.evidence, one.subject
            outputs = first_answer(subject, e.case, vjp=e.vjp)
            name = subject.operation.name + "_vjp" * e.vjp
            fresh = evidence(subject, Call(name, e.case, outputs))
            if fresh is not None and not fresh.is_wrong:
                return True
        return False

    def with_verdicts(self, made: Cause, verdicts: list[Verdict]) -> Cause:
        """The cause of all these verdicts."""
        made.laws = list(dict.fromkeys(v.law for v in verdicts))
        made.dtypes = list(dict.fromkeys(v.dtype for v in verdicts))
        made.failures = len(verdicts)
        made.level = min(v.level for v in verdicts)
        made.smallest["verdicts"] = verdicts
        return made

    def answers(self, subject: Subject, calls: list[Call]) -> list[Answer]:
        """The evidence of calls; one without outputs, which was made elsewhere, is made here."""
        found = [
            asked(subject, c.case, vjp=c.vjp) if c.outputs is None else evidence(subject, c)
            for c in calls
        ]
        return [Answer(subject, e) for e in found if e is not None]

    def look_closer(self) -> None:
        """Call the implementation on cases that tell changes apart."""
        half = self.budget.part(0.3)
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
        for k, failed in self.failed.items():
            v = self.verdicts[k]
            law = law_of(v.operation, v.law_name)
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
        law, own = law_of(v.operation, v.law_name), self.subjects[v.dtype]
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
            if broken.entry is None:
                return
            told = self.answers(own, [c for c in subject.record.calls if c.outputs is not None])
            wrong = [a for a in told if a.evidence.is_wrong and not solution.explains(a)]
            self.failed[k].answers += wrong
            yield from wrong
        except STOPPED:
            return

    def told(self, solution: Solution) -> Iterator[Cause]:
        """A cause for each change, with the verdicts that it explains."""
        of_change: dict[Change, list[Verdict]] = {c: [] for c in solution.changes}
        for k, failed in self.failed.items():
            v = self.verdicts[k]
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
        alike = (change, *solution.alike.get(change, []))
        made.names = tuple(distinct_names(one.name for one in alike)[:NAMED])
        own = {id(v) for v in verdicts}
        failed = (f for k, f in self.failed.items() if id(self.verdicts[k]) in own)
        seen = {a.evidence.vjp for f in failed for a in f.answers}
        back = seen == {True} or (change.gradients and True in seen)
        verb = "gradients are those of" if back else "output is that of"
        where = "where it is wrong, " if change in solution.conditional else ""
        made.sentence = f"{where}your {verb} {v.operation} with {', or '.join(made.names)}"
        assert change.misreading is not None
        made.lines = tuple(shown(change.misreading, v.operation))
        made.remedy = "compare your code with this line of the specification"
        return made

    def imprecise(self, solution: Solution) -> Iterator[Cause]:
        """Lower precision, where no change explains anything."""
        if solution.changes:
            return
        for dtype, subject in self.subjects.items():
            some = [k for k in self.failed if self.verdicts[k].dtype == dtype]
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
