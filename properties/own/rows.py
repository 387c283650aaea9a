"""Rows of a scan: which of them have a step, in what order it is read, and what holds beyond."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from seqlaws.properties.own.operation import Own
    from seqlaws.properties.own.scan import Scan

Array = Any
# ways to scan, by the names of the misreadings
OF_ANY = (
    BACKWARD := "the steps read last to first",
    FROM_ZEROS := "zeros for the initial state",
)
OF_REVERSE = (
    FORWARD := "reverse ignored",
    AS_READ := "the outputs of reverse in the order in which they are read",
)
OF_LENGTHS = (
    UNCUT := "lengths ignored",
    THROUGH := "states that go on through the padding",
    SHOWN := "outputs in the padding that are not zero",
    HELD := "the last output again in the padding",
)


def misread(scan: "Scan") -> list[str]:
    """Return the ways in which a scan may be misread: those of the options that it has."""
    ways = list(OF_ANY)
    ways += OF_REVERSE if scan.reversible else ()
    ways += OF_LENGTHS if scan.lengths else ()
    return ways


@dataclass(frozen=True)
class Rows:
    """The rows of a scan: lengths, if any are given; how: a misreading of the loop, or nothing."""

    operation: "Own"
    lengths: Any
    how: str = ""

    def reads_backward(self, *, reverse: bool) -> bool:
        """Return True if the last step is read first."""
        if self.how == BACKWARD:
            return not reverse
        return reverse and self.how != FORWARD

    def zeros_beyond(self, name: str, output: Any, before: list[Any], t: int) -> Any:
        """Return an output of a step, with zeros for the rows that are shorter.

        before: that of the step before, if there is one.
        """
        if self.lengths is None or self.how in (UNCUT, SHOWN):
            return output
        instead = before[0] if before and self.how == HELD else 0
        return np.where(self.within(name, output, t), output, instead)

    def still_beyond(self, name: str, state: Any, before: Any, t: int) -> Any:
        """Return a state after a step; that before it for the rows that are shorter."""
        if self.lengths is None or self.how in (UNCUT, THROUGH):
            return state
        return np.where(self.within(name, state, t), state, before)

    def within(self, name: str, array: Any, t: int) -> Any:
        """Return True for each row that has a step, in a shape that fits an array without time."""
        axes = self.operation.declared[name].axes.split()
        axes = [a for a in axes if a != self.operation.scan_axis]
        return t < aligned(self.operation, self.lengths, axes, array.shape)


def aligned(operation: "Own", lengths: Array, axes: list[str], shape: tuple[int, ...]) -> Array:
    """Return the lengths of rows with an axis of size 1 for each that only the array has.

    axes, shape: of that array.
    """
    named = operation.declared[operation.row_lengths].axes.split()
    front = len(shape) - len(axes) + 1  # the axes that "..." stands for
    sizes: list[int] = []
    for axis in axes:
        here = shape[len(sizes) : len(sizes) + (front if axis == "..." else 1)]
        sizes += here if axis in named else (1,) * len(here)
    return np.reshape(lengths, sizes)
