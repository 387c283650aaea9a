"""Speed: ratios to one implementation, shares of the machine's limit, growth with length."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from seqlaws.properties.reporting.page.documents import Timed, Times
from seqlaws.properties.reporting.page.pictures import Line, Picture, decades, doublings, slope
from seqlaws.properties.reporting.page.report import Report
from seqlaws.properties.reporting.page.words import few, plural

SIZES = ("small", "middle", "large")
LENGTH = re.compile(r"length (\d+)")


@dataclass(frozen=True)
class Floor:
    """The least seconds that a work can take, by the ceilings that were timed in the same run.

    seconds: by products of its own kind, and by copies of its working set; never: by the fastest
    product and copy of all; whatever is faster than that cannot have done the work.
    """

    seconds: float
    never: float


@dataclass
class Cell:
    """Cell of a table: the time of one implementation at one work, or why it has none."""

    timed: Timed | None = None
    reason: str = ""
    ratio: float | None = None
    floor: Floor | None = None

    @property
    def impossible(self) -> bool:
        """True if the time is less than the machine needs."""
        return bool(self.timed and self.floor and self.timed.median < self.floor.never)

    @property
    def share(self) -> float | None:
        """Floor divided by the median time; None if either is missing."""
        if self.timed is None or self.floor is None or not self.timed.median:
            return None
        return self.floor.seconds / self.timed.median

    @property
    def spread(self) -> float:
        """The quartiles' distance as a share of the median."""
        t = self.timed
        return (t.q3 - t.q1) / t.median if t and t.median else 0.0


@dataclass
class Table:
    """One operation, dtype and device; rows: (direction, size) and a cell for each of the names."""

    operation: str
    dtype: str
    device: str
    names: list[str]
    rows: list[tuple[str, str, list[Cell]]] = field(default_factory=list)
    growth: list[Picture] = field(default_factory=list)


def tables(report: Report) -> list[Table]:
    """Return a table for each operation, dtype and device that was to be timed."""
    cells = all_cells(report)
    works: dict[tuple[str, str, str], dict[tuple[str, str], None]] = defaultdict(dict)
    for (operation, direction, size, dtype, device), _ in cells:
        works[operation, dtype, device][direction, size] = None
    made = []
    for (operation, dtype, device), rows in sorted(
        works.items(), key=lambda item: (report.operations.index(item[0][0]), item[0])
    ):
        mine = {
            key: cell
            for key, cell in cells.items()
            if (key[0][0], *key[0][3:]) == (operation, dtype, device)
        }
        names = [n for n in report.implementations if any(name == n for _, name in mine)]
        table = Table(operation, dtype, device, names)
        for direction, size in sorted(rows, key=in_order):
            work = (operation, direction, size, dtype, device)
            base = mine.get((work, report.relative_to), Cell())
            told = [related(mine.get((work, name), Cell()), base) for name in names]
            table.rows.append((direction, size, told))
        table.growth = [g for d in ("forward", "backward") if (g := growth(report, table, d))]
        made.append(table)
    return made


def in_order(row: tuple[str, str]) -> tuple[Any, ...]:
    """Forward first; sizes as they grow."""
    direction, size = row
    found = LENGTH.fullmatch(size)
    rank = SIZES.index(size) if size in SIZES else len(SIZES)
    return direction != "forward", rank, int(found[1]) if found else 0, size


def all_cells(report: Report) -> dict[tuple[tuple[str, ...], str], Cell]:
    """(work, implementation) to cell; what breaks a law has no time."""
    broken = nonconforming(report)
    cells: dict[tuple[tuple[str, ...], str], Cell] = {}
    for times in report.times:
        for row in times.not_timed:
            work = (row.operation, row.direction, row.size, row.dtype, row.device)
            cells[work, row.implementation] = Cell(reason=f"{row.status}: {row.reason}")
        for t in times.timed:
            if t.ceiling:
                continue
            reason = broken.get((t.implementation, t.operation, t.dtype, t.device), "")
            cell = Cell(reason=reason) if reason else Cell(t, floor=floor(t, times))
            cells[t.work, t.implementation] = cell
    return cells


def nonconforming(report: Report) -> dict[tuple[str, ...], str]:
    """(implementation, operation, dtype, device) to the reason why it has no time."""
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for v in report.verdicts.values():
        if v.status == "failed":
            found[v.implementation, v.operation, v.dtype, v.device].append(v.law)
    return {
        key: f"does not conform: {plural(len(laws), 'law')} failed" for key, laws in found.items()
    }


def related(cell: Cell, base: Cell) -> Cell:
    """The cell with its ratio to the one that all are compared with."""
    if cell.timed and base.timed and base.timed.median:
        cell.ratio = cell.timed.median / base.timed.median
    return cell


def floor(timed: Timed, times: Times) -> Floor | None:
    """max(flops / peak, bytes / bandwidth); None where no ceiling was timed on its device."""
    ceilings = [t for t in times.timed if t.ceiling and t.device == timed.device and t.fastest > 0]
    products = [t for t in ceilings if t.ceiling == "product"]
    copies = [t for t in ceilings if t.ceiling == "copy"]
    own = [t for t in products if (t.dtype, t.matmul) == (timed.dtype, timed.matmul)] or products
    if not products or not copies:
        return None
    return Floor(
        max(timed.flops / peak(own), timed.bytes / bandwidth(fitting(copies, timed.bytes))),
        max(timed.flops / peak(products), timed.bytes / bandwidth(copies)),
    )


def fitting(copies: Iterable[Timed], working_set: int) -> list[Timed]:
    """The copies that move as many bytes as the working set, or more.

    Smaller copies may run in a cache that the working set does not fit into. Of the smaller ones
    the largest is taken too, so that the bandwidth is not underestimated between two sizes.
    """
    copies = list(copies)
    below = max((t.bytes for t in copies if t.bytes <= working_set), default=0)
    return [t for t in copies if t.bytes >= below]


def peak(products: Iterable[Timed]) -> float:
    """Operations a second, of the fastest."""
    return max(t.flops / t.fastest for t in products)


def bandwidth(copies: Iterable[Timed]) -> float:
    """Bytes a second, of the fastest."""
    return max(t.bytes / t.fastest for t in copies)


def ceilings(report: Report) -> list[tuple[str, str, str, str]]:
    """(device, what, rate, by what): the fastest product, and the fastest copy of each size."""
    found: dict[tuple[str, str], Timed] = {}
    for times in report.times:
        for t in times.timed:
            if t.ceiling and t.fastest > 0:
                kind = f"{t.dtype} product" if t.ceiling == "product" else f"copy of {t.size}"
                if t.matmul != "ieee":
                    kind += f", operands in {t.matmul}"
                best = found.get((t.device, kind))
                if best is None or rate(t) > rate(best):
                    found[t.device, kind] = t
    return [
        (device, kind, f"{rate(t) / 1e9:,.4g} {'Gflop/s' if t.flops else 'GB/s'}",
         f"{t.implementation}, {t.size}; {t.device_name}")
        for (device, kind), t in found.items()
    ]  # fmt: skip


def conditions(report: Report) -> list[tuple[str, ...]]:
    """(process, threads, variables, BLAS, clock) of each process in which something was timed."""
    return [
        (name, *(pairs(settings.get(key)) for key in ("threads", "variables", "blas", "clock")))
        for times in report.times
        for name, settings in times.processes.items()
    ]


def pairs(told: Any) -> str:
    """A dict as text."""
    found = told.items() if isinstance(told, dict) else ()
    return ", ".join(f"{name} {value}" for name, value in found) or "none"


def rate(t: Timed) -> float:
    """Operations or bytes a second."""
    return (t.flops or t.bytes) / t.fastest


def growth(report: Report, table: Table, direction: str) -> Picture | None:
    """Time by length, and the exponent that fits; None where only one length was timed."""
    lines = []
    for column, name in enumerate(table.names):
        points = []
        for way, size, cells in table.rows:
            found = LENGTH.fullmatch(size)
            if found and way == direction and cells[column].timed is not None:
                points.append((float(found[1]), cells[column].timed.median))  # type: ignore[union-attr]
        exponent = slope(points)
        if exponent is not None:
            number = report.implementations.index(name)
            lines.append(Line(name, sorted(points), number, f"time ~ length^{exponent:.2f}"))
    if not lines:
        return None
    points = [p for line in lines for p in line.points]
    said = "; ".join(f"{line.name}: {line.note}" for line in lines)
    return Picture(
        f"{table.operation} {direction}, {table.dtype} on {table.device}",
        f"time by length: {said}",
        doublings("length", (x for x, _ in points)),
        decades("seconds", (y for _, y in points)),
        lines,
    )


def untimed(report: Report) -> list[tuple[str, str]]:
    """(implementation, why it has no time), each once."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (work, name), cell in all_cells(report).items():
        if cell.timed is None and cell.reason:
            rows[name, f"{work[0]} ({work[3]}, {work[4]}): {cell.reason}"].append(work[1])
    return [(name, why) for name, why in rows]


def caution(cell: Cell) -> str:
    """Return a warning if a time is below the floor, else ""."""
    if cell.impossible and cell.floor:
        return "impossible: faster than the machine"
    if cell.share is not None and cell.share > 1:
        return f"{few(cell.share)} of the ceiling of its own product type"
    return ""
