"""Record of a law on a subject, and the exceptions of a broken law and an unsupported call."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.subjects.error_statistics import Errors
from seqlaws.properties.subjects.visited import visit

Outputs = dict[str, Array]


@dataclass(frozen=True)
class Made:
    """How the arrays of a call are made, each for this call alone.

    layouts: of those that do not lie plainly; dtypes: of those that are not of the subject's dtype.
    """

    layouts: Mapping[str, str] = field(default_factory=dict)
    dtypes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """Call of a function: its name, the case, and the outputs by name, None without an answer.

    made: how its arrays are made; None where they are those of another call, or it is one of
    several calls at once. valid: False if the call must be refused.
    """

    name: str
    case: Case
    outputs: Outputs | None = None
    made: Made | None = None
    valid: bool = True

    @property
    def vjp(self) -> bool:
        """True if this is a call of the vector-Jacobian product."""
        return self.name.endswith("_vjp")


@dataclass(frozen=True)
class Entry:
    """The worst entry of a comparison.

    every: observed, expected, allowed, and observed / allowed, of all entries of that output.
    """

    output: str
    index: tuple[int, ...]
    observed: float
    expected: float
    allowed: float
    every: tuple[Array, Array, Array, Array]

    @property
    def place(self) -> str:
        """Name and index of the entry, as in "p[0, 2]"."""
        return f"{self.output}[{', '.join(map(str, self.index))}]"


class LawBrokenError(AssertionError):
    """A law does not hold; the message says how.

    entry: the worst entry, if numbers were compared. raised: the exception that the call raised.
    lost: the implementation's process has ended. slow: no other case is worth a try (LostError).
    answered: a call that must be refused returned. case: of the example that broke the law.
    """

    def __init__(
        self,
        message: str,
        *,
        entry: Entry | None = None,
        raised: BaseException | None = None,
        lost: bool = False,
        slow: bool = False,
        answered: bool = False,
    ) -> None:
        super().__init__(message)
        self.entry, self.raised, self.lost, self.slow = entry, raised, lost, slow
        self.answered = answered
        self.case: Case | None = None

    @property
    def kind(self) -> tuple[str, ...]:
        """Kind of the failure: two of one kind differ in their numbers alone."""
        numbered = re.sub(r"[-+]?[\d.,:()\[\] ]*\d[\d.,e:()\[\] ]*", " # ", str(self))
        sentence = " ".join(numbered.split())
        if self.lost:
            return "lost", str(self.slow)
        if self.raised is not None:
            return "raised", type(self.raised).__name__
        if self.entry is None:
            return "said", sentence
        numbers = self.entry.observed, self.entry.expected
        finite = [str(n) if math.isnan(n) or math.isinf(n) else "finite" for n in numbers]
        return "number", sentence, self.entry.output, *finite


class NotOfferedError(Exception):
    """The implementation does not support this; nothing was checked."""


@dataclass
class Record:
    """Record of one law on one subject.

    too_large: calls that a slow subject is spared, because their arrays are large.
    calls: those of the current example, or the latest of them if a law makes many; every: all of
    them. first: those of the first example that failed. noted: violations of manners in the current
    example, by the name of the law about them. visited: the largest sizes of answered calls.
    beside: why the law is not about this subject. measures: whether errors are added up.
    """

    examples: int = 0
    entries: int = 0
    unclaimed: int = 0
    too_large: int = 0
    worst: float = 0.0
    not_offered: Counter[str] = field(default_factory=Counter)
    errors: dict[str, Errors] = field(default_factory=dict)  # by output
    calls: list[Call] = field(default_factory=list)
    every: list[Call] = field(default_factory=list)
    first: list[Call] = field(default_factory=list)
    noted: dict[str, str] = field(default_factory=dict)
    noticed: dict[str, str] = field(default_factory=dict)  # the first of each in all examples
    visited: dict[str, int] = field(default_factory=dict)
    beside: str = ""
    measures: bool = False

    def note(self, law: str, says: str) -> None:
        """Record a violation of manners; only the law of that name fails for it."""
        self.noted.setdefault(law, says)
        self.noticed.setdefault(law, says)

    def not_about(self, why: str) -> NotOfferedError:
        """Return the exception of a law that is not about this subject; it is no limit of it."""
        self.beside = why
        return NotOfferedError(why)

    def begin(self) -> None:
        """Begin another example."""
        self.calls.clear()
        self.every.clear()
        self.noted.clear()

    def called(self, call: Call) -> None:
        """Add a call that is about to be made."""
        self.calls.append(call)
        self.every.append(call)

    def answered(self, outputs: Outputs) -> None:
        """Add the outputs of the latest call."""
        self.calls[-1] = self.every[-1] = replace(self.every[-1], outputs=outputs)
        visit(self.visited, self.every[-1].case)
