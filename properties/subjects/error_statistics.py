"""Error statistics of one law over all its comparisons, for a picture."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqlaws.properties.inputs.numbers import Array

PAIRS = 64  # of one output in one law, at most
LEAST = -40  # smaller shares of the allowed error than 2^LEAST count as 2^LEAST
BEYOND_ALL = "inf"
ANY = 1e300  # a bound beyond it is no claim but that the entry is a number


@dataclass
class Errors:
    """Errors of one output, over the entries with a finite value and a bound above zero, below ANY.

    exact: how many had no error. shares: k to how many had an error of at most 2^k times the
    allowed error, and more than 2^(k-1) times. pairs: (observed error, allowed error) of the worst
    entry of a comparison; of many comparisons, some that lie evenly among them.
    """

    entries: int = 0
    exact: int = 0
    shares: dict[str, int] = field(default_factory=dict)
    pairs: list[list[float]] = field(default_factory=list)
    seen: int = 0
    stride: int = 1

    def add(self, observed: Array, value: Array, allowed: Array, ratio: Array) -> None:
        """Add one comparison; ratio: that of `comparison.ratios`."""
        observed, value, allowed, ratio = np.broadcast_arrays(observed, value, allowed, ratio)
        claimed = (allowed > 0) & (allowed < ANY) & np.isfinite(value)
        if not claimed.any():
            return
        every = claimed.all()
        held = ratio.reshape(-1) if every else ratio[claimed]
        at = int(np.argmax(held))
        exact = held.size - int(np.count_nonzero(held != 0))
        lost = int(np.isinf(held).sum()) if np.isinf(held[at]) else 0
        self.entries += held.size
        self.exact += exact
        counts = np.bincount(powers_of(held))
        counts[0] -= exact  # a zero has the smallest power
        counts[-1] -= lost  # and infinity the largest
        for power, number in enumerate(counts, LEAST):
            if number:
                self.shares[str(power)] = self.shares.get(str(power), 0) + int(number)
        if lost:
            self.shares[BEYOND_ALL] = self.shares.get(BEYOND_ALL, 0) + lost
        if self.seen % self.stride == 0:
            place = np.unravel_index(at if every else np.flatnonzero(claimed)[at], claimed.shape)
            with np.errstate(all="ignore"):
                error = abs(float(observed[place]) - float(value[place]))
            error = np.inf if np.isnan(error) else error
            self.pairs.append([short(error), short(float(allowed[place]))])
        self.seen += 1
        if len(self.pairs) == PAIRS:
            self.pairs, self.stride = self.pairs[::2], 2 * self.stride

    def as_data(self) -> dict[str, Any]:
        """Return the statistics in the format of verdict.json."""
        shares = {k: self.shares[k] for k in sorted(self.shares, key=float)}
        return {
            "entries": self.entries,
            "exact": self.exact,
            "shares": shares,
            "pairs": self.pairs,
        }


def powers_of(x: Array) -> Array:
    """Return how far above LEAST the power of two is that x >= 0 is at most, from its bits."""
    powers: Array = np.maximum((x.view(np.int64) - 1) >> 52, 1022 + LEAST) - (1022 + LEAST)
    return powers


def short(value: float) -> float:
    """Return a number with three significant digits; finite if it is, even next to the largest."""
    rounded = float(f"{value:.3g}")
    return rounded if np.isfinite(rounded) else value
