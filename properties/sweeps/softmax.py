"""What to pin for softmax: rows, ranks and axes."""

from seqlaws.properties.sweeps.common import LENGTHS, LONG, Fixed, Sweeps


def every_size(operation: str) -> list[Fixed]:
    """Lengths of the axis, and numbers of rows."""
    rows: list[Fixed] = [{"rank": 2, "axis": -1, "rows": n} for n in LENGTHS]
    return [{"n": n} for n in (*LENGTHS, *range(4, 15), 100, 255, *LONG)] + rows


def every_combination(operation: str) -> list[Fixed]:
    """Every axis of every rank, with -inf and without."""
    ranks = [(rank, axis) for rank in (1, 2, 3, 4) for axis in range(-rank, rank)]
    return [{"rank": rank, "axis": axis, "masked": m} for rank, axis in ranks for m in (0, 1)]


def unequal(operation: str) -> list[Fixed]:
    """Four shapes."""
    return [{"rank": 3, "n": 5}, {"rank": 2, "n": 7}, {"rank": 4, "n": 3}, {"rank": 2, "n": 33}]


def one_large(operation: str) -> list[Fixed]:
    """A million numbers."""
    return [{"rank": 2, "axis": -1, "rows": 1030, "n": 1025}]


SOFTMAX = Sweeps(every_size, every_size, unequal, every_combination, every_combination, one_large)
