"""Accuracy: the observed error and the allowed error, for each operation and dtype."""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from seqlaws.properties.discovery.traits import DTYPES
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.page.pictures import Axis, Frame, Line, Picture, decades
from seqlaws.properties.reporting.page.report import Report
from seqlaws.properties.reporting.page.words import count, few, plural, share
from seqlaws.properties.subjects.error_statistics import BEYOND_ALL

LEAST, MOST = -10, 12  # powers of two between which shares of the allowed error are drawn
DOTS = 60_000  # on a page, so that it stays small
SHARES = ((-6, "up to 1/64"), (-3, "up to 1/8"), (0, "up to 1"))  # columns of the table
SMALLEST = 0.1  # of the allowed errors: that of subnormal numbers is 30 powers of ten away
FRAME = Frame(width=260, height=190, left=56, bottom=40)


@dataclass
class Panel:
    """Errors of one implementation; shares: power of two to entries, as in `Errors`."""

    implementation: str
    device: str
    entries: int = 0
    exact: int = 0
    shares: dict[float, int] = field(default_factory=lambda: defaultdict(int))
    values: list[tuple[float, float]] = field(default_factory=list)
    gradients: list[tuple[float, float]] = field(default_factory=list)
    picture: Picture | None = None

    def cells(self) -> list[str]:
        """A row of the table: entries, and which share of them has which error."""
        told = [count(self.entries), share(self.exact, self.entries)]
        for power, _ in SHARES:
            within = self.exact + sum(n for k, n in self.shares.items() if k <= power)
            told.append(share(within, self.entries))
        beyond = sum(n for k, n in self.shares.items() if k > 0)
        return [*told, count(beyond)]


@dataclass
class Group:
    """Panels of all implementations for one operation and dtype."""

    operation: str
    dtype: str
    panels: list[Panel]


def groups(report: Report) -> list[Group]:
    """Return the groups, by operation and then by dtype."""
    panels: dict[tuple[str, str], dict[tuple[str, str], Panel]] = defaultdict(dict)
    for v in report.verdicts.values():
        for output, told in v.accuracy.items():
            found = panels[v.operation, v.dtype]
            place = v.implementation, v.device
            panel = found.setdefault(place, Panel(*place))
            add(panel, told, gradient=is_gradient(v.operation, output))
    made = []
    for operation in report.operations:
        for dtype in [*DTYPES, *sorted({d for _, d in panels} - set(DTYPES))]:
            found = panels.get((operation, dtype), {})
            if found:
                order = report.implementations
                rows = sorted(
                    found.values(), key=lambda p: (order.index(p.implementation), p.device)
                )
                made.append(Group(operation, dtype, rows))
    drawn(made)
    return made


def is_gradient(operation: str, output: str) -> bool:
    """Return True if the output is the gradient of an argument."""
    return operation in OPERATIONS and output not in OPERATIONS[operation].outputs


def add(panel: Panel, told: dict[str, Any], *, gradient: bool) -> None:
    """Add the errors of one output in one law."""
    panel.entries += int(told.get("entries", 0))
    panel.exact += int(told.get("exact", 0))
    for power, n in told.get("shares", {}).items():
        panel.shares[math.inf if power == BEYOND_ALL else float(power)] += int(n)
    pairs = [(float(error), float(allowed)) for error, allowed in told.get("pairs", [])]
    pairs = [(math.inf if math.isnan(error) else error, allowed) for error, allowed in pairs]
    (panel.gradients if gradient else panel.values).extend(pairs)


def drawn(made: list[Group]) -> None:
    """Draw each panel; those of a group have the same axes."""
    each = max(20, DOTS // max(1, sum(len(g.panels) for g in made)))
    for group in made:
        pairs = [
            (error, allowed)
            for panel in group.panels
            for error, allowed in (*panel.values, *panel.gradients)
            if 0 < allowed < math.inf
        ]
        across = decades("allowed error", (allowed for _, allowed in pairs), 4, SMALLEST)
        worst = max((error / allowed for error, allowed in pairs), default=0.0)
        top = 2 if worst <= 4 else MOST if worst >= 2.0**MOST else math.ceil(math.log2(worst))
        for panel in group.panels:
            panel.picture = pictured(group, panel, across, shares_axis(top), each)


def shares_axis(top: int) -> Axis:
    """Return the axis of observed / allowed; errors near zero lie at its lower end."""
    ticks = [(2.0**k, f"1/{2**-k}" if k else "1") for k in range(-8, 1, 2)]
    ticks += [(2.0**top, ("≥ " if top == MOST else "") + str(2**top))]
    return Axis("observed / allowed", 2.0**LEAST, 2.0**top, ((2.0**LEAST, "0"), *ticks))


def pictured(group: Group, panel: Panel, across: Axis, up: Axis, most: int) -> Picture:
    """Return a picture with a dot for the worst entry of each comparison."""
    lines = []
    for number, (name, pairs) in enumerate(
        (("values", panel.values), ("gradients", panel.gradients))
    ):
        points = [(allowed, error / allowed) for error, allowed in pairs if 0 < allowed < math.inf]
        stride = max(1, math.ceil(2 * len(points) / most))
        worst = max(points, key=lambda p: p[1], default=None)  # which is never left out
        lines.append(Line(name, points[::stride] + ([worst] if worst else []), number))
    worst_share = max((p[1] for line in lines for p in line.points), default=0.0)
    said = (
        f"{panel.implementation}, {group.operation}, {group.dtype}: the worst entry of each "
        f"comparison; the largest error is {few(worst_share)} of the allowed error, of "
        f"{plural(panel.entries, 'entry', 'entries')} {share(panel.exact, panel.entries)} are exact"
    )
    return Picture(panel.implementation, said, across, up, lines, FRAME)
