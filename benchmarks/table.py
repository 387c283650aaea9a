"""The end of a run: times side by side, and what has none."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from seqlaws.properties.reporting.page.documents import Timed, Times
from seqlaws.properties.reporting.page.speed import floor
from seqlaws.properties.reporting.page.words import duration

NOISY = 0.25  # quartiles further apart than this share of the median: a ratio says little


@dataclass
class Row:
    """What became of one job. status: "timed", "ran" (not clocked), or why not, with a reason.

    median and the quartiles q1, q3 in seconds. flops and bytes: of one call. own: of a user's own
    operation.
    """

    implementation: str
    operation: str
    direction: str
    size: str
    dtype: str
    device: str
    status: str = "timed"
    reason: str = ""
    median: float = 0.0
    q1: float = 0.0
    q3: float = 0.0
    flops: int = 0
    bytes: int = 0
    matmul: str = "ieee"
    own: bool = False

    @property
    def work(self) -> tuple[str, ...]:
        """What implementations are compared on."""
        return self.operation, self.size, self.direction, self.dtype, self.device

    @property
    def spread(self) -> float:
        """The quartiles' distance as a share of the median."""
        return (self.q3 - self.q1) / self.median


def speeds(rows: Iterable[Row]) -> list[str]:
    """One line for each work, one column for each implementation.

    A cell: median, spread, ratio to the first column; backward also the forward's share.
    """
    timed = {(r.work, r.implementation): r for r in rows if r.status == "timed"}
    names = list(dict.fromkeys(name for _, name in timed))
    if not names:
        return []
    lines = [["operation", "size", "direction", "dtype", "device", *names]]
    for work in dict.fromkeys(work for work, _ in timed):
        cells = []
        for name in names:
            row = timed.get((work, name))
            forward = timed.get(((work[0], work[1], "forward", *work[3:]), name))
            cells.append(cell(row, timed.get((work, names[0])), forward) if row else "-")
        lines.append([*work, *cells])
    return [
        *aligned(lines),
        f"median; distance of the quartiles in % of it; ratio to {names[0]}",
        f"~: one of the two compared spreads over {NOISY:.0%}; F: a forward in % of this backward",
    ]


def arithmetic(rows: Iterable[Row], limits: Iterable[Timed]) -> list[str]:
    """Arithmetic and memory traffic of each work of a user's own operations, and the floor.

    limits: the products and copies that were timed in the same run.
    """
    measured = Times(timed=list(limits))
    works = {r.work: r for r in rows if r.status in ("timed", "ran") and r.own}
    if not works:
        return []
    lines = [["operation", "size", "direction", "dtype", "device", "flops", "bytes", "floor"]]
    for work, row in works.items():
        least = floor(as_timed(row), measured)
        said = duration(least.seconds) if least else "-"
        lines.append([*work, f"{row.flops:.3g}", f"{row.bytes:.3g}", said])
    return [
        *aligned(lines),
        "flops: as the specification does them, backward in reverse mode",
        "bytes: each input read once, each output written once",
        "floor: max(flops / peak, bytes / bandwidth), by the products and copies of this run"
        + ("" if measured.timed else ": none were timed"),
    ]


def as_timed(row: Row) -> Timed:
    """A row in the form of a report's."""
    kept = {f.name for f in fields(Timed)}
    return Timed(**{name: value for name, value in asdict(row).items() if name in kept})


def cell(row: Row, baseline: Row | None, forward: Row | None) -> str:
    """One time, beside the first column's."""
    parts = [f"{duration(row.median):>8} {row.spread:>5.0%}"]
    if baseline is not None:
        noisy = "~" if max(row.spread, baseline.spread) > NOISY else ""
        parts.append(f"{noisy + format(row.median / baseline.median, '.2f') + 'x':>8}")
    if row.direction == "backward" and forward is not None:
        parts.append(f"F {forward.median / row.median:.0%}")
    return " ".join(parts)


def aligned(lines: list[list[str]]) -> list[str]:
    """Columns of one width."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def not_timed(rows: Iterable[Row]) -> list[str]:
    """What has no time and why, one line for each reason; then how many of each there are."""
    rows = list(rows)
    grouped: dict[tuple[str, ...], list[Row]] = {}
    for r in rows:
        if r.reason:
            key = r.implementation, r.operation, r.dtype, r.device, r.status, r.reason
            grouped.setdefault(key, []).append(r)
    lines = []
    for (name, operation, dtype, device, status, reason), group in grouped.items():
        which = ", ".join(dict.fromkeys(f"{r.direction} {r.size}" for r in group))
        lines.append(f"{name} {operation} ({dtype}, {device}): {status}: {reason} [{which}]")
    counts = Counter(r.status for r in rows)
    said = ", ".join(f"{n} {status}" for status, n in counts.items())
    return [*lines, f"benchmarks: {len(rows)} jobs: {said or 'none'}"]
