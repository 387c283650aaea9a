"""Laws that failed, put to the specification as an implementation has changed it."""

import time
from collections.abc import Iterator

from seqlaws.properties.diagnosis.changed_subjects import answering_as, changed
from seqlaws.properties.diagnosis.changes import Answer
from seqlaws.properties.diagnosis.diagnose import STOPPED
from seqlaws.properties.diagnosis.evidence import evidence
from seqlaws.properties.diagnosis.solution import Budget, Failed, Solution
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.laws import Law, law_of
from seqlaws.properties.runner.examine import Effort, hunt
from seqlaws.properties.subjects.record import LawBrokenError, Record
from seqlaws.properties.subjects.subject import Subject

HIDDEN = 8  # explained laws that are searched for another mistake
EXAMPLES = 5


def ask_again(failed: list[Failed], solution: Solution, budget: Budget) -> list[Answer]:
    """Put the laws to the changed specification; return wrong answers that it does not explain.

    A law without an answer that can be looked at is explained if it holds against the changed
    specification, or if that breaks it, too.
    """
    found = tuple(solution.changes)
    for one in failed:
        law = law_of(one.verdict.operation, one.verdict.law_name)
        if law is not None and not one.answers and budget.left > 0:
            against, instead = changed(one.subject, found), answering_as(one.subject, found)
            holds = is_broken(law, against, one.case, budget) is False
            one.holds = holds or is_broken(law, instead, one.case, budget) is True
    explained = [f for f in failed if f.is_explained(solution)][:HIDDEN]
    return [a for one in explained for a in hidden(one, solution, budget)]


def is_broken(law: Law, subject: Subject, case: Case | None, budget: Budget) -> bool | None:
    """Put a law to a case, or to a few if that was too large to keep; None without an answer."""
    subject.record = Record()
    try:
        if case is None:
            hunt(law, subject, Effort(examples=EXAMPLES, shrinking=0.0, until=budget.until))
        else:
            law.check(subject, subject.adapted(case))
    except LawBrokenError:
        return True
    except STOPPED:
        return None
    return False


def hidden(one: Failed, solution: Solution, budget: Budget) -> Iterator[Answer]:
    """Wrong answers to an explained law that what is found does not explain."""
    law, left = law_of(one.verdict.operation, one.verdict.law_name), budget.left
    if law is None or left < 0:
        return
    subject = changed(one.subject, tuple(solution.changes))
    subject.record = Record()
    until = time.perf_counter() + left / 2
    try:
        hunt(law, subject, Effort(examples=EXAMPLES, shrinking=0.2, until=until))
    except LawBrokenError as broken:
        if broken.entry is None:
            return
        calls = [c for c in subject.record.calls if c.outputs is not None]
        told = [Answer(one.subject, e) for c in calls if (e := evidence(one.subject, c))]
        wrong = [a for a in told if a.evidence.is_wrong and not solution.explains(a)]
        one.answers += wrong
        yield from wrong
    except STOPPED:
        return
