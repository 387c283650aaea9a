"""Causes: what explains the failures of each implementation, first of all that a reader needs."""

from dataclasses import dataclass
from typing import Any

from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.reporting.page.details import comparison, witness
from seqlaws.properties.reporting.page.report import Report
from seqlaws.properties.reporting.page.words import plural
from seqlaws.properties.reporting.terminal import sentence

ENTRY = ("entry", "observed", "expected", "allowed error", "error / allowed")


@dataclass
class Told:
    """A cause in words.

    status: of the laws that it explains; explains: how many they are; where: the smallest case and
    its worst entry, (what, in words); lines: the changed line of the specification.
    """

    cause: Cause
    status: str
    sentence: str
    explains: str
    where: list[tuple[str, str]]
    lines: str


def told(report: Report) -> dict[str, list[Told]]:
    """The causes of each implementation in words; those of a MUST come first in verdict.json."""
    return {name: [in_words(one) for one in found] for name, found in report.causes.items()}


def in_words(one: Cause) -> Told:
    """One cause in words."""
    status = "failed" if one.level == "MUST" else "SHOULD failed"
    explains = plural(len(one.laws), "law")
    if one.failures != len(one.laws):
        explains += f", {plural(one.failures, 'failure')} in {', '.join(one.dtypes)}"
    explains += one.maybe
    return Told(one, status, sentence(one), explains, where(one.smallest), "\n".join(one.lines))


def where(smallest: dict[str, Any]) -> list[tuple[str, str]]:
    """The smallest case that shows a cause, and its worst entry."""
    law = ", ".join(str(smallest[n]) for n in ("law", "dtype", "device") if smallest.get(n))
    entries, _ = comparison(smallest, 1)
    worst = [pair for entry in entries for pair in zip(ENTRY, entry, strict=True)]
    return [("smallest case", law)] * bool(law) + witness(smallest) + worst
