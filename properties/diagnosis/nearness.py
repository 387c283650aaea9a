"""How near changes come to answers, and which answers are looked at."""

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np

from seqlaws.properties.diagnosis.changes import Answer, Change
from seqlaws.properties.diagnosis.solution import Changes

Element = TypeVar("Element")


def contradictions(base: Changes, change: Change, told: list[Answer], answers: list[Answer]) -> int:
    """How many answers that a change does not explain it would change, and bring no nearer.

    A vjp of its own, with gradients that are not those of the function, contradicts none of what
    explains the values.
    """
    about_values = any(not a.evidence.vjp and a.subject.vjp_function for a in told)
    return sum(
        a.is_altered((change,)) and a.near((*base, change))[1] >= a.near(base)[1]
        for a in answers
        if a not in told and not (a.evidence.vjp and about_values)
    )


def alters(answer: Answer, base: Changes, change: Change) -> bool:
    """Return True if a change makes a difference to an answer, alone or beside those found."""
    if change.traits and not answer.may_lack_keys:
        return False
    alone = answer.near((change,)) != answer.near(())
    return alone or bool(base and answer.near((*base, change)) != answer.near(base))


def nearest(answer: Answer, base: Changes, change: Change) -> tuple[float, float]:
    """How near a change comes to an answer, alone or beside those that are found."""
    if change.traits and not answer.may_lack_keys:
        return answer.near(base)
    alone = answer.near((change,))
    return min(alone, answer.near((*base, change))) if base else alone


def varied(answers: list[Answer]) -> list[Answer]:
    """The answers, those of another kind than all before first: other options, NaN or none."""
    kinds: dict[Any, Answer] = {}
    for one in answers:
        e = one.evidence
        given = tuple((n, getattr(o, "dtype", None)) for n, o in sorted(e.case.options.items()))
        nan = any(bool(np.isnan(o).any()) for o in e.observed.values())
        kinds.setdefault((e.vjp, given, nan), one)
    first = list(kinds.values())
    return first + [a for a in answers if a not in first]


def distinct(several: Iterable[Element]) -> list[Element]:
    """Each of several once, in order."""
    return list(dict.fromkeys(several))
