"""The first screen: implementations by operations, and how much was not checked."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from seqlaws.properties.judging.verdict import STATUSES, Verdict
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.page.documents import Run
from seqlaws.properties.reporting.page.report import GRAVEST_FIRST, Report
from seqlaws.properties.reporting.page.words import SHORT, STATUS_SIGNS, count, few, plural

CHECKED = ("passed", "failed", "known failure", "SHOULD failed")
NAMED = 4  # operations, in a sentence
USUAL = 100  # examples a law, as in a run without a profile


@dataclass
class Cell:
    """One implementation at one operation, in all its dtypes and on all its devices.

    grades: the precision that was found, in words, and in which dtype.
    """

    verdicts: list[Verdict] = field(default_factory=list)
    grades: dict[str, str] = field(default_factory=dict)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Laws by status, in the order in which they are told."""
        found = Counter(v.status for v in self.verdicts)
        return {status: found[status] for status in STATUSES if found[status]}

    @property
    def status(self) -> str:
        """The gravest; empty where nothing was looked at."""
        return next((s for s in GRAVEST_FIRST if self.counts.get(s)), "")

    @property
    def sign(self) -> str:
        """The gravest status as a sign."""
        return STATUS_SIGNS.get(self.status, "")

    @property
    def said(self) -> list[tuple[str, str]]:
        """(status, "3 failed"), the gravest first."""
        told = sorted(self.counts.items(), key=lambda item: GRAVEST_FIRST.index(item[0]))
        return [(status, f"{count(n)} {SHORT.get(status, status)}") for status, n in told]

    @property
    def worst(self) -> str:
        """The largest observed / allowed of what passed, as the table in the terminal has it."""
        passed = [v.worst for v in self.verdicts if v.status == "passed" and v.examples]
        return few(max(passed)) if passed else ""

    @property
    def grade(self) -> list[str]:
        """Each grade once, with its dtypes where they differ from it."""
        by_grade: dict[str, list[str]] = defaultdict(list)
        for dtype, grade in self.grades.items():
            by_grade[grade].append(dtype)
        return [
            grade if dtypes == [grade] else f"{', '.join(dtypes)}: {grade}"
            for grade, dtypes in by_grade.items()
        ]


def cells(report: Report) -> dict[tuple[str, str], Cell]:
    """Return the cells by (operation, implementation)."""
    made: dict[tuple[str, str], Cell] = defaultdict(Cell)
    for verdict in report.verdicts.values():
        made[verdict.operation, verdict.implementation].verdicts.append(verdict)
    for run in report.runs:
        for row in run.precision:
            values, gradients = str(row.get("values", "")), str(row.get("gradients", ""))
            said = values
            if gradients and gradients != values:
                said = f"{values}, gradients {gradients}"
            place = str(row.get("operation")), str(row.get("implementation"))
            if place in made and said:
                made[place].grades[str(row.get("dtype"))] = said
    return made


def verdict_line(name: str, verdicts: Iterable[Verdict]) -> tuple[str, str]:
    """Return (status, sentence) for one implementation."""
    cell = Cell([v for v in verdicts if v.implementation == name])
    counts = cell.counts
    checked = sum(counts.get(s, 0) for s in CHECKED)
    if not checked:
        return "not run", "nothing was checked"
    parts = []
    if failed := counts.get("failed", 0):
        found = {v.operation for v in cell.verdicts if v.status == "failed"}
        where = [o for o in OPERATIONS if o in found] + sorted(found - set(OPERATIONS))
        said = f"{count(failed)} of {count(checked)} checks failed, in {listed(where)}"
        parts.append(f"does not conform: {said}")
    else:
        parts.append(f"no failures in {plural(checked, 'check')}")
    if known := counts.get("known failure", 0):
        parts[-1] += " except declared ones" if not failed else ""
        parts.append(plural(known, "known failure"))
    if loose := counts.get("SHOULD failed", 0):
        parts.append(f"{count(loose)} SHOULD failed")
    parts += [f"{count(counts[s])} {s}" for s in ("not offered", "not run") if counts.get(s)]
    status = "failed" if failed else "known failure" if known else "passed"
    return status, "; ".join(parts)


def listed(names: list[str]) -> str:
    """Return the names; only some if there are many."""
    if len(names) <= NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} more"


def not_checked(report: Report) -> list[str]:
    """Return sentences about what was not checked."""
    verdicts = list(report.verdicts.values())
    counts = Counter(v.status for v in verdicts)
    lines = []
    left_out = counts["not offered"] + counts["not run"]
    if left_out:
        parts = [plural(counts[s], s, s) for s in ("not offered", "not run") if counts[s]]
        whole = plural(len(verdicts), "check")
        lines.append(f"of {whole}, {count(left_out)} were not checked: {', '.join(parts)}")
    entries, unclaimed = (sum(getattr(v, n) for v in verdicts) for n in ("entries", "unclaimed"))
    if unclaimed:
        whole = plural(entries, "compared entry", "compared entries")
        lines.append(f"of {whole}, {count(unclaimed)} have no bound (overflow possible)")
    if missing := unselected(report):
        lines.append(f"not selected: {missing}")
    few_examples = sorted({run.examples for run in report.runs if 0 < run.examples < USUAL})
    if few_examples:
        said = " and ".join(str(n) for n in few_examples)
        lines.append(f"{said} examples per law instead of {USUAL}: a short run")
    if report.runs and not any(run.precision for run in report.runs):
        lines.append("precision was not graded")
    if report.runs and not any(times.timed for times in report.times):
        lines.append("nothing was timed")
    return lines + list(dict.fromkeys(c for run in report.runs for c in run.complaints))


def unselected(report: Report) -> str:
    """Return the laws and operations of the suite that no run selected."""
    ran = {(v.operation, v.implementation) for v in report.verdicts.values()}
    seen = {(v.law, v.implementation) for v in report.verdicts.values()}
    absent = [
        (law, name)
        for law in report.laws
        for operation, name in ran
        if law.startswith(f"{operation}.") and (law, name) not in seen
    ]
    operations = {law.partition(".")[0] for law in report.laws} - {o for o, _ in ran}
    parts = []
    if absent:
        laws = len({law for law, _ in absent})
        parts.append(f"{plural(laws, 'law')} of the selected operations")
    if operations:
        parts.append(f"all laws of {', '.join(o for o in OPERATIONS if o in operations)}")
    return "; ".join(p for p in parts if p)


def run_told(run: Run) -> list[tuple[str, str]]:
    """Describe a run as rows (name, text)."""
    devices = run.machine.get("devices", {})
    named = devices.items() if isinstance(devices, dict) else ()
    asked = [n if n == spec else f"{n} ({spec})" for n, spec in run.implementations.items()]
    effort = f"{plural(run.examples, 'example')} per law, suite seed {run.seed}"
    rows = [
        ("file", run.file),
        ("when", run.when),
        ("implementations", ", ".join(asked)),
        ("effort", f"{effort}, profile {run.profile or 'default'}"),
        ("versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())),
        ("platform", str(run.machine.get("platform", ""))),
        ("devices", ", ".join(f"{device}: {name}" for device, name in named)),
    ]
    return [(name, text) for name, text in rows if text]
