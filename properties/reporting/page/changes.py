"""Changes since an earlier run: fixed, broken, slower."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.reporting.page.documents import Timed
from seqlaws.properties.reporting.page.report import Report
from seqlaws.properties.reporting.page.words import duration, few, plural

BROKEN, SILENT = ("failed", "known failure", "SHOULD failed"), ("not offered", "not run")
KINDS = ("broken", "fixed", "other", "new", "gone", "slower", "faster")
MEANINGS = {
    "broken": "passed before, fails now",
    "fixed": "failed before, passes now",
    "other": "has another status",
    "new": "was not checked before",
    "gone": "was checked before, not now",
    "slower": "the quartiles are above the earlier ones",
    "faster": "the quartiles are below the earlier ones",
}


@dataclass
class Change:
    """kind: one of KINDS; what: the law or the work, as columns; before and now in words."""

    kind: str
    what: tuple[str, ...]
    before: str
    now: str

    @property
    def rank(self) -> int:
        """Rank of the kind of change; 0 is the worst."""
        return KINDS.index(self.kind)


def changes(report: Report) -> list[Change]:
    """Return all changes, the worst first; none if there is no earlier report."""
    if report.earlier is None:
        return []
    found = [*of_verdicts(report, report.earlier), *of_times(report, report.earlier)]
    return sorted(found, key=lambda c: (c.rank, c.what))


def of_verdicts(report: Report, earlier: Report) -> Iterable[Change]:
    """Yield the verdicts that changed; none if either report has no verdicts."""
    if not report.verdicts or not earlier.verdicts:
        return
    for key in dict.fromkeys([*report.verdicts, *earlier.verdicts]):
        before, now = earlier.verdicts.get(key), report.verdicts.get(key)
        kind = kind_of(before, now)
        if kind:
            law, _, *where = key
            yield Change(kind, (law, *where), told(before), told(now))


def kind_of(before: Verdict | None, now: Verdict | None) -> str:
    """Return the kind of change, one of KINDS, or "" if nothing changed."""
    was, is_ = before and before.status, now and now.status
    spoke, speaks = was is not None and was not in SILENT, is_ is not None and is_ not in SILENT
    if was == is_ or not (spoke or speaks):
        return ""
    if not spoke:
        return "broken" if is_ == "failed" and was is not None else "new"
    if not speaks:
        return "gone"
    if was == "passed":
        return "broken"
    return "fixed" if is_ == "passed" else "broken" if is_ == "failed" else "other"


def told(verdict: Verdict | None) -> str:
    """A status in words."""
    return verdict.status if verdict else "not there"


def of_times(report: Report, earlier: Report) -> Iterable[Change]:
    """Times whose quartiles do not meet; nothing can be said of those that do."""
    before, now = by_work(earlier), by_work(report)
    for key, one in now.items():
        if key not in before:
            continue
        other = before[key]
        kind = "slower" if one.q1 > other.q3 else "faster" if one.q3 < other.q1 else ""
        if kind:
            times = f"{duration(one.median)} ({few(one.median / other.median)} times)"
            yield Change(kind, key, duration(other.median), times)


def by_work(report: Report) -> dict[tuple[str, ...], Timed]:
    """Times by implementation and work."""
    return {
        (f"{t.operation} {t.direction} {t.size}", t.implementation, t.dtype, t.device): t
        for times in report.times
        for t in times.timed
        if not t.ceiling
    }


def summary(found: list[Change]) -> str:
    """Return the number of changes of each kind, in words."""
    said: Callable[[str], int] = lambda kind: sum(c.kind == kind for c in found)  # noqa: E731
    parts = [f"{said(kind)} {kind}" for kind in KINDS if said(kind)]
    return f"{plural(len(found), 'change')}: {', '.join(parts)}" if parts else "nothing changed"
