"""Each law, opened to its numbers; what broke one, first of all and with all that shows it."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.reporting.page.report import GRAVEST_FIRST, Report
from seqlaws.properties.reporting.page.words import count, exact, few, plural

BROKEN = ("failed", "known failure", "SHOULD failed")
ENTRIES, ROWS_IN_ALL, TEXT_AT_MOST = 16, 3_000, 4_000  # of one failure, of all; characters
OPENED = 600  # failures with all their numbers; more of them are rows of their laws alone


@dataclass
class LawText:
    """A law to be read: "operation.law", its sentence, the formulas below it, where it is from."""

    name: str
    operation: str
    level: str
    sentence: str
    formulas: list[str]
    source: str
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The law's name without its operation, as words."""
        return self.name.partition(".")[2].replace("_", " ") or self.name

    @property
    def counts(self) -> str:
        """Number of verdicts of each status, in words."""
        numbers = {s: sum(v.status == s for v in self.verdicts) for s in GRAVEST_FIRST}
        return ", ".join(f"{count(n)} {s}" for s, n in numbers.items() if n)

    @property
    def status(self) -> str:
        """The worst status of the verdicts."""
        found = {v.status for v in self.verdicts}
        return next((s for s in GRAVEST_FIRST if s in found), "")


@dataclass
class Failure:
    """A law that an implementation breaks.

    compared: (index, observed, expected, allowed, how many times the allowed) for each entry that
    is shown, of `total`; where: (what, in words); script: a program that shows it again.
    """

    verdict: Verdict
    law: LawText
    compared: list[tuple[str, ...]]
    total: int
    where: list[tuple[str, str]]
    explained: str
    script: str


def law_texts(report: Report) -> dict[str, LawText]:
    """Return the laws that have a verdict, by name."""
    texts: dict[str, LawText] = {}
    for verdict in report.verdicts.values():
        if verdict.law not in texts:
            texts[verdict.law] = law_text(verdict, report.laws.get(verdict.law, {}))
        texts[verdict.law].verdicts.append(verdict)
    for text in texts.values():
        text.verdicts.sort(key=lambda v: (GRAVEST_FIRST.index(v.status), v.key))
    return texts


def law_text(verdict: Verdict, told: dict[str, Any]) -> LawText:
    """A law in the words of its run; a run of an earlier schema has none."""
    paragraphs = [p for p in str(told.get("statement", "")).split("\n\n") if p.strip()]
    sentence, *formulas = paragraphs or [""]
    return LawText(
        verdict.law,
        verdict.operation,
        verdict.level,
        " ".join(sentence.split()),
        [formula.strip("\n") for formula in formulas],
        " ".join(str(told.get("source", "")).split()),
    )


def by_operation(report: Report, texts: dict[str, LawText]) -> dict[str, list[LawText]]:
    """The laws of each operation, broken ones first."""
    found: dict[str, list[LawText]] = defaultdict(list)
    for text in sorted(texts.values(), key=lambda t: (GRAVEST_FIRST.index(t.status), t.name)):
        found[text.operation].append(text)
    return {operation: found[operation] for operation in report.operations if operation in found}


def failures(texts: dict[str, LawText], statuses: Iterable[str]) -> list[Failure]:
    """Return the failures with these statuses, ordered by status, operation and law."""
    order = list(statuses)
    rows = [(v, text) for text in texts.values() for v in text.verdicts if v.status in order]
    rows.sort(key=lambda row: (order.index(row[0].status), row[0].operation, row[0].key))
    each = max(3, min(ENTRIES, ROWS_IN_ALL // max(1, len(rows[:OPENED]))))
    return [failure(verdict, text, each) for verdict, text in rows]


def failure(verdict: Verdict, text: LawText, most: int) -> Failure:
    """Return a failure from a verdict and its witness; most: number of entries to show."""
    w = verdict.witness
    compared, total = comparison(w, most)
    script = str(w.get("script", ""))
    return Failure(verdict, text, compared, total, witness(w), explained(verdict), script)


def explained(verdict: Verdict) -> str:
    """The lines of the specification that the diagnosis changes."""
    return "\n".join(str(line) for line in verdict.witness.get("misreading", []))


def comparison(w: dict[str, Any], most: int) -> tuple[list[tuple[str, ...]], int]:
    """Entries beside what is due, the worst first; and of how many."""
    rows = w.get("entries", [])
    if not rows and "observed" in w:
        rows = [[w.get("index", []), w["observed"], w.get("expected"), w.get("allowed")]]
    told = [entry(w, *row) for row in rows[:most] if isinstance(row, list) and len(row) == 4]
    return told, max(len(told), int(w.get("of", len(rows)) or 0))


def entry(w: dict[str, Any], index: Any, *values: Any) -> tuple[str, ...]:
    """An entry in words."""
    at = ", ".join(str(i) for i in index) if isinstance(index, (list, tuple)) else str(index)
    try:
        observed, expected, allowed = (float(value) for value in values)
    except (TypeError, ValueError):
        return (f"{w.get('output', '')}[{at}]", *(str(value) for value in values), "")
    off = abs(observed - expected)
    if off == 0 or (observed != observed and expected != expected):  # noqa: PLR0124 (NaN)
        times = "0"
    elif off != off or not allowed:  # noqa: PLR0124
        times = "∞"
    else:
        times = few(off / allowed)
    return (
        f"{w.get('output', '')}[{at}]", exact(observed), exact(expected), few(allowed), times,
    )  # fmt: skip


def witness(w: dict[str, Any]) -> list[tuple[str, str]]:
    """The call and its arguments, large ones in short."""
    told = [("call", str(w["call"]))] if "call" in w else []
    for kind in ("options", "arrays"):
        held = w.get(kind, {})
        for name, value in held.items() if isinstance(held, dict) else ():
            text = " ".join(str(value).split())
            if len(text) > TEXT_AT_MOST:
                text = f"{text[:TEXT_AT_MOST]} ... ({plural(len(text), 'character')})"
            shape = w.get("shapes", {}).get(name) if kind == "arrays" else None
            told.append((str(name), f"{tuple(shape)}: {text}" if shape else text))
    for name, shape in w.get("shapes", {}).items():
        if name not in w.get("arrays", {}):
            told.append((str(name), f"{tuple(shape)}: {math.prod(shape):,} entries, in the script"))
    return told
