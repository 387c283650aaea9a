"""Cases of layer_norm."""

from itertools import product
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import (
    SMALL,
    TILES,
    with_cotangents,
)
from seqlaws.properties.inputs.numbers import Draw, Filling, chance, pick, representable
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import Real
from seqlaws.properties.inputs.sizes import (
    FEATURES,
    LENGTHS,
    LONG,
    MODELS,
    Fixed,
    Sweeps,
    each,
    in_the_middle,
    many_programs,
    pairs_of,
    products,
    widths,
)

OFFSETS = (0.0, 0.0, 0.0, 16.0, 1000.0, -3.0)
SCALES = (1.0, 1.0, 1.0, 4.0, 1e-3, 100.0)
EXTREMES = (1e-30, 1e30, 1e5, 1e-5)
EPS = (1e-5, 1e-3, 1e-6, 1e-12, 0.7)
OF_VARIANCE = (  # an eps as large as the variance, by the numbers' scale
    *((1.1, 1.0), (0.7, 1.0), (30.3, 4.0), (10_000.5, 100.0)),
    *((0.013, 0.1), (1.1e-5, 3e-3), (1.1e-7, 3e-4), (3.3e-12, 2e-6)),
)


def layer_norm_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Rank 1 to 4, one feature and more, offsets, constant positions, the largest and smallest."""
    fill = Filling(draw, dtype, fixed)
    rank = fixed.get("rank", pick(draw, (2, 1, 3, 4, 2, 3)))
    shape = [pick(draw, (2, 3, 1, 4, 5, 7)) for _ in range(rank)]
    features = pick(draw, TILES) if chance(draw, 6) else pick(draw, SMALL)
    shape[-1] = fixed.get("E", features)
    if rank > 1:
        shape[0] = fixed.get("rows", shape[0])
    if rank > 2:
        shape[1] = fixed.get("middle", shape[1])
    if chance(draw, 16) and not fixed.keys() & {"E", "rows"}:
        shape[pick(draw, range(rank))] = 0
    scale, offset = pick(draw, SCALES), pick(draw, OFFSETS)
    if chance(draw, 8):
        scale, offset = pick(draw, EXTREMES), 0.0
    scale, offset = fixed.get("scale", scale), fixed.get("offset", offset)
    x = fill.array(*shape, scale=scale) + offset
    constant = pick(draw, fixed.get("constant", (0.0, 0.0, 0.0, 0.3)))
    if constant:
        alike = fill.random().random_sample((*shape[:-1], 1)) < constant
        x = np.where(alike, x[..., :1], x)
    arrays = {
        "x": representable(x, dtype),
        "weight": fill.array(shape[-1]),
        "bias": fill.array(shape[-1]),
    }
    given, eps = chance(draw, 2), pick(draw, EPS)
    options = {"eps": fixed.get("eps", eps)} if given or "eps" in fixed else {}
    return with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)


USUAL: Fixed = {"rank": 2, "scale": 1.0, "offset": 0.0, "constant": (0.0,)}


def every_size(operation: Operation) -> list[Fixed]:
    """Each number of features and of positions up to 131; some beyond."""
    pinned = [{**n, **USUAL} for n in each(131, "E", "rows")]
    pinned += [{"rank": 2, "rows": n} for n in (0, LENGTHS[-1])]
    pinned += [{"rank": 2, "rows": 2, "E": n} for n in MODELS]
    return pinned + [{"E": n} for n in (0, *FEATURES, 255, 257, *LONG)] + wide()


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Fewer, for gradients: up to 67."""
    pinned = [{**n, **USUAL} for n in each(67, "E", "rows")]
    pinned += [{"rank": 2, "rows": n} for n in (0, *LENGTHS[-4:])]
    return pinned + [{"E": n} for n in (0, *FEATURES, 257)] + wide()


def wide() -> list[Fixed]:
    """One row at each of the widths, as many rows of two features, and a product of both.

    Positions along two axes.
    """
    few: Fixed = {**USUAL, "E": 2, "rows": 1}
    return widths(few, "E", "rows") + products(few, "rows E") + in_the_middle(few)


def every_combination(operation: Operation) -> list[Fixed]:
    """Every rank with every eps, offset, and share of constant positions; eps of all digits.

    Rank 7 once.
    """
    ranks, eps = (1, 2, 3, 4), (1e-5, 1e-3, 1e-12)
    offsets, constant = (0.0, 1000.0), ((0.0,), (1.0,))
    digits = [{**USUAL, "E": 5, "eps": e, "scale": scale} for e, scale in OF_VARIANCE]
    high: Fixed = {**USUAL, "rank": 7, "rows": 2, "E": 3}
    return [*digits, high] + [
        {"rank": rank, "eps": e, "offset": o, "constant": c, "scale": 1.0}
        for rank, e, o, c in product(ranks, eps, offsets, constant)
    ]


def unequal(operation: Operation) -> list[Fixed]:
    """Four shapes."""
    return [{"rank": 3, "E": 5}, {"rank": 2, "E": 7, "rows": 4}, {"rank": 4, "E": 3}, {"E": 33}]


def one_large(operation: Operation) -> list[Fixed]:
    """A million numbers."""
    return [{"rank": 2, "rows": 1030, "E": 1025}]


def large_products(operation: Operation) -> list[Fixed]:
    """Positions and features; many positions."""
    return [*pairs_of(USUAL, "rows", "E"), many_programs(USUAL | {"E": 2}, "rows")]


LAYER_NORM = Operation(
    spec=reference.layer_norm,
    vjp=reference.layer_norm_vjp,
    arrays={"x": "... E", "weight": "E", "bias": "E"},
    outputs={"y": "..."},
    kinds={"eps": Real(1e-12, 0.5)},
    case=layer_norm_case,
    sweeps=Sweeps(
        every_size,
        moderate_sizes,
        unequal,
        every_combination,
        every_combination,
        one_large,
        large_products,
        summed=("E", "rows"),
    ),
    benchmark=Benchmark(
        # sum, -, *, sum, /; *, +; then dy w: 1, two sums, the gradient of x: 8, of w and b: 3
        products={},
        entrywise={"R E": 7},
        gradient={"R E": 11},
    ),
)
