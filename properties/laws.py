"""Everything needed to write a law: `@law(...)`, cases, comparisons.

A law is a function of an implementation and a case. `@law(...)` turns `test_<law>(impl, case)` into
a pytest test of each implementation. That test receives a target instead of a subject: an
implementation for one operation, dtype and device, which runs the law (`runner.pairing`). This
module runs nothing itself.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seqlaws.properties.inputs.case import POISON, Case, arrays_among_options
from seqlaws.properties.inputs.drawing import harmful
from seqlaws.properties.inputs.masks import attended
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.sizes import Fixed
from seqlaws.properties.inputs.strategies import (
    Build,
    another,
    build,
    drawn,
    several,
    zeroed,
)
from seqlaws.properties.judging.comparison import (
    again,
    agree,
    at,
    both_within,
    exactly,
    is_same,
    none_where,
    require,
    require_unnoted,
    same,
)
from seqlaws.properties.judging.refusals import must_raise, unless_refused
from seqlaws.properties.judging.verdict import Verdict, dumped
from seqlaws.properties.operations import OPERATIONS, Kind
from seqlaws.properties.subjects.record import LawBrokenError, NotOfferedError, Outputs
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Expected

__all__ = [
    "LAWS",
    "POISON",
    "SECTIONS",
    "Array",
    "Case",
    "Check",
    "Expected",
    "Fixed",
    "Law",
    "LawBrokenError",
    "NotOfferedError",
    "Operation",
    "Outputs",
    "Subject",
    "again",
    "agree",
    "another",
    "arrays_among_options",
    "at",
    "attended",
    "both_within",
    "build",
    "drawn",
    "exactly",
    "harmful",
    "is_same",
    "law",
    "must_raise",
    "none_where",
    "require",
    "require_unnoted",
    "same",
    "several",
    "unless_refused",
    "zeroed",
]

Check = Callable[[Subject, Case], None]
Sweep = Callable[[Operation], list[dict[str, Any]]]
LAWS: dict[str, "Law"] = {}
SECTIONS = ("numbers", "edges", "manners", "guards")
PROPERTIES = ("law", "level", "dtype", "device", "status", "reason", "worst", "examples")  # JUnit


@dataclass(frozen=True)
class Law:
    """A law: its name, what it is about, MUST or SHOULD, its cases and its check.

    about: names of operations, and kinds of operations.
    share: fraction of the profile's examples, smaller for a law that makes many calls per example.
    needs: options without which there is nothing to check. gradients: True if it needs them.
    sweep: returns the values to pin in turn for an operation, so that each of them is tested; the
    share is then a fraction of rounds through all of them. also: the same, for cases that are
    tried once each after the drawn ones.
    section: "numbers" (values, gradients, invariants on usual input), "edges" (empty sizes, fully
    masked rows, NaN and infinities, extremes, very long sequences), "manners" (memory, bits,
    threads, environment, layouts) or "guards" (invalid input).
    promised: values of the trait `masked_nan` for which this SHOULD is a MUST.
    declared: the name of a trait; the law is about implementations that declare it alone.
    second_program: True if it calls the implementation from another process, by its name.
    in_threads: True if it calls the implementation from several threads at once.
    level_in_16_bits: the level for bfloat16 and float16, if it is another.
    costly: True if its cases are so large, or its calls so many, that `quick` leaves it out, and
    so does float64 beside float32.
    """

    name: str
    about: tuple[str | Kind, ...]
    level: str
    statement: str
    cases: Build
    check: Check
    share: float = 1.0
    needs: tuple[str, ...] = ()
    gradients: bool = False
    sweep: Sweep | None = None
    section: str = "numbers"
    promised: tuple[str, ...] = ()
    second_program: bool = False
    level_in_16_bits: str = ""
    in_threads: bool = False
    declared: str = ""
    costly: bool = False
    also: Sweep | None = None

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of its operations, those of a user's own that are added included."""
        names = {n for one in self.about for n in ((one,) if isinstance(one, str) else one)}
        return tuple(name for name in OPERATIONS if name in names)

    def level_for(self, masked_nan: str, dtype: str) -> str:
        """Return MUST or SHOULD for an implementation with this trait `masked_nan`, in a dtype."""
        if masked_nan in self.promised:
            return "MUST"
        return (dtype in ("bfloat16", "float16") and self.level_in_16_bits) or self.level


def law(
    *operations: str | Kind,
    cases: Build = build,
    level: str = "MUST",
    share: float = 1.0,
    needs: tuple[str, ...] = (),
    gradients: bool = False,
    sweep: Sweep | None = None,
    section: str = "numbers",
    promised: tuple[str, ...] = (),
    second_program: bool = False,
    level_in_16_bits: str = "",
    in_threads: bool = False,
    declared: str = "",
    costly: bool = False,
    also: Sweep | None = None,
) -> Callable[[Check], Any]:
    """Register `test_<law>(impl, case)`; its docstring states the law and its formula."""

    def register(check: Check) -> Any:
        name = check.__name__.removeprefix("test_")
        statement = check.__doc__ or ""
        if not statement:
            raise ValueError(f"the law {name} has no docstring: the docstring is the law")
        given = share, needs, gradients, sweep, section, promised, second_program, level_in_16_bits
        told = *given, in_threads, declared, costly, also
        made = Law(name, operations, level, statement, cases, check, *told)
        LAWS[name if name not in LAWS else f"{name} ({', '.join(made.operations)})"] = made

        @functools.wraps(check)
        def test(impl: Any, record_property: Any) -> None:
            decide(impl.verdict(made), record_property)

        del test.__wrapped__  # or pytest asks for `case`
        test.law = made  # type: ignore[attr-defined]
        return test

    return register


def law_of(operation: str, name: str) -> Law | None:
    """The law of a name about an operation; None if there is none, or it is not registered."""
    about = (law for law in LAWS.values() if law.name == name and operation in law.operations)
    return next(about, None)


def decide(verdict: Verdict, record_property: Any) -> None:
    """Report a verdict to pytest."""
    import pytest  # nothing else here needs it

    record_property("seqlaws", dumped(verdict.__dict__))
    for name in PROPERTIES:
        record_property(f"seqlaws.{name}", getattr(verdict, name))
    if verdict.status == "failed":
        pytest.fail(verdict.message, pytrace=False)
    if verdict.is_undecided:
        pytest.fail(f"not run: {verdict.reason}", pytrace=False)
    if verdict.status in ("known failure", "SHOULD failed"):
        pytest.xfail(verdict.reason)
    if verdict.status in ("not offered", "not run"):
        pytest.skip(f"{verdict.status}: {verdict.reason}")
