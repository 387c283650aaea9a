"""Cases of the sinusoidal encoding and of the rotary embedding."""

from itertools import product
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import (
    drawn_sizes,
    rounded_numbers,
    with_cotangents,
)
from seqlaws.properties.inputs.numbers import Array, Draw, Filling, chance, pick
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import DIGITS, Flag, Real
from seqlaws.properties.inputs.sizes import (
    BATCHES,
    FEATURES,
    LENGTHS,
    LONG,
    MODELS,
    PLAIN,
    Fixed,
    Sweeps,
    each,
    nothing,
    pairs_of,
    products,
    widths,
)

FAR = 1_000_000  # the last position that the contract names
OFFSETS = (0, 1, 3, 50, 255, 2047, 4096, 30_000)
KINDS = ("consecutive", "scattered", "consecutive", "negative", "repeated", "far", "constant")


def encoding_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Any length and dim, sometimes one of them 0."""
    fill = Filling(draw, dtype)
    sizes = drawn_sizes(draw, "length dim", "length dim", fixed)
    if chance(draw, 12) and "length" not in fixed:
        sizes["length"] = pick(draw, (257, 1025, 4097))
    return with_cotangents(Case(operation, dtype, {}, sizes), fill, fixed)


def rotary_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Both ways of pairing features, several bases, positions of every kind."""
    fill = Filling(draw, dtype, fixed)
    if "D" in fixed:
        fixed["half"] = fixed["D"] // 2
    n = drawn_sizes(draw, "L half", "L", fixed)
    n["B"] = fixed.get("B", pick(draw, (1, 2, 3, 0) if chance(draw, 12) else (1, 2, 3, 2)))
    n["N"] = fixed.get("N", pick(draw, (1, 2, 3, 5)))
    if chance(draw, 6) and not fixed.keys() & {"L", "N"}:  # heads may be taken for positions
        n["L"] = n["N"]
    x = fill.array(n["B"], n["N"], n["L"], 2 * n["half"])
    kind = fixed.get("positions", pick(draw, KINDS))
    arrays = {"x": x, "positions": drawn_positions(draw, fill, kind, n["L"])}
    options: dict[str, Any] = {
        "base": pick(draw, (10000.0, 10000.0, 500000.0, 10_000.5, 30.3)),
        "interleaved": pick(draw, (False, True)),
    }
    options |= {name: fixed[name] for name in options.keys() & fixed.keys()}
    given = {o: v for o, v in options.items() if v not in (10000.0, False) or not chance(draw, 2)}
    return with_cotangents(Case(operation, dtype, arrays, given), fill, fixed)


def drawn_positions(draw: Draw, fill: Filling, kind: str, length: int) -> Array:
    """Positions (length,), of a kind; up to a million."""
    random, offset = fill.random(), pick(draw, OFFSETS)
    most = pick(draw, (8, 64, 512, 4096, 32_768))
    made: dict[str, Array] = {
        "consecutive": offset + np.arange(length),
        "scattered": random.randint(0, most, length),
        "negative": random.randint(-most, most, length),
        "repeated": random.randint(0, 3, length) * (1 + offset),
        "far": random.randint(FAR // 10, FAR + 1, length),
        "constant": np.full(length, offset),
    }
    return made[kind].astype(np.int64)


def other(case: Case, name: str, random: np.random.RandomState) -> Array:
    """Return other numbers of order 1, or other positions."""
    if name != "positions":
        return rounded_numbers(case, name, random)
    return np.asarray(random.randint(-500, 5000, case.arrays[name].shape), np.int64)


def lengths_and_dims(operation: Operation) -> list[Fixed]:
    """Each length and each dim up to 131, odd ones, too; those of models beyond."""
    pinned = each(131, "length", "dim") + [{"dim": n} for n in (0, *FEATURES, 255, *LONG)]
    pinned += [{"length": 3, "dim": n} for n in MODELS]
    pinned += widths({"length": 2, "dim": 2}, "length", "dim")
    pinned += products({}, "length dim")
    return pinned + [{"length": n} for n in (0, LENGTHS[-1], *LONG)]


def few_lengths(operation: Operation) -> list[Fixed]:
    """Two tables."""
    return [{"length": 9, "dim": 6}, {"length": 17, "dim": 5}]


def every_size(operation: Operation) -> list[Fixed]:
    """Each length and every way to pair so many features, up to 67 pairs; batches and heads."""
    pinned = turned(67, 37, interleaved=False) + turned(67, 37, interleaved=True)
    pinned += [{"L": n} for n in (0, *LENGTHS[-4:])] + [{"B": n} for n in BATCHES]
    pinned += [{"D": n, "interleaved": way} for n in (160, 192, 256, 512) for way in (False, True)]
    return pinned + [{"N": n, "L": n} for n in (2, 3, 4, 8)] + wide()


FEW: Fixed = {"positions": "consecutive", "B": 1, "N": 1, "L": 1, "half": 1}


def wide() -> list[Fixed]:
    """Each letter at the widths, the others small; products of two."""
    return widths(FEW, "B", "N", "L", "half") + products(FEW, "B N", "L N", "L half")


def turned(pairs: int, number: int, *, interleaved: bool) -> list[Fixed]:
    """Each number of pairs and of positions up to `pairs`; of heads and in a batch up to `number`.

    One after another they are nowhere but in their places.
    """
    way: Fixed = {"interleaved": interleaved, "positions": "consecutive"}
    some = [{**n, **way, "B": 1, "N": 1 + n["L"] % 2} for n in each(pairs, "L", "half")]
    many = [{**n, **way, "L": 2, "half": 2} for n in each(number, "B", "N")]
    return some + many


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Fewer, for gradients."""
    pinned = turned(37, 17, interleaved=False) + turned(37, 17, interleaved=True)
    pinned += [{"L": n} for n in (0, *LENGTHS[-7:-3])]
    return [*pinned, {"B": 0}, *({"half": n, **PLAIN} for n in (63, 64, 65)), *wide()]


def every_combination(operation: Operation) -> list[Fixed]:
    """Every kind of positions, with every base, in both pairings."""
    kinds, bases, ways = sorted(set(KINDS)), (10000.0, 500000.0, 100.0, 2.0, 0.5), (False, True)
    combined = [*product(kinds, bases, ways), *product(("far", "consecutive"), DIGITS, ways)]
    return [
        {"positions": kind, "base": base, "interleaved": way, "L": 6, "D": 8}
        for kind, base, way in combined
    ]


def of_gradients(operation: Operation) -> list[Fixed]:
    """Every kind of positions, in both pairings."""
    return [one for one in every_combination(operation) if one["base"] == 100.0]


def unequal(operation: Operation) -> list[Fixed]:
    """Four shapes, paired in both ways."""
    shapes: list[Fixed] = [{"B": 2, "N": 3, "L": 5, "D": 8}, {"B": 3, "N": 2, "L": 17, "D": 10}]
    return [shape | {"interleaved": way} for shape in shapes for way in (False, True)]


def one_large(operation: Operation) -> list[Fixed]:
    """Long sequences of wide heads."""
    return [{"B": 2, "N": 4, "L": 1030, "D": 128, "positions": "consecutive"}]


def products_of_a_table(operation: Operation) -> list[Fixed]:
    """Length and width."""
    return pairs_of({}, "length", "dim")


def large_products(operation: Operation) -> list[Fixed]:
    """Each pair of letters."""
    return pairs_of(FEW, "B", "N", "L", "half")


POSITIONAL_ENCODING = Operation(
    spec=reference.positional_encoding,
    arrays={},
    outputs={"encoding": "length dim"},
    dtypes=("float64",),
    case=encoding_case,
    sweeps=Sweeps(lengths_and_dims, nothing, few_lengths, products=products_of_a_table),
    long={"length": 4097},
    benchmark=Benchmark(
        sizes={"length": (16, 256, 1024), "dim": (16, 64, 512)},
        products={},
        entrywise={"length dim": 1.5},  # a product, a sine and a cosine for each pair of columns
    ),
)
ROTARY_EMBEDDING = Operation(
    spec=reference.rotary_embedding,
    vjp=reference.rotary_embedding_vjp,
    arrays={"x": "B N L D", "positions": "L"},
    outputs={"out": "B N L D"},
    integers={"positions": ""},
    kinds={"base": Real(2.0, 500_000.0), "interleaved": Flag()},
    layouts=("BHSD", "BSHD", "SBHD"),
    case=rotary_case,
    other=other,
    sweeps=Sweeps(
        every_size,
        moderate_sizes,
        unequal,
        every_combination,
        of_gradients,
        one_large,
        large_products,
    ),
    benchmark=Benchmark(
        sizes={"B": (1, 2, 2), "N": (2, 8, 16), "L": (16, 128, 1024), "D": (16, 64, 128)},
        products={},
        # a product, a cosine and a sine for each angle; two products and a sum for each feature
        entrywise={"L D": 1.5, "B N L D": 3},
        gradient={},  # a rotation, too, that needs nothing of the forward one
    ),
)
