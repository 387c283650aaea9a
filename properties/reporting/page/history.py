"""Earlier results, which a page of results shows beside the new ones: a small JSON file.

`{"schema": 1, "results": [...]}`, one result on a line; docs/results/README.md has the fields.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seqlaws.properties.judging.verdict import STATUSES
from seqlaws.properties.reporting.page.documents import RefusedError, made, refuse_unknown
from seqlaws.properties.reporting.page.report import Report

HISTORY_SCHEMA = 1
OWN = "seqlaws"  # the suite, among the versions of a run


@dataclass
class Result:
    """How many checks of an implementation had which status, at one date.

    effort: "profile, sections". counts: operation to status to number. A result takes the place of
    one with the same `identity`.
    """

    implementation: str
    date: str
    versions: dict[str, str]
    effort: str
    devices: list[str]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str, ...]:
        """Identity of a result: of the same day and the same version of the suite there is one."""
        return *self.comparable, self.date, self.versions.get(OWN, "")

    @property
    def comparable(self) -> tuple[str, ...]:
        """Fields in which two results agree if their counts can be compared."""
        return self.implementation, self.effort, *self.devices

    @property
    def totals(self) -> Counter[str]:
        """The number of checks of each status, of all operations."""
        every: Counter[str] = Counter()
        for statuses in self.counts.values():
            every.update(statuses)
        return every


def results_of(report: Report) -> list[Result]:
    """The results of a report, one for each implementation that was checked."""
    found = []
    for name in report.implementations:
        runs = [run for run in report.runs if name in run.implementations]
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        devices = set()
        for v in report.verdicts.values():
            if v.implementation == name:
                counts[v.operation][v.status] += 1
                devices.add(v.device)
        if not runs or not any(set(some) - {"not offered", "not run"} for some in counts.values()):
            continue
        versions: dict[str, str] = {}
        for run in runs:
            versions |= run.versions
        profiles = dict.fromkeys(run.profile or "default" for run in runs)
        sections = dict.fromkeys(s for run in runs for s in run.sections)
        effort = f"{' and '.join(profiles)}: {', '.join(sections) or 'all sections'}"
        date = max(run.when for run in runs)[:10]
        ordered = {o: in_order(some) for o, some in counts.items()}
        found.append(Result(name, date, versions, effort, sorted(devices), ordered))
    return found


def in_order(counts: dict[str, int]) -> dict[str, int]:
    """The counts in the order of the statuses."""
    return {status: counts[status] for status in STATUSES if counts.get(status)}


def read_history(path: Path) -> list[Result]:
    """The earlier results; none if there is no file. Raises RefusedError."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RefusedError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise RefusedError(f"{path}: not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("results"), list):
        raise RefusedError(f"{path}: not a history of results")
    refuse_unknown(document.get("schema"), HISTORY_SCHEMA, path)
    rows = [made(Result, row, f"{path}: result {k}") for k, row in enumerate(document["results"])]
    for k, row in enumerate(rows):
        for statuses in row.counts.values():
            if not isinstance(statuses, dict) or not all(
                status in STATUSES and type(n) is int for status, n in statuses.items()
            ):
                raise RefusedError(f"{path}: result {k}: counts are not numbers of statuses")
    return rows


def with_new(earlier: Iterable[Result], now: Iterable[Result]) -> list[Result]:
    """All results by implementation and date; a new one takes the place of the same one."""
    every = {one.identity: one for one in (*earlier, *now)}
    return sorted(every.values(), key=lambda one: (one.implementation, one.date, one.identity))


def written(results: Iterable[Result]) -> str:
    """The file's text: one result on a line, so that a change of one is a change of one line."""
    rows = ",\n".join(json.dumps(asdict(one)) for one in results)
    return f'{{"schema": {HISTORY_SCHEMA}, "results": [\n{rows}\n]}}\n'
