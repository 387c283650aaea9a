"""Record of a law on a subject, and the exceptions of a broken law and an unsupported call."""

from collections import Counter
from dataclasses import dataclass, field

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.subjects.error_statistics import Errors

Outputs = dict[str, Array]


@dataclass(frozen=True)
class Call:
    """Call of a function: its name, the case, and the outputs by name (None if it gave none)."""

    name: str
    case: Case
    outputs: Outputs | None = None

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
    lost: the implementation's process has ended. slow: it was ended because a call took too long.
    """

    def __init__(
        self,
        message: str,
        *,
        entry: Entry | None = None,
        raised: BaseException | None = None,
        lost: bool = False,
        slow: bool = False,
    ) -> None:
        super().__init__(message)
        self.entry, self.raised, self.lost, self.slow = entry, raised, lost, slow


class NotOfferedError(Exception):
    """The implementation does not support this; nothing was checked."""


@dataclass
class Record:
    """Record of one law on one subject.

    calls: those of the current example; first: those of the first example that failed. case: the
    smallest case that failed, as the law received it. noted: violations of manners in the current
    example, by the name of the law about them.
    """

    examples: int = 0
    entries: int = 0
    unclaimed: int = 0
    worst: float = 0.0
    not_offered: Counter[str] = field(default_factory=Counter)
    errors: dict[str, Errors] = field(default_factory=dict)  # by output
    calls: list[Call] = field(default_factory=list)
    first: list[Call] = field(default_factory=list)
    case: Case | None = None
    noted: dict[str, str] = field(default_factory=dict)
    noticed: dict[str, str] = field(default_factory=dict)  # the first of each in all examples

    def note(self, law: str, says: str) -> None:
        """Record a violation of manners; only the law of that name fails for it."""
        self.noted.setdefault(law, says)
        self.noticed.setdefault(law, says)

    def begin(self) -> None:
        """Begin another example."""
        self.calls.clear()
        self.noted.clear()
