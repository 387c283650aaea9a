"""The page of results: every implementation, what was checked, and how it was before."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from seqlaws.properties.discovery.loader import bundled
from seqlaws.properties.discovery.traits import DTYPES
from seqlaws.properties.judging.verdict import STATUSES, Verdict
from seqlaws.properties.laws import SECTIONS
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.page import overview
from seqlaws.properties.reporting.page.history import Result, read_history, results_of, with_new
from seqlaws.properties.reporting.page.history import written as as_history
from seqlaws.properties.reporting.page.render import environment, first_screen, speed_shown, styled
from seqlaws.properties.reporting.page.report import Report

PAGE, HISTORY = "index.html", "history.json"
LIBRARIES = ("Python", "numpy", "hypothesis", "seqlaws")  # of every run; others are of interest
COMPARED = ("failed", "known failure", "SHOULD failed")


@dataclass
class Row:
    """One operation, dtype and device of an implementation; sections: name to its cell."""

    operation: str
    dtype: str
    device: str
    whole: overview.Cell
    sections: dict[str, overview.Cell]


@dataclass
class Sheet:
    """One implementation: rows of its table, and its declared failures as (reason, laws).

    latest: its latest result, which is an earlier one where it was not run now.
    """

    name: str
    status: str
    sentence: str
    cells: dict[str, overview.Cell] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)
    latest: Result | None = None


def write_results(report: Report, folder: Path) -> None:
    """Write the page and its history into a folder. Raises RefusedError."""
    every = with_new(read_history(folder / HISTORY), results_of(report))
    text = page_of_results(report, every)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HISTORY).write_text(as_history(every), encoding="utf-8")
    (folder / PAGE).write_text(text, encoding="utf-8")


def page_of_results(report: Report, history: list[Result]) -> str:
    """Return the page as one HTML file that needs no other file."""
    first = first_screen(report)
    return environment().get_template("results.html").render(
        first,
        **styled(),
        **speed_shown(report),
        statuses=STATUSES,
        every_operation=list(dict.fromkeys([*OPERATIONS, *report.operations])),
        section_names=SECTIONS,
        sheets=sheets(report, history, first["cells"]),
        history=[(one, since(one, history)) for one in history],
        libraries=libraries,
    )  # fmt: skip


def sheets(
    report: Report, history: list[Result], cells: dict[tuple[str, str], overview.Cell]
) -> list[Sheet]:
    """A sheet for each implementation: those that were run, the bundled ones, those of before."""
    latest = {one.implementation: one for one in history}
    names = dict.fromkeys([*report.implementations, *bundled(), *latest])
    made = []
    for name in names:
        mine = [v for v in report.verdicts.values() if v.implementation == name]
        status, sentence = overview.verdict_line(name, mine)
        own = {o: cell for (o, implementation), cell in cells.items() if implementation == name}
        rows, known = rows_of(mine, own), known_failures(mine)
        made.append(Sheet(name, status, sentence, own, rows, known, latest.get(name)))
    return made


def rows_of(verdicts: list[Verdict], cells: dict[str, overview.Cell]) -> list[Row]:
    """A row for each operation, dtype and device that is offered, in the contract's order."""
    groups: dict[tuple[str, str, str], list[Verdict]] = defaultdict(list)
    for v in verdicts:
        groups[v.operation, v.dtype, v.device].append(v)
    order = [*OPERATIONS, *cells], [*DTYPES, *sorted({v.dtype for v in verdicts})]
    rows = []
    for (operation, dtype, device), some in groups.items():
        if all(v.status == "not offered" for v in some):
            continue
        grade = cells[operation].grades.get(dtype, "")
        whole = overview.Cell(some, {dtype: grade} if grade else {})
        parts = {s: overview.Cell([v for v in some if v.section == s]) for s in SECTIONS}
        rows.append(Row(operation, dtype, device, whole, parts))
    return sorted(
        rows, key=lambda r: (order[0].index(r.operation), r.device, order[1].index(r.dtype))
    )


def known_failures(verdicts: list[Verdict]) -> list[tuple[str, str]]:
    """(reason, the laws that fail for it with their dtypes), the commonest reason first."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for v in verdicts:
        if v.status == "known failure":
            found[v.reason][v.law].append(v.dtype)
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return [
        (reason, "; ".join(f"{law} ({', '.join(dict.fromkeys(d))})" for law, d in laws.items()))
        for reason, laws in ordered
    ]


def since(one: Result, history: list[Result]) -> str:
    """Return what changed since the last result that it can be compared with."""
    before = [r for r in history if r.comparable == one.comparable and r.date < one.date]
    if not before:
        return "the first of its kind"
    then, now = before[-1].totals, one.totals
    parts = [
        f"{now[status] - then[status]:+d} {status}"
        for status in (*COMPARED, "passed")
        if now[status] != then[status]
    ]
    return f"since {before[-1].date}: {', '.join(parts) or 'no change'}"


def libraries(one: Result) -> str:
    """The versions of the libraries that the implementation uses, as far as a run tells them."""
    found = {n: v for n, v in one.versions.items() if n not in LIBRARIES}
    return ", ".join(f"{name} {version}" for name, version in found.items())
