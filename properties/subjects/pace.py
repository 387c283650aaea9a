"""The pace of an implementation: one that is interpreted, or compiles each call anew, is slow.

Slow is not wrong. A slow implementation gets fewer and smaller cases, and what there is no time for
is not run.
"""

from collections import deque
from math import prod
from statistics import median

from seqlaws.properties.inputs.case import Case

SLOW = 0.2  # seconds of a small call, in the median, that make an implementation slow
CALLS = 5  # before which a pace is not known; the first ones may compile
NUMBERS, STEPS = 20_000, 64  # of a small case, at most
LINES, MATRICES = 1024, 64  # of an array of it: a kernel has a program for each, or for a few
PATIENCE = 50  # a call may take so many times the median
TOO_LARGE = "its cases are too large for an implementation that is as slow as an interpreter"


class Pace:
    """Pace of an implementation for one operation. interpreted: it declares to be slow."""

    def __init__(self, *, interpreted: bool) -> None:
        self.interpreted = interpreted
        self.seconds: deque[float] = deque(maxlen=2 * CALLS)  # of the latest small calls

    def returned(self, case: Case, seconds: float) -> None:
        """Note the time of a call."""
        if is_small(case):
            self.seconds.append(seconds)

    @property
    def usual(self) -> float:
        """The median time of a small call; 0 before any returned."""
        return median(self.seconds) if self.seconds else 0.0

    @property
    def is_slow(self) -> bool:
        """True if it is interpreted, or calls turned out to take long."""
        return self.interpreted or (len(self.seconds) >= CALLS and self.usual > SLOW)

    @property
    def patience(self) -> float:
        """The seconds that a call of a slow implementation may take."""
        return PATIENCE * self.usual if self.is_slow else 0.0

    def excuses(self, *, slow: bool) -> bool:
        """Return True if a call that was ended because it took long is no failure."""
        return slow and self.is_slow and bool(self.seconds)


PACES: dict[tuple[str, str], Pace] = {}


def pace_of(spec: str, operation: str, *, interpreted: bool) -> Pace:
    """Return the pace of an implementation, which all its laws share."""
    found = PACES.setdefault((spec, operation), Pace(interpreted=interpreted))
    found.interpreted = interpreted
    return found


def is_small(case: Case) -> bool:
    """Return True if a case is small enough for a slow implementation."""
    steps = case.arrays["x"].shape[1] if case.operation.recurrent else 0
    shapes = [array.shape for array in case.arrays.values()]
    few = all(prod(s[:-1]) <= LINES and prod(s[:-2]) <= MATRICES for s in shapes)
    return few and sum(map(prod, shapes)) <= NUMBERS and steps <= STEPS
