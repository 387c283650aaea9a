"""Kinds of options: how each is drawn, swept, left out, given wrongly, and beyond the core.

Names and default values are not said here: they are those of the specification's signature.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqlaws.properties.inputs.masks import drawn_mask
from seqlaws.properties.inputs.numbers import Draw, Filling, chance, pick

Sizes = Mapping[str, int]
Pins = Mapping[str, Any]


DIGITS = (1.1, 0.7, 30.3, 10_000.5)  # real numbers that a narrow dtype rounds
EDGES = (128, 256, 257, 2049, 32_768, 65_537, 2**24 + 1)  # that 8 or 16 bits, or a float, lose


def same(a: Any, b: Any) -> bool:
    """Return True if an option has its default value (1 is not True here)."""
    return type(a) is type(b) and not isinstance(a, np.ndarray) and a == b


class Option:
    """An option of any kind. swept: the values that are worth a case each, if not all."""

    swept: tuple[Any, ...] = ()

    def key(self, name: str) -> str:
        """Return the name by which a case is pinned to a value of the option."""
        return name

    def left_out(self, default: Any) -> Any:
        """Return the value to which a case without the option is pinned."""
        return default

    def values(self) -> Sequence[Any]:
        """Return the values to draw from; a pinned value may be of another size."""
        return self.swept

    def worth_a_case(self, default: Any) -> list[Any]:
        """Return the values to pin, one case each, so that the option is surely given."""
        return [value for value in self.swept or self.values() if not same(value, default)]

    def drawn(self, name: str, draw: Draw, fill: Filling, sizes: Sizes, fixed: Pins) -> Any:
        """Draw a value, or take the pinned one."""
        value = pick(draw, self.values())
        return fixed.get(name, value)

    def wrong(self, value: Any, sizes: Sizes) -> Iterator[Any]:
        """Yield what has to be refused in the place of a value."""
        yield from ()

    def beyond_core(self, name: str, value: Any, sizes: Sizes) -> Iterator[str]:
        """Say why an implementation may refuse a value that is given alone."""
        yield from ()


@dataclass(frozen=True)
class Flag(Option):
    """On or off."""

    def values(self) -> Sequence[bool]:
        """Both."""
        return (False, True)


@dataclass(frozen=True)
class Choice(Option):
    """One of several names."""

    names: tuple[str, ...]

    def values(self) -> Sequence[str]:
        """All of them."""
        return self.names

    def wrong(self, value: Any, sizes: Sizes) -> Iterator[str]:
        """Yield a name that is not among them."""
        yield "swish"


@dataclass(frozen=True)
class Real(Option):
    """A number from low to high. What is not positive is beyond the core."""

    low: float
    high: float
    swept: tuple[float, ...] = ()

    def values(self) -> Sequence[float]:
        """Both ends, and what lies between: by equal factors if both are positive."""
        low, high = self.low, self.high
        between = (low * high) ** 0.5 if low > 0 else (low + high) / 2
        digits = [number for number in DIGITS if low < number < high]
        return (between, *self.swept, *digits, low, high)

    def beyond_core(self, name: str, value: Any, sizes: Sizes) -> Iterator[str]:
        """Say that it is not positive."""
        if value is not None and not value > 0:
            yield f"a negative {name}" if value < 0 else f"{name} = 0"


@dataclass(frozen=True)
class Integer(Option):
    """A whole number from low to high. What is below `least` is beyond the core."""

    low: int
    high: int
    swept: tuple[int, ...] = ()
    least: int = 0

    def values(self) -> Sequence[int]:
        """Each."""
        return range(self.low, self.high + 1)

    def beyond_core(self, name: str, value: Any, sizes: Sizes) -> Iterator[str]:
        """Say that it is below the least."""
        if value < self.least:
            yield f"a negative {name}" if self.least == 0 else f"{name} below {self.least}"


@dataclass(frozen=True)
class Mask(Option):
    """Mask of attention: "boolean", "floating" (added to the scores) or "both" (that with -inf).

    Cases are pinned by "mask", whatever the option's name, to one of these kinds or to None.
    axes: heads, then queries and keys, behind the batch.
    """

    axes: str = "B N L S"
    kinds = ("boolean", "floating", "both")

    def key(self, name: str) -> str:
        """Return "mask": a case is pinned to a kind of mask."""
        return "mask"

    def left_out(self, default: Any) -> None:
        """Return None: there is no mask."""
        return

    def worth_a_case(self, default: Any) -> list[str]:
        """Each kind."""
        return [*self.kinds]

    def drawn(self, name: str, draw: Draw, fill: Filling, sizes: Sizes, fixed: Pins) -> Any:
        """Draw a mask of any kind and shape, or none."""
        kind = pick(draw, ("none", "boolean", "none", "floating", "both"))
        kind = fixed.get("mask", kind) or "none"
        whole = dict(zip("BNLS", (sizes[letter] for letter in self.axes.split()), strict=True))
        return drawn_mask(draw, fill, whole, kind, fixed)

    def wrong(self, value: Any, sizes: Sizes) -> Iterator[Any]:
        """Yield a mask of whole numbers."""
        yield value.astype(np.int64)

    def beyond_core(self, name: str, value: Any, sizes: Sizes) -> Iterator[str]:
        """Say that it is floating, or neither (L, S) nor (B, 1, L, S)."""
        if value.dtype.kind == "f":
            yield "a floating mask"
        letters = self.axes.split()
        batch, _, *rows = (sizes[letter] for letter in letters)
        if value.shape not in (tuple(rows), (batch, 1, *rows)):
            named = zip(letters[4 - value.ndim :], value.shape, strict=True)
            axes = (letter if n == sizes[letter] else str(n) for letter, n in named)
            yield f"a mask of shape ({', '.join(axes)})"


@dataclass(frozen=True)
class Lengths(Option):
    """How many of T steps each of B rows has.

    Cases are pinned by "padded", to True, False, or "alike": all rows have one length below T.
    """

    def key(self, name: str) -> str:
        """Return "padded": a case is pinned to rows with padding or without."""
        return "padded"

    def left_out(self, default: Any) -> bool:
        """Return False: the rows are not padded."""
        return False

    def worth_a_case(self, default: Any) -> list[bool]:
        """Padded rows."""
        return [True]

    def drawn(self, name: str, draw: Draw, fill: Filling, sizes: Sizes, fixed: Pins) -> Any:
        """Draw lengths from 0 to T, sometimes one for all rows, or none."""
        padded = chance(draw, 2)
        padded = fixed.get("padded", padded)
        if not padded:
            return None
        if (padded == "alike" or chance(draw, 6)) and sizes["T"]:
            return np.full(sizes["B"], max(sizes["T"] - 1 - draw(4), 0), np.int64)
        lengths = fill.random().randint(0, sizes["T"] + 1, sizes["B"])
        if sizes["B"] and chance(draw, 2):
            lengths[draw(sizes["B"])] = sizes["T"]  # the longest row, by which others are padded
        return lengths.astype(np.int64)

    def wrong(self, value: Any, sizes: Sizes) -> Iterator[Any]:
        """Yield lengths that are not whole, or that no row may have."""
        yield value.astype(float)
        for row, length in ((0, -1), (-1, sizes["T"] + 1)) if value.size else ():
            lengths = np.array(value)
            lengths[row] = length
            yield lengths

    def beyond_core(self, name: str, value: Any, sizes: Sizes) -> Iterator[str]:
        """Say that a row has no step."""
        if np.any(np.asarray(value) == 0):
            yield "a length of 0"


@dataclass(frozen=True)
class Window(Option):
    """How many keys to the left and to the right are seen, or None for all."""

    swept: tuple[tuple[int | None, int | None], ...] = ((1, None), (None, 1), (2, 1))
