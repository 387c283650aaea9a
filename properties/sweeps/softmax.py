"""What to pin for softmax: rows, ranks and axes."""

from collections.abc import Iterable

from seqlaws.properties.sweeps.common import LENGTHS, LONG, PLAIN, Fixed, Sweeps


def every_size(operation: str) -> list[Fixed]:
    """Each length of the axis up to 131, each number of rows up to 67; some beyond."""
    return [PLAIN | {"n": n} for n in (*range(132), 255, 257, *LONG)] + rows(range(68))


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer rows, for gradients."""
    return [PLAIN | {"n": n} for n in (*range(132), 257, *LONG)] + rows(LENGTHS)


def rows(numbers: Iterable[int]) -> list[Fixed]:
    """So many rows."""
    return [PLAIN | {"rank": 2, "axis": -1, "n": 5, "rows": n} for n in numbers]


def every_combination(operation: str) -> list[Fixed]:
    """Every axis of every rank, with -inf and without."""
    ranks = [(rank, axis) for rank in (1, 2, 3, 4, 5) for axis in range(-rank, rank)]
    return [{"rank": rank, "axis": axis, "masked": m} for rank, axis in ranks for m in (0, 1)]


def unequal(operation: str) -> list[Fixed]:
    """Four shapes."""
    return [{"rank": 3, "n": 5}, {"rank": 2, "n": 7}, {"rank": 4, "n": 3}, {"rank": 2, "n": 33}]


def one_large(operation: str) -> list[Fixed]:
    """A million numbers."""
    return [{"rank": 2, "axis": -1, "rows": 1030, "n": 1025}]


SOFTMAX = Sweeps(
    every_size, moderate_sizes, unequal, every_combination, every_combination, one_large
)
