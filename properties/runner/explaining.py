"""The failures of one operation, and the search for what explains them.

What the failed laws called is compared with the specification, changed in every way that is known.
What a change explains is put to the changed specification again, where another mistake may show.
"""

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from seqlaws.properties.diagnosis.changes import Answer, Change, changes_of, generated_changes
from seqlaws.properties.diagnosis.diagnose import STOPPED
from seqlaws.properties.diagnosis.evidence import asked, evidence, moderate
from seqlaws.properties.diagnosis.nearness import distinct
from seqlaws.properties.diagnosis.solution import Budget, Failed, Solution, Without
from seqlaws.properties.diagnosis.solve import Solver
from seqlaws.properties.diagnosis.stored_calls import restored
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.dense import dense, discriminating_cases, redrawn
from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.misreadings.vocabulary import AT_HAND
from seqlaws.properties.runner.asking_again import ask_again
from seqlaws.properties.runner.from_calls import set_aside, set_aside_all
from seqlaws.properties.runner.from_solution import imprecise, not_explained, of_changes
from seqlaws.properties.runner.from_verdicts import size_of
from seqlaws.properties.subjects.record import Call, Record
from seqlaws.properties.subjects.subject import Subject

BATCH = 10  # failures that are explained first
BEGINNINGS = 4  # first changes that are tried
SIMPLER = 6  # calls without one of their options
MORE = 0.3  # of the time, to look at others once something is found
ROUNDS = 3  # of explaining, then asking the explained laws again
Asks = Callable[[str, str], Subject]  # a subject, by operation and dtype


class Explaining:
    """The failures of one operation, and the search for what explains them."""

    def __init__(
        self, operation: str, verdicts: list[Verdict], subject_of: Asks, seconds: float
    ) -> None:
        self.budget = Budget(seconds)
        self.waiting = sorted(verdicts, key=lambda v: (v.section == "manners", size_of(v)))
        self.subjects = {v.dtype: subject_of(operation, v.dtype) for v in self.waiting}
        for subject in self.subjects.values():
            subject.record = Record()
            subject.place.until = self.budget.until
        self.solution = Solution()
        self.failed: list[Failed] = []
        self.others: list[Answer] = []  # of the implementation, right and wrong
        self.without: list[Without] = []
        self.changes = changes_of(self.subject)
        self.is_whole = False  # whether those that are made from the source are among them
        self.cut = False  # whether the time ended before all changes were looked at

    @property
    def subject(self) -> Subject:
        """The subject in the first of its dtypes."""
        return next(iter(self.subjects.values()))

    def causes(self) -> list[Cause]:
        """Each cause that is found, with its verdicts in `smallest`."""
        token = AT_HAND.set(self.subject.arithmetic)
        try:
            with np.errstate(all="ignore"):
                return self.searched()
        finally:
            AT_HAND.reset(token)

    def searched(self) -> list[Cause]:
        """Search, then tell what is found, also where the time was over or the subject was lost."""
        with suppress(*STOPPED):
            self.search()
        found = [*of_changes(self.failed, self.solution, self.without)]
        if not found:
            with suppress(*STOPPED):
                found += imprecise(self.failed, self.others)
        over = self.cut or self.budget.left < 0
        changes = tuple(self.solution.changes)
        left = not_explained(
            self.failed, self.waiting, found, over=over, changes=changes, without=self.without
        )
        return [*found, *left]

    def search(self) -> None:
        """Explain some failures, then see which others that explains; a few times."""
        self.look_at_more(BATCH)
        with suppress(*STOPPED):  # what calls are too slow for is not known, and no more
            for vjp in (False, True):
                set_aside_all(self.failed, vjp=vjp)
        if any(f.answers for f in self.failed):
            with suppress(*STOPPED):  # the evidence at hand is left
                self.look_closer()
            self.subject.place.until = self.budget.until
        for _ in range(ROUNDS):
            self.explain()
            seen = len(self.failed)
            self.look_at_more(len(self.waiting))
            new = self.some_are_left(seen)
            if not self.solution.changes:
                break
            hidden = ask_again(self.failed, self.solution, self.budget)
            self.others += hidden
            if not (hidden or new):
                break
        self.solution.rounded = True
        for one in self.failed:
            if not one.is_explained(self.solution) and one.verdict.section != "manners":
                set_aside(one)

    def explain(self) -> None:
        """Explain what there is: by what is likely, by any known change, by any that can be made.

        Once something is found, more answers tell more than a longer search.
        """
        own = [c for c in self.changes if c.traits or c.is_of(self.subject.operation.name)]
        for some in (own, self.changes):  # those of its parts are many
            if self.some_are_left():
                self.solve(some, beginnings=1, pairs=self.is_whole)
        if self.solution.changes:
            self.look_at_more(len(self.waiting), MORE)
            self.solve(self.changes, beginnings=BEGINNINGS, pairs=self.is_whole)
        if not self.is_whole and self.some_are_left():
            self.changes += generated_changes(self.subject)
            self.is_whole = True
            self.solve(self.changes, beginnings=BEGINNINGS, pairs=True)

    def some_are_left(self, first: int = 0) -> bool:
        """Return True if a law, from one of them on, has wrong answers that nothing explains."""
        return any(f.answers and not f.is_explained(self.solution) for f in self.failed[first:])

    def solve(self, changes: list[Change], *, beginnings: int, pairs: bool) -> None:
        """Find what explains the failures so far."""
        for one in self.failed:
            one.holds = False  # it was asked of other changes
        solver = Solver(changes, self.budget.part(0.6), pairs=pairs)
        others = distinct(self.others)
        self.solution = solver.solve(self.failed, others, self.solution, beginnings)
        self.cut = self.cut or solver.is_over

    def look_at_more(self, most: int, share: float = 1.0) -> None:
        """Compare the answers of some failures with what is expected, in a share of the time."""
        budget = self.budget.part(share)
        for _ in range(min(most, len(self.waiting))):
            if self.failed and budget.left <= 0:
                return
            v = self.waiting.pop(0)
            kept, subject = restored(v.evidence), self.subjects[v.dtype]
            told = answers(subject, kept.calls)
            one = Failed(
                v, subject, [a for a in told if a.evidence.is_wrong], kept.calls, kept.case
            )
            self.failed.append(one)
            if v.section == "manners":
                set_aside(one)
            if one.said is None:
                first = [] if self.solution.changes else kept.first  # enough are known by then
                self.others += told + answers(subject, first)

    def look_closer(self) -> None:
        """Call the implementation on cases that tell changes apart.

        A slow one only on shapes that it was called on before: it may have compiled these.
        """
        half = self.budget.part(0.3)
        self.subject.place.until = half.until
        wrong = [a for f in self.failed for a in f.answers]
        for vjp in sorted({a.evidence.vjp for a in wrong}):
            of_kind = [a for a in wrong if a.evidence.vjp == vjp]
            subject, failing = of_kind[0].subject, of_kind[0].evidence
            witnesses = [a.evidence.case for a in of_kind]
            cases = [dense(c) for c in witnesses if moderate(c)][:4]
            told = [self.ask(subject, case, half, vjp=vjp) for case in cases]
            for answer in [a for a in told if a is not None and a.evidence.is_wrong][:2]:
                self.ask_without_options(answer, half)
            others = [redrawn(c) for c in cases]
            if not subject.pace.is_slow:
                others += discriminating_cases(failing.case, subject.offers)
            for case in others:
                if case is not None:
                    self.ask(subject, case, half, vjp=vjp)

    def ask_without_options(self, answer: Answer, budget: Budget) -> None:
        """Make a call again without each of its options, and keep which of them changes what."""
        subject, e = answer.subject, answer.evidence
        given = [name for name in e.case.options if e.case.operation.is_option(name)]
        for name in given[:SIMPLER]:
            found = self.ask(subject, e.case.without(name), budget, vjp=e.vjp)
            self.without += [Without(answer, name, found)] if found is not None else []

    def ask(self, subject: Subject, case: Case, budget: Budget, *, vjp: bool) -> Answer | None:
        """Call the implementation, and keep its answer; None if the time is over."""
        found = asked(subject, case, vjp=vjp) if budget.left > 0 else None
        if found is None:
            return None
        self.others.append(Answer(subject, found))
        return self.others[-1]


def answers(subject: Subject, calls: list[Call]) -> list[Answer]:
    """The evidence of calls; one without outputs, which was made elsewhere, is made here."""
    found = [
        asked(subject, c.case, vjp=c.vjp) if c.outputs is None else evidence(subject, c)
        for c in calls
    ]
    return [Answer(subject, e) for e in found if e is not None]
