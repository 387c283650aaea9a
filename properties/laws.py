"""A law: a function of an implementation and a case, registered by `@law(...)`.

`@law(...)` turns `test_<law>(impl, case)` into a pytest test of every implementation at hand. The
test that pytest runs takes a target in place of the subject: an implementation for one operation,
dtype and device, which runs the law (`runner.pairing`). Nothing is run here.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.strategies import CaseStrategy, cases
from seqlaws.properties.judging.verdict import dumped
from seqlaws.properties.subjects.subject import Subject

Check = Callable[[Subject, Case], None]
LAWS: dict[str, "Law"] = {}
SECTIONS = ("numbers", "edges", "manners", "guards")


@dataclass(frozen=True)
class Law:
    """name, the operations that it is about, MUST or SHOULD, its cases and its check.

    share: of the profile's examples, for a law whose examples are many calls each.
    needs: options without which there is nothing to check. gradients: whether it needs them.
    sweep: for an operation, what to pin in turn, so that each value surely comes up; the share is
    then of rounds through all of them.
    section: "numbers" (values, gradients, invariants on usual input), "edges" (empty sizes, fully
    masked rows, NaN and infinities, extremes, very long sequences), "manners" (memory, bits,
    threads, environment, layouts) or "guards" (what is refused).
    promised: values of the trait `masked_nan` under which a SHOULD is a MUST.
    """

    name: str
    operations: tuple[str, ...]
    level: str
    statement: str
    cases: CaseStrategy
    check: Check
    share: float = 1.0
    needs: tuple[str, ...] = ()
    gradients: bool = False
    sweep: Callable[[Operation], list[dict[str, Any]]] | None = None
    section: str = "numbers"
    promised: tuple[str, ...] = ()

    def level_for(self, masked_nan: str) -> str:
        """MUST or SHOULD, for an implementation that declares this of NaN in masked places."""
        return "MUST" if masked_nan in self.promised else self.level


def law(
    *operations: str,
    cases: CaseStrategy = cases,
    level: str = "MUST",
    share: float = 1.0,
    needs: tuple[str, ...] = (),
    gradients: bool = False,
    sweep: Callable[[Operation], list[dict[str, Any]]] | None = None,
    section: str = "numbers",
    promised: tuple[str, ...] = (),
) -> Callable[[Check], Any]:
    """Register `test_<law>(impl, case)`; its docstring is the law's sentence and formula."""

    def register(check: Check) -> Any:
        name = check.__name__.removeprefix("test_")
        statement = check.__doc__ or ""
        if not statement:
            raise ValueError(f"the law {name} has no docstring: the docstring is the law")
        key = name if name not in LAWS else f"{name} ({', '.join(operations)})"
        made = Law(
            name, operations, level, statement, cases, check, share, needs, gradients, sweep,
            section, promised,
        )  # fmt: skip
        LAWS[key] = made

        @functools.wraps(check)
        def test(impl: Any, record_property: Any) -> None:
            decide(made, impl, record_property)

        del test.__wrapped__  # or pytest asks for `case`
        test.law = made  # type: ignore[attr-defined]
        return test

    return register


def decide(made: Law, impl: Any, record_property: Any) -> None:
    """Examine, report the verdict, and tell pytest."""
    import pytest  # nothing else here needs it

    verdict = impl.verdict(made)
    record_property("seqlaws", dumped(verdict.__dict__))
    if verdict.status == "failed":
        pytest.fail(verdict.message, pytrace=False)
    if verdict.status in ("known failure", "not kept"):
        pytest.xfail(verdict.reason)
    if verdict.status in ("not offered", "not run"):
        pytest.skip(f"{verdict.status}: {verdict.reason}")
