"""Failures, the changes that explain them, and the time that is left to find more."""

import time
from dataclasses import dataclass, field
from typing import Any

from seqlaws.properties.diagnosis.changes import Answer, Change
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.subjects.record import Call
from seqlaws.properties.subjects.subject import Subject

WAIT = 4.0  # an implementation in a process of its own, a busy machine
Changes = tuple[Change, ...]


@dataclass(eq=False)
class Failed:
    """A law that failed, and the wrong answers of its smallest example.

    calls: all of that example. case: None if it was too large to keep. holds: whether the changed
    specification explains it without an answer. said: how its answers change from call to call, ""
    if that is not known; None if they do not.
    """

    verdict: Verdict
    subject: Subject
    answers: list[Answer]
    calls: list[Call] = field(default_factory=list)
    case: Case | None = None
    holds: bool = False
    said: str | None = None

    @property
    def is_of_own_gradients(self) -> bool:
        """True if only gradients are wrong, which the implementation computes itself."""
        return bool(self.answers) and all(
            a.evidence.vjp and a.subject.vjp_function for a in self.answers
        )

    def is_explained(self, found: "Solution", *more: Change) -> bool:
        """Return True if every wrong answer of it is explained, by these and more changes."""
        if not self.answers:
            return self.holds and bool(found.changes)
        return all(found.explains(a, *more) for a in self.answers)


@dataclass(frozen=True)
class Without:
    """A wrong answer, one of its options, and the answer to the same call without it."""

    wrong: Answer
    option: str
    answer: Answer

    @property
    def value(self) -> Any:
        """The option's value in the wrong one."""
        return self.wrong.evidence.case.options[self.option]

    def tells_of(self, change: Change) -> bool:
        """Return True if the change explains the wrong answer, and the other one tells of it.

        It does if it is wrong, too, or if the change would have made it wrong.
        """
        right = not self.answer.evidence.is_wrong
        return self.wrong.fits((change,)) and not (right and self.answer.fits((change,)))


@dataclass(eq=False)
class Solution:
    """The changes that are found, each with others that explain the same.

    rounded: they are found, and explain also what they round in another way.
    """

    changes: list[Change] = field(default_factory=list)
    alike: dict[Change, list[Change]] = field(default_factory=dict)
    conditional: set[Change] = field(default_factory=set)  # some right answer refutes it elsewhere
    known: dict[tuple[Answer, Changes], bool] = field(default_factory=dict)
    rounded: bool = False

    def copied(self) -> "Solution":
        """The same, to which more can be added."""
        return Solution([*self.changes], {**self.alike}, {*self.conditional}, self.known)

    def worth(self, failed: list[Failed], wrong: list[Answer]) -> tuple[int, ...]:
        """Counts of what speaks against it, the gravest first.

        Laws of values that are not explained, changes that some right answer refutes, and whether
        there are other wrong answers that are not explained; how many these are; how many changes
        of values it takes; all laws that are not explained; the number of changes.
        """
        left = self.left(failed)
        of_values = sum(not f.is_of_own_gradients for f in left)
        of_function = sum(not c.gradients for c in self.changes)
        astray = sum(not self.explains(a) for a in wrong)
        grave = of_values + self.doubtful + (astray > 0)
        return grave, astray, of_function, len(left), len(self.changes)

    def is_whole(self, failed: list[Failed], wrong: list[Answer]) -> bool:
        """Return True if all is explained, and no right answer refutes a change."""
        explained = not self.left(failed) and all(self.explains(a) for a in wrong)
        return explained and not self.doubtful

    def left(self, failed: list[Failed]) -> list[Failed]:
        """The laws with answers that are not explained."""
        return [f for f in failed if f.answers and not f.is_explained(self)]

    @property
    def doubtful(self) -> int:
        """How many changes some right answer refutes."""
        return len(self.conditional & {*self.changes})

    def explains(self, answer: Answer, *more: Change, surely: bool = False) -> bool:
        """Return True if all changes together explain an answer.

        One of them alone does, too, where one is not made in every call. surely: the bound of what
        is changed is narrow enough to tell.
        """
        every = (*self.changes, *more)
        alone = [(c,) for c in every] if len(every) > 1 and self.conditional else []
        ways = (every, *alone) if every else ()
        if surely:
            return any(self.does(answer, some) and answer.is_explained(some) for some in ways)
        return any(self.does(answer, some) for some in ways)

    def does(self, answer: Answer, changes: Changes) -> bool:
        """Return True if these changes may have given an answer; asked once."""
        key = answer, changes
        if key not in self.known:
            self.known[key] = answer.fits(changes)
        return self.known[key] or (self.rounded and answer.fits(changes, rounded=True))


class Budget:
    """Limit of this thread's own work, in seconds; also of the time that passes, WAIT times that.

    until: a time of `time.perf_counter` at which all is over.
    """

    def __init__(self, seconds: float) -> None:
        self.work = time.thread_time() + seconds
        self.until = time.perf_counter() + WAIT * seconds

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return min(self.work - time.thread_time(), self.until - time.perf_counter())

    def part(self, share: float) -> "Budget":
        """A share of what is left."""
        return Budget(max(0.0, share * self.left))
