"""Report: several runs, from several machines, merged for one page."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from seqlaws.properties.judging.cause import Cause, merged_causes, ordered
from seqlaws.properties.judging.verdict import Verdict, settle_noted
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.page.documents import (
    RefusedError,
    Run,
    Timed,
    Times,
    Untimed,
    read,
)

GRAVEST_FIRST = ("failed", "known failure", "SHOULD failed", "passed", "not offered", "not run")
Key = tuple[str, ...]


@dataclass
class Report:
    """The runs and the times, merged; earlier: what they are compared with, if anything.

    relative_to: the implementation that times are told in ratios to; the one that has most.
    """

    runs: list[Run] = field(default_factory=list)
    times: list[Times] = field(default_factory=list)
    earlier: "Report | None" = None
    relative_to: str = ""
    verdicts: dict[Key, Verdict] = field(default_factory=dict)
    laws: dict[str, dict[str, Any]] = field(default_factory=dict)
    twice: int = 0

    @property
    def implementations(self) -> list[str]:
        """Implementations in the order of the request; then those that have times only."""
        asked = [name for run in self.runs for name in run.implementations]
        judged = [v.implementation for v in self.verdicts.values()]
        timed = [t.implementation for t in self.all_times() if not getattr(t, "ceiling", "")]
        return list(dict.fromkeys([*asked, *judged, *timed]))

    @property
    def operations(self) -> list[str]:
        """Operations in the contract's order; then those that the contract does not know."""
        seen = {v.operation for v in self.verdicts.values()}
        seen |= {t.operation for t in self.all_times() if not getattr(t, "ceiling", "")}
        return [o for o in OPERATIONS if o in seen] + sorted(seen - set(OPERATIONS))

    @property
    def causes(self) -> dict[str, list[Cause]]:
        """The causes of each implementation that has any."""
        every = [cause for run in self.runs for cause in run.causes]
        if len(self.runs) > 1:
            every = ordered(merged_causes(map(replace, every)))
        found = {n: [c for c in every if c.implementation == n] for n in self.implementations}
        return {name: causes for name, causes in found.items() if causes}

    def all_times(self) -> list[Timed | Untimed]:
        """Return the rows of all files: those with a time, then those without."""
        timed: list[Timed | Untimed] = [row for times in self.times for row in times.timed]
        return timed + [row for times in self.times for row in times.not_timed]

    def add(self, run: Run) -> None:
        """Merge a run. If two verdicts have the same key, the worse one is kept."""
        self.runs.append(run)
        self.laws |= run.laws
        for verdict in run.verdicts:
            before = self.verdicts.get(verdict.key)
            self.twice += before is not None
            if before is None or graver(verdict, before):
                self.verdicts[verdict.key] = verdict


def graver(one: Verdict, other: Verdict) -> bool:
    """Return True if `one` has a worse status, or the same and a larger observed / allowed."""
    ranks = [GRAVEST_FIRST.index(v.status) for v in (one, other)]
    return ranks[0] < ranks[1] or (ranks[0] == ranks[1] and one.worst > other.worst)


def merged(documents: Iterable[Run | Times]) -> Report:
    """Merge the documents into one report."""
    report = Report()
    for document in documents:
        if isinstance(document, Run):
            report.add(document)
        else:
            report.times.append(document)
    settle_noted(list(report.verdicts.values()))  # one shard may see what is a law of another
    return report


def report_of(
    paths: Iterable[str | Path], earlier: Iterable[str | Path] = (), relative_to: str = ""
) -> Report:
    """The report of some files, compared with some earlier ones. Raises RefusedError."""
    report = merged(one for path in paths for one in read(path))
    return completed(report, [one for path in earlier for one in read(path)], relative_to)


def completed(report: Report, earlier: list[Run | Times], relative_to: str = "") -> Report:
    """The report with what it is compared with. Raises RefusedError."""
    report.earlier = merged(earlier) if earlier else None
    timed = [t.implementation for times in report.times for t in times.timed if not t.ceiling]
    if relative_to and relative_to not in timed:
        known = ", ".join(dict.fromkeys(timed)) or "none"
        raise RefusedError(
            f"{relative_to} was not timed, so others cannot be compared with it; timed: {known}"
        )
    most = max(report.implementations, key=timed.count, default="")  # of equals the first
    report.relative_to = relative_to or (most if most in timed else "")
    return report
