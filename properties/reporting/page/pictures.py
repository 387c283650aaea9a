"""Pictures as numbers: where points and ticks stand; templates/macros.html draws them as SVG."""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DASHES = ("", "6 3", "2 2", "8 3 2 3")  # of lines, so that colour is not all that tells them apart
MARKS = ("circle", "square", "triangle", "diamond", "cross")
COLOURS = 6  # that the style sheet has
TICKS = 6
Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """The picture's size and the place of its axes within it."""

    width: int = 340
    height: int = 230
    left: int = 52
    right: int = 12
    top: int = 10
    bottom: int = 40

    @property
    def across(self) -> int:
        return self.width - self.left - self.right

    @property
    def down(self) -> int:
        return self.height - self.top - self.bottom


@dataclass(frozen=True)
class Axis:
    """A logarithmic axis: what it is of, its two ends, and its ticks as (value, text)."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """Return the position of a value, from 0 to 1; values beyond an end are at that end."""
        if value <= self.low:
            return 0.0
        if value >= self.high:
            return 1.0
        low, high = math.log(self.low), math.log(self.high)  # whose ratio may overflow
        return (math.log(value) - low) / (high - low)


@dataclass
class Line:
    """Points of one name; number: its style."""

    name: str
    points: list[Point]
    number: int
    note: str = ""

    @property
    def colour(self) -> int:
        return self.number % COLOURS

    @property
    def dash(self) -> str:
        return DASHES[self.number % len(DASHES)]

    @property
    def mark(self) -> str:
        return MARKS[self.number % len(MARKS)]


@dataclass
class Picture:
    """Axes and lines; title and said: what it shows, and the same for who does not see it."""

    title: str
    said: str
    x: Axis
    y: Axis
    lines: list[Line] = field(default_factory=list)
    frame: Frame = field(default_factory=Frame)

    def place(self, point: Point) -> Point:
        """Return the pixel coordinates of a point."""
        f = self.frame
        return (
            round(f.left + self.x.share(point[0]) * f.across, 1),
            round(f.top + (1 - self.y.share(point[1])) * f.down, 1),
        )

    def path(self, line: Line) -> str:
        """A line through its points, as SVG writes it."""
        return "M" + "L".join("{:g} {:g}".format(*self.place(p)) for p in line.points)

    def dots(self, line: Line) -> str:
        """A dot at each point, as SVG writes it: each whole pixel once."""
        places = {(round(x), round(y)) for x, y in map(self.place, line.points)}
        return "".join(f"M{x} {y}h0" for x, y in sorted(places))

    def x_ticks(self) -> list[tuple[float, str]]:
        """(where, text)."""
        return [(self.place((value, self.y.low))[0], text) for value, text in self.x.ticks]

    def y_ticks(self) -> list[tuple[float, str]]:
        """(where, text)."""
        return [(self.place((self.x.low, value))[1], text) for value, text in self.y.ticks]


def decades(label: str, values: Iterable[float], most: int = TICKS, skipped: float = 0.0) -> Axis:
    """An axis of whole powers of ten that has room for the values that are above zero.

    skipped: the share of the smallest that may stand at its foot, which then says so.
    """
    known = sorted(v for v in values if 0 < v < math.inf) or [1.0, 10.0]
    low = math.floor(math.log10(known[int(skipped * len(known))]))
    high = max(min(math.ceil(math.log10(known[-1])), sys.float_info.max_10_exp), low + 1)
    step = max(1, math.ceil((high - low) / most))
    below = "≤ " if known[0] < float(f"1e{low}") else ""
    ticks = [(float(f"1e{k}"), power(k)) for k in range(low, high + 1, step)]
    first = (ticks[0][0], below + ticks[0][1])
    return Axis(label, float(f"1e{low}"), float(f"1e{high}"), (first, *ticks[1:]))


def doublings(label: str, values: Iterable[float]) -> Axis:
    """An axis with a tick at each of the values."""
    known = sorted({v for v in values if 0 < v < math.inf}) or [1.0]
    low, high = known[0], max(known[-1], known[0] * 2)
    shown = known if len(known) <= TICKS + 2 else known[:: math.ceil(len(known) / TICKS)]
    return Axis(label, low, high, tuple((v, f"{v:g}") for v in shown))


def power(k: int) -> str:
    """A power of ten in few characters."""
    if -2 <= k <= 3:
        return f"{10.0**k:g}"
    return f"1e{k}"


def slope(points: Sequence[Point]) -> float | None:
    """The exponent a of y = c x^a that fits best, by least squares of the logarithms.

    None for fewer than three points.
    """
    known = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len({x for x, _ in known}) < 3:
        return None
    mean_x, mean_y = (sum(c) / len(known) for c in zip(*known, strict=True))
    across = sum((x - mean_x) ** 2 for x, _ in known)
    return sum((x - mean_x) * (y - mean_y) for x, y in known) / across
