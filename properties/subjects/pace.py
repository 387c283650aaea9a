"""The pace of an implementation: one that is interpreted, or compiled for each shape, is slow.

Slow is not wrong. A slow implementation gets fewer and smaller cases, and what there is no time for
is not run. One that is compiled for each shape gets few shapes, and many values of each.
"""

from collections import deque
from math import prod
from statistics import median
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case

SLOW = 0.2  # seconds of a small call, in the median, that make an implementation slow
CALLS = 5  # before which a pace is not known; the first ones may compile
NUMBERS, STEPS = 20_000, 64  # of a small case, at most
LINES, MATRICES = 1024, 64  # of an array of it: a kernel has a program for each, or for a few
PATIENCE = 50  # a call may take so many times the median
FIRST, AGAIN = 3, 2  # calls, first ones of a shape and others, before which it is not known
EXAMPLE = 2  # calls of a new shape that an example may make
FASTER = 5  # times that a call of a known shape takes less, if it is compiled for each shape
TOO_LARGE = "its cases are too large for an implementation that is as slow as an interpreter"


class Pace:
    """Pace of an implementation for one operation.

    interpreted: it declares to be slow. declared: it declares to be compiled for each shape.
    """

    def __init__(self, *, interpreted: bool, compiles: bool = False) -> None:
        self.interpreted, self.declared = interpreted, compiles
        self.seconds: deque[float] = deque(maxlen=2 * CALLS)  # of the latest small calls
        self.shapes: set[Any] = set()
        self.first: deque[float] = deque(maxlen=2 * CALLS)  # of these, calls of a new shape
        self.again: deque[float] = deque(maxlen=2 * CALLS)  # of the latest ones of a known shape

    def returned(self, case: Case, seconds: float, *, vjp: bool = False) -> None:
        """Note the time of a call, if it is small: a large one may take long for its size alone."""
        shape = vjp, shape_of(case)
        if is_small(case):
            self.seconds.append(seconds)
            (self.again if shape in self.shapes else self.first).append(seconds)
        self.shapes.add(shape)

    @property
    def usual(self) -> float:
        """The median time of a small call; 0 before any returned."""
        return median(self.seconds) if self.seconds else 0.0

    @property
    def is_slow(self) -> bool:
        """True if it is interpreted, or calls turned out to take long, if only first ones."""
        return self.interpreted or self.compiles or self.takes_long

    @property
    def takes_long(self) -> bool:
        """True if the latest calls took long."""
        return len(self.seconds) >= CALLS and self.usual > SLOW

    @property
    def compiles(self) -> bool:
        """True if it is compiled for each shape: it says so, or first calls of a shape take long.

        Others of the same shape then take far less.
        """
        return self.declared or (
            len(self.first) >= FIRST
            and len(self.again) >= AGAIN
            and median(self.first) > max(SLOW, FASTER * median(self.again))
        )

    @property
    def wants_few_shapes(self) -> bool:
        """True if it is compiled for each shape, or may be: then the next calls tell."""
        unknown = not self.interpreted and self.takes_long and len(self.again) < AGAIN
        return self.compiles or unknown

    @property
    def for_one_example(self) -> float:
        """The seconds in which one that is compiled for each shape does an example of a law."""
        return EXAMPLE * median(self.first) if self.compiles and self.first else 0.0

    @property
    def patience(self) -> float:
        """The seconds that a call of a slow implementation may take."""
        usual = max(self.usual, median(self.first)) if self.compiles and self.first else self.usual
        return PATIENCE * usual if self.is_slow else 0.0

    def is_too_large(self, case: Case) -> bool:
        """Return True if a case would take a slow implementation too long."""
        return self.is_slow and not is_small(case, 10 * NUMBERS if self.compiles else NUMBERS)

    def excuses(self, *, slow: bool) -> bool:
        """Return True if a call that was ended because it took long is no failure."""
        return slow and self.is_slow and bool(self.seconds)


PACES: dict[tuple[str, str], Pace] = {}


def pace_of(spec: str, operation: str, *, interpreted: bool, compiles: bool) -> Pace:
    """Return the pace of an implementation, which all its laws share."""
    found = PACES.setdefault((spec, operation), Pace(interpreted=interpreted))
    found.interpreted, found.declared = interpreted, compiles
    return found


def shape_of(case: Case) -> tuple[Any, ...]:
    """Return what a call is compiled for: dtype, shapes, the options that are given, flags."""

    def kind(option: Any) -> Any:
        if isinstance(option, np.ndarray):
            return option.shape, option.dtype.kind
        return option if isinstance(option, (bool, str)) else None

    options = tuple((name, kind(option)) for name, option in sorted(case.options.items()))
    return case.dtype, tuple(array.shape for array in case.arrays.values()), options


def is_small(case: Case, numbers: int = NUMBERS) -> bool:
    """Return True if a case is small enough for a slow implementation."""
    recurrent = case.operation.recurrent
    steps = case.arrays["x"].shape[1] if recurrent else case.options.get("steps", 0)
    shapes = [array.shape for array in case.arrays.values()]
    few = all(prod(s[:-1]) <= LINES and prod(s[:-2]) <= MATRICES for s in shapes)
    return few and sum(map(prod, shapes)) <= numbers and steps <= STEPS
