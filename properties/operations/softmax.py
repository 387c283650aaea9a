"""Cases of softmax."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.dense import ordinary, pulled
from seqlaws.properties.inputs.drawing import TILES, with_cotangents
from seqlaws.properties.inputs.numbers import Draw, Filling, chance, pick
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import Integer
from seqlaws.properties.inputs.sizes import (
    LENGTHS,
    LONG,
    PLAIN,
    WIDTHS,
    Fixed,
    Sweeps,
    in_the_middle,
    many_programs,
    pairs_of,
    products,
    widths,
)


def softmax_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Scores of rank 1 to 5 along any axis, some -inf, up to the scale of 1e4."""
    fill = Filling(draw, dtype, fixed)
    rank = fixed.get("rank", pick(draw, (1, 2, 3, 4, 2, 3, 5)))
    shape = [pick(draw, (2, 3, 1, 4, 5, 7, 8, 9)) for _ in range(rank)]
    axis = fixed.get("axis", pick(draw, (-1, *range(rank), *range(-rank, 0))))
    if "rows" in fixed:
        shape[0] = fixed["rows"]
    if "middle" in fixed:
        shape[1] = fixed["middle"]
    shape[axis] = fixed.get("n", shape[axis])
    if "n" not in fixed and chance(draw, 4):
        shape[axis] = pick(draw, (*TILES, 127, 128, 129, 257))
    if chance(draw, 12) and not fixed.keys() & {"n", "rows"}:
        shape[pick(draw, range(rank))] = 0
    scales = fixed.get("scales", (1.0, 1.0, 4.0, 30.0, 1000.0, 1e4))
    x = fill.array(*shape, scale=pick(draw, scales))
    masked = pick(draw, (0.0, 0.0, 0.3, 0.9))
    if fixed.get("masked", True) and masked:
        x = np.where(fill.random().random_sample(x.shape) < masked, -np.inf, x)
    options = {} if axis == -1 and chance(draw, 2) else {"axis": axis}
    return with_cotangents(Case(operation, dtype, {"x": x}, options), fill, fixed)


def every_size(operation: Operation) -> list[Fixed]:
    """Each length of the axis up to 131, each number of rows up to 67; some beyond."""
    lengths = [PLAIN | {"n": n} for n in (*range(132), 255, 257, *LONG)]
    return lengths + rows(range(68)) + wide()


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Fewer rows, for gradients."""
    lengths = [PLAIN | {"n": n} for n in (*range(132), 257, *LONG)]
    return lengths + rows(LENGTHS) + wide()


def wide() -> list[Fixed]:
    """One row at each of the widths, as many rows of two, a product of both; other axes, too.

    Rows along two axes.
    """
    few: Fixed = {"rank": 2, "axis": -1, "n": 2, "rows": 1}
    other = widths({"rank": 2, "axis": 0}, "n", sizes=WIDTHS[::2])
    other += widths({"rank": 3, "axis": 1}, "n", sizes=(LONG[-1], *WIDTHS[::2]))
    other += widths({"rank": 3, "axis": -3}, "n", sizes=LONG[-1:])
    middle = in_the_middle({"axis": -1, "n": 3})
    return widths(few, "n", "rows") + products(few, "rows n") + other + middle


def rows(numbers: Iterable[int]) -> list[Fixed]:
    """Pin each of these numbers of rows."""
    return [PLAIN | {"rank": 2, "axis": -1, "n": 5, "rows": n} for n in numbers]


def every_combination(operation: Operation) -> list[Fixed]:
    """Every axis of every rank up to 5, with -inf and without; every axis of rank 7."""
    ranks = [(rank, axis) for rank in (1, 2, 3, 4, 5) for axis in range(-rank, rank)]
    pinned = [{"rank": rank, "axis": axis, "masked": m} for rank, axis in ranks for m in (0, 1)]
    return pinned + [PLAIN | {"rank": 7, "axis": axis, "n": 3, "rows": 2} for axis in range(-7, 7)]


def unequal(operation: Operation) -> list[Fixed]:
    """Four shapes."""
    return [{"rank": 3, "n": 5}, {"rank": 2, "n": 7}, {"rank": 4, "n": 3}, {"rank": 2, "n": 33}]


def one_large(operation: Operation) -> list[Fixed]:
    """A million numbers."""
    return [{"rank": 2, "axis": -1, "rows": 1030, "n": 1025}]


def large_products(operation: Operation) -> list[Fixed]:
    """Rows and their lengths, once along the last axis and once along another; many rows."""
    ways: list[Fixed] = [{"rank": 2, "axis": -1}, {"rank": 3, "axis": 1}]
    pairs = [one for way in ways for one in pairs_of(way, "rows", "n")]
    return [*pairs, many_programs(ways[0] | {"n": 2}, "rows")]


SHAPES = (((3, 4, 5), 1), ((3, 4, 5), -1), ((3, 4, 5), 0), ((4, 6), 0), ((4, 6), -1))


def discriminating(witness: Case, offers: Callable[[str], bool]) -> Iterator[Case]:
    """Every axis of two shapes; with logits as they are, and with extreme ones."""
    for shape, axis in SHAPES:
        x = ordinary("x", shape, witness.dtype, 1)
        options = {"axis": axis} if axis != -1 else {}
        case = pulled(Case(witness.operation, witness.dtype, {"x": x}, options))
        yield case
        yield extreme(case, 150.0 if axis == 1 else 1.0, -20000.0 if axis == -1 else 0.0)


def extreme(case: Case, scale: float, offset: float) -> Case:
    """Logits that overflow where no maximum is subtracted; some of them, and one row, -inf."""
    x = scale * case.arrays["x"] + offset
    x = np.where(np.random.RandomState(3).random_sample(x.shape) < 0.3, -np.inf, x)
    rows = np.moveaxis(x, case.option("axis"), -1)  # a view
    rows[(0,) * (x.ndim - 1)] = -np.inf
    return case.having(x=x)


SOFTMAX = Operation(
    spec=reference.softmax,
    vjp=reference.softmax_vjp,
    arrays={"x": "..."},
    outputs={"p": "..."},
    kinds={"axis": Integer(-5, 4, least=-5)},
    case=softmax_case,
    sweeps=Sweeps(
        every_size,
        moderate_sizes,
        unequal,
        every_combination,
        every_combination,
        one_large,
        large_products,
        summed=("n",),
    ),
    discriminating=discriminating,
    long={"n": 257},
    benchmark=Benchmark(  # max, -, exp, sum, /; then dx = p (dp - sum dp p): *, sum, -, *
        products={}, entrywise={"R n": 5}, gradient={"R n": 4}
    ),
)
