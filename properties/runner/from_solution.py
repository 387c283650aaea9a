"""Causes made of what was found: of changes, of lower precision, of answers that change."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from seqlaws.properties.diagnosis.changes import Answer, Change, declared
from seqlaws.properties.diagnosis.diagnose import STOPPED, cancelled, distinct_names, rounding
from seqlaws.properties.diagnosis.nearness import distinct
from seqlaws.properties.diagnosis.solution import Changes, Failed, Solution, Without
from seqlaws.properties.diagnosis.solve import NAMED
from seqlaws.properties.inputs.dense import discriminating_cases
from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.misreadings import shown
from seqlaws.properties.runner.from_calls import is_right_at_first, kept_from_earlier
from seqlaws.properties.runner.from_verdicts import cause, says

UNKNOWN, NO_TIME, TOO_LARGE = "no known misreading", "no time", "too large"
SAID = {
    UNKNOWN: "no known misreading explains it",
    NO_TIME: "there was no time to find what explains it",
    TOO_LARGE: "its smallest case is too large to find what explains it",
}
KEPT = "called first in a new process it gives the right answer: it depends on earlier calls"
ELSEWHERE = "where it is wrong, "
LOOKED_AT = 2  # laws whose calls are made again after another
FORGET = "look for a cache, a buffer or a state that outlives a call"


def of_changes(failed: list[Failed], solution: Solution, without: list[Without]) -> Iterator[Cause]:
    """A cause for each change, with the failures that it explains.

    A change that is at work in every law of another one shares them. without: calls that were made
    again without an option.
    """
    explained = [f for f in failed if f.is_explained(solution)]
    of_each: dict[Change, list[Failed]] = {c: [] for c in solution.changes}
    for one in explained:
        of_each[main(one, solution)].append(one)
    for change, some in of_each.items():
        shared = some or [f for f in explained if needs(f, change, solution)]
        if shared:
            yield of_change(change, solution, shared, without)


def main(one: Failed, solution: Solution) -> Change:
    """The change that explains a law alone, or without which the others do not."""
    every = tuple(solution.changes)
    for change in every:
        if one.answers and all(solution.does(a, (change,)) for a in one.answers):
            return change
    return next((c for c in reversed(every) if needs(one, c, solution)), every[0])


def needs(one: Failed, change: Change, solution: Solution) -> bool:
    """Return True if the other changes do not explain a law without this one."""
    others = tuple(c for c in solution.changes if c is not change)
    return not all(solution.does(a, others) for a in one.answers)


def of_change(
    change: Change, solution: Solution, some: list[Failed], without: list[Without]
) -> Cause:
    """The cause that a change is."""
    v = some[0].verdict
    made = cause(v, "trait" if change.traits else "specification", "")
    made = with_verdicts(made, [one.verdict for one in some])
    if change.traits:
        made.names = (change.name,)
        made.sentence = f"{v.operation}: {change.name}"
        every = [c for c in solution.changes if c.traits]  # one declaration for all of them
        made.remedy = f"declare {declared(some[0].subject, every)}, or mend it"
        return made
    where = condition(change, without) if change in solution.conditional else ""
    alike = (change, *(solution.alike.get(change, []) if where in ("", ELSEWHERE) else ()))
    made.names = tuple(distinct_names(one.name for one in alike)[:NAMED])
    seen = {a.evidence.vjp for one in some for a in one.answers}
    back = seen == {True} or (change.gradients and True in seen)
    verb = "gradients are those of" if back else "output is that of"
    made.sentence = f"{where}your {verb} {v.operation} with {', or '.join(made.names)}"
    assert change.misreading is not None
    made.lines = tuple(shown(change.misreading, v.operation))
    made.remedy = "compare your code with this line of the specification"
    if not made.lines:
        made.remedy = "mend the loop over the steps"
    return made


def condition(change: Change, without: list[Without]) -> str:
    """Say where a change is made that some right answers refute elsewhere."""
    needed = needed_options(w for w in without if w.tells_of(change))
    return f"where {given(needed)}, " if needed else ELSEWHERE


def needed_options(without: Iterable[Without]) -> dict[str, Any]:
    """Return the options, with their values, without any of which the wrong answers are right."""
    of_each: dict[Answer, dict[str, Any]] = {}
    for w in without:
        needed = of_each.setdefault(w.wrong, {})
        if not w.answer.evidence.is_wrong:
            needed[w.option] = w.value
    first, *others = of_each.values() or [{}]
    return {name: value for name, value in first.items() if all(name in o for o in others)}


def given(options: dict[str, Any]) -> str:
    """Say that some options are given: the value, if it is a name or a flag."""
    return " and ".join(
        f"{name} is {value!r}" if isinstance(value, (bool, str)) else f"{name} is given"
        for name, value in options.items()
    )


def imprecise(failed: list[Failed], others: list[Answer]) -> Iterator[Cause]:
    """Lower precision that explains the answers in one dtype."""
    for dtype in dict.fromkeys(f.verdict.dtype for f in failed):
        some = [f for f in failed if f.verdict.dtype == dtype]
        answers = [a for f in some for a in f.answers]
        answers += [a for a in others if a.subject is some[0].subject]
        apt = [a.evidence for a in distinct(answers)]
        if not apt or not apt[0].is_wrong:
            continue
        subject, wrong = some[0].subject, [e for e in apt if e.is_wrong]
        found = cancelled(subject, wrong) or rounding(subject, apt)
        if found is not None:
            explained = [f.verdict for f in some if f.answers]
            made = cause(explained[0], "precision", found.text)
            made.names, made.lines = found.names, found.lines
            yield with_verdicts(made, explained)


def not_explained(
    failed: list[Failed],
    waiting: list[Verdict],
    found: Sequence[Cause],
    *,
    over: bool,
    changes: Changes = (),
    without: Sequence[Without] = (),
) -> Iterator[Cause]:
    """The cause of all laws that no change explains: answers that depend on calls, or unknown.

    Where answers depend on earlier calls, any law may fail of that. waiting: there was no time to
    look at them. over: the search was cut off, and there was no time for what was to be asked
    again, too. Such laws are told with the cause that explains most. changes: all that were found.
    without: calls that were made again without an option.
    """
    told = {id(v) for c in found for v in c.smallest["verdicts"]}
    left = [f for f in failed if id(f.verdict) not in told]
    numbers = [f for f in left if f.answers]
    said = [(f.verdict, f.said) for f in left if f.said]
    if numbers and not said:
        with suppress(*STOPPED):
            if is_right_at_first([a for f in numbers for a in f.answers]):
                said = [(numbers[0].verdict, KEPT)]
    if said:
        v, what = said[0]
        what = of_an_earlier_call(left) or what
        made = cause(v, "calls", f"{v.operation}: {what}", FORGET)
        made.names = (what.partition(":")[0],)
        yield with_verdicts(made, [*(f.verdict for f in left), *waiting])
        return
    known = [*found]
    numbers = without_consequences(numbers, failed, found, changes)
    if numbers:
        v = numbers[0].verdict
        name = NO_TIME if over and not found else UNKNOWN
        where = given(needed_options(w for w in without if not w.wrong.fits(changes)))
        made = cause(
            v, "law", f"{v.operation}: {says(v)}{where and f' where {where}'}; {SAID[name]}"
        )
        made.names = (name,)
        known.append(with_verdicts(made, [f.verdict for f in numbers]))
        yield made
    rest = (f for f in left if found or f.verdict.section != "manners")  # these say what they are
    not_asked = [f.verdict for f in rest if is_not_asked(f, over=over)] + waiting
    if not_asked:
        yield from with_the_gravest(known, not_asked, too_large=not (over or waiting))


def without_consequences(
    left: list[Failed], failed: list[Failed], found: Sequence[Cause], changes: Changes
) -> list[Failed]:
    """Leave out gradients that may be wrong because the values are.

    left: what nothing explains. A vjp of one's own computes its gradients from the same values in
    some way: those of calls whose values are changed are told with the first cause of values.
    """
    of_values = {id(f.verdict) for f in failed if f.answers and not f.is_of_own_gradients}
    first = next(
        (c for c in found if any(id(v) in of_values for v in c.smallest["verdicts"])), None
    )
    if first is None:
        return left
    apart = [
        f
        for f in left
        if f.is_of_own_gradients
        and f.verdict.level >= first.level
        and all(a.has_other_values(changes) for a in f.answers)
    ]
    first.may_follow = list(dict.fromkeys(f.verdict.law for f in apart))
    first.smallest["verdicts"] = [*first.smallest["verdicts"], *(f.verdict for f in apart)]
    return [f for f in left if f not in apart]


def with_the_gravest(
    known: list[Cause], not_asked: list[Verdict], *, too_large: bool
) -> Iterator[Cause]:
    """Tell what was not explained with the cause that explains most, if one is as grave.

    Else it is a cause of its own. too_large: that is why it was not, or there was no time.
    """
    v, many = not_asked[0], len(not_asked)
    level = min(v.level for v in not_asked)
    grave = [c for c in known if c.level <= level]
    if grave:
        most = max(grave, key=lambda c: c.failures)
        most.not_asked = list(dict.fromkeys(v.law for v in not_asked))
        most.smallest["verdicts"] = [*most.smallest["verdicts"], *not_asked]
        return
    more = f"{v.law} and {many - 1} more failed laws" if many > 1 else v.law
    said = f"{v.operation}: there was no time to explain {more}"
    if too_large:
        said = f"{v.operation}: {says(v)}; {SAID[TOO_LARGE]}"
    made = cause(v, "law", said)
    made.names = (TOO_LARGE if too_large else NO_TIME,)
    yield with_verdicts(made, not_asked)


def is_not_asked(one: Failed, *, over: bool) -> bool:
    """Return True if a law without an answer to look at was not asked again: for lack of time."""
    return not one.answers and one.said is None and (over or one.case is None)


def of_an_earlier_call(left: list[Failed]) -> str:
    """Say what a call takes from an earlier one, by the last call of one of the laws; else ""."""
    with suppress(*STOPPED):
        for one in [f for f in left if f.calls][:LOOKED_AT]:
            subject, last = one.subject, one.calls[-1]
            unequal = itertools.islice(discriminating_cases(last.case, subject.offers), 1)
            for case in (*unequal, last.case):
                if said := kept_from_earlier(subject, case, vjp=last.vjp):
                    return said
    return ""


def with_verdicts(made: Cause, verdicts: list[Verdict]) -> Cause:
    """The cause of all these verdicts."""
    made.laws = list(dict.fromkeys(v.law for v in verdicts))
    made.dtypes = list(dict.fromkeys(v.dtype for v in verdicts))
    made.failures = len(verdicts)
    made.level = min(v.level for v in verdicts)
    made.smallest["verdicts"] = verdicts
    return made
