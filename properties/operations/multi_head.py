"""Cases of multi-head attention: of one sequence to itself, or of one to another."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import (
    drawn_sizes,
    with_cotangents,
)
from seqlaws.properties.inputs.masks import attended
from seqlaws.properties.inputs.numbers import Array, Draw, Filling, pick
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import Flag, Mask
from seqlaws.properties.inputs.sizes import (
    LENGTHS,
    LONG,
    PLAIN,
    WIDTHS,
    Fixed,
    Sweeps,
    beside,
    each,
    heads,
    pairs_of,
    products,
    whole,
    widths,
)

MASK = Mask("B N L S")
SOURCES = ("three", "self", "memory")  # all different; all the same; key and value the same


def multi_head_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Heads of one feature and more, one head and more, L unlike S, all kinds of masks."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "L S D", "L S", fixed) | drawn_heads(draw, fixed)
    n["B"] = fixed.get("B", pick(draw, (2, 1, 3, n["N"])))
    source = pick(draw, SOURCES)
    source = fixed.get("source", source)
    if source == "self":
        n["S"] = n["L"]
    n |= features(n, fixed)
    scale = pick(draw, fixed.get("scales", (1.0, 1.0, 1.0, 3.0)))
    query = fill.array(n["B"], n["L"], n["E"], scale=scale)
    key = query if source == "self" else fill.array(n["B"], n["S"], n["E"], scale=scale)
    value = fill.array(n["B"], n["S"], n["E"]) if source == "three" else key
    arrays = {"query": query, "key": key, "value": value, **attention_parameters(fill, n["E"])}
    options = {"num_heads": n["N"], **mask_options(draw, fill, n, fixed)}
    is_causal = pick(draw, (False, True))
    if fixed.get("is_causal", is_causal):
        options["is_causal"] = True
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    spoilt = pick(draw, (n["E"], 1))  # features
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), spoilt))


def drawn_heads(draw: Draw, fixed: Mapping[str, Any]) -> dict[str, int]:
    """How many heads there are."""
    heads = pick(draw, (2, 1, 3, 4))
    return {"N": fixed.get("N", heads)}


def features(n: Mapping[str, int], fixed: Mapping[str, Any]) -> dict[str, int]:
    """E, which is N D; where it is pinned, at most so many heads, and the D that follows."""
    if "E" not in fixed:
        return {"E": n["N"] * n["D"]}
    heads = max(h for h in range(1, n["N"] + 1) if fixed["E"] % h == 0)
    return {"E": fixed["E"], "N": heads, "D": fixed["E"] // heads}


def attention_parameters(fill: Filling, width: int) -> dict[str, Array]:
    """The projections' weights and biases: none of them 0, so that no product is lost."""
    scale = max(width, 1) ** -0.5
    return {
        "in_proj_weight": fill.array(3 * width, width, scale=scale),
        "in_proj_bias": fill.array(3 * width, scale=0.5),
        "out_proj_weight": fill.array(width, width, scale=scale),
        "out_proj_bias": fill.array(width, scale=0.5),
    }


def mask_options(
    draw: Draw, fill: Filling, n: Mapping[str, int], fixed: Mapping[str, Any]
) -> dict[str, Array]:
    """A mask over (B, N, L, S), of any kind, or none."""
    mask = MASK.drawn("mask", draw, fill, n, fixed)
    return {} if mask is None else {"mask": mask}


def poisoned(case: Case) -> Case:
    """The case with its poison in keys and values that no query of any head may attend to."""
    poison, features = case.poison
    hidden = ~np.any(attended(case), axis=(1, 2))[..., None]  # (B, S, 1)
    spoilt = {name: np.array(case.arrays[name]) for name in ("key", "value")}
    for array in spoilt.values():
        array[..., :features] = np.where(hidden, poison, array[..., :features])
    return case.having(**spoilt)


OBLONG: tuple[Fixed, ...] = ({"L": 6, "S": 9}, {"L": 9, "S": 6})
APART: Fixed = {"source": "three"}  # or S would be L


def every_size(operation: Operation) -> list[Fixed]:
    """Each length and width of a head up to 67, heads up to 33; lengths beside the bare flag."""
    beyond = (0, *LENGTHS[-7:])
    bare: Fixed = {**PLAIN, "B": 1, "mask": None}
    causal: Fixed = {**bare, "source": "self", "is_causal": True, "N": 2, "D": 3}
    sizes = beside(each(67, "L", "S"), heads(67, 33, 67))
    pinned: list[Fixed] = [{**causal, "L": n} for n in range(68)]
    pinned += [{**bare, **APART, "is_causal": False, **n} for n in sizes]
    pinned += [{**APART, **few(n)} for n in range(38)]
    return pinned + [{**APART, letter: n} for letter in "LS" for n in beyond] + wide()


def wide() -> list[Fixed]:
    """Each letter at the widths, of two features; widths of models have too many weights."""
    small: Fixed = {**few(1), **APART, "L": 1, "N": 1, "is_causal": False}
    pinned = widths(small, "B", "L", "S") + products(small, "S L", "B S")
    return pinned + widths(small, "D", sizes=(129, 257, LONG[-1]))


def few(batch: int) -> Fixed:
    """Pin the size of the batch, and all other sizes to 2 or 3."""
    return {**PLAIN, "mask": None, "B": batch, "L": 2, "T": 2, "S": 3, "N": 2, "D": 2, "F": 3}


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Fewer, for gradients: up to 37."""
    beyond = (0, *LENGTHS[-9:-5])
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "is_causal": False}
    pinned = [{**bare, **APART, **n} for n in beside(each(37, "L", "S"), heads(37, 17, 37))]
    pinned += [{**APART, **few(n)} for n in range(38)]
    return pinned + [{**APART, letter: n} for letter in "LS" for n in beyond] + wide()[1::2]


def every_combination(operation: Operation) -> list[Fixed]:
    """Every kind of mask with and without the causal flag, of every source; every shape of mask."""
    kinds = product((None, "boolean", "floating", "both"), (False, True), SOURCES, OBLONG)
    given = [{"mask": m, "is_causal": c, "source": s, **n} for m, c, s, n in kinds]
    return (
        given
        + far()
        + shapes_of_masks(
            [
                {**APART, "L": 5, "S": 7, "B": 2, "N": 3, "D": 3, "is_causal": False},
                {**APART, "L": 2, "S": 3, "B": 2, "N": 2, "D": 3, "is_causal": False},
            ]
        )
    )


def of_gradients(operation: Operation) -> list[Fixed]:
    """Return every kind of mask, with and without the causal flag, of every source, at one size."""
    kinds = product((None, "boolean", "floating", "both"), (False, True), SOURCES)
    given = [{"mask": m, "is_causal": c, "source": s, **OBLONG[c]} for m, c, s in kinds]
    return given + far()


def far() -> list[Fixed]:
    """Each kind of mask beside many keys, queries and entries, and the flag over many steps.

    Then sizes that tiles divide.
    """
    small: Fixed = {**few(1), **APART, "L": 2, "N": 1, "is_causal": False}
    ends: list[Fixed] = [{"S": WIDTHS[-1]}, {"L": WIDTHS[-1]}, {"B": 259}]
    masked = [small | n | {"mask": kind} for kind in ("boolean", "floating") for n in ends]
    causal: Fixed = {"source": "self", "L": 515, "is_causal": True}
    masked += [small | causal | {"mask": kind} for kind in (None, "boolean")]
    return masked + whole(small, "L", "S", "D")


def shapes_of_masks(sizes: list[Fixed]) -> list[Fixed]:
    """A mask that differs along any of B, N, L and S, with all its axes or fewer.

    sizes: some unequal, some with B, N and L equal, so that one is taken for another.
    """
    along = product((True, False), repeat=3)
    shapes = list(product(("boolean", "floating"), along, (4, 3, 2), ("S", 1)))
    return [
        n | {"mask": kind, "axes": axes, "mask_rank": rank, "last": last}
        for kind, axes, rank, last in shapes
        if not any(axes[: 4 - rank])
        for n in sizes
    ]


def unequal(operation: Operation) -> list[Fixed]:
    """Two and three heads; one query alone; a sequence to itself."""
    return [
        {**APART, "B": 2, "L": 4, "S": 7, "N": 3, "D": 5},
        {**APART, "B": 3, "L": 17, "S": 6, "N": 2, "D": 8},
        {"source": "memory", "B": 2, "L": 1, "S": 9, "N": 4, "D": 3},
        {"source": "self", "B": 3, "L": 5, "N": 2, "D": 4},
    ]


def one_large(operation: Operation) -> list[Fixed]:
    """Long queries and longer keys; as many features as models have."""
    long: Fixed = {"B": 3, "L": 70, "S": 260, "N": 4, "D": 17}
    wide: Fixed = {"B": 2, "L": 5, "S": 7, "N": 8, "D": 40}
    return [{**APART, "mask": None, **n} for n in (long, wide)]


def large_products(operation: Operation) -> list[Fixed]:
    """Each pair of entries, lengths and features of one head; few of these: there is a square."""
    small: Fixed = {**few(1), **APART, "L": 1, "N": 1, "is_causal": False}
    return pairs_of(small, "B", "L", "S", "D", D=9)


MULTI_HEAD_ATTENTION = Operation(
    spec=reference.multi_head_attention,
    vjp=reference.multi_head_attention_vjp,
    arrays={
        "query": "B L E",
        "key": "B S E",
        "value": "B S E",
        "in_proj_weight": "3E E",
        "in_proj_bias": "3E",
        "out_proj_weight": "E E",
        "out_proj_bias": "E",
    },
    outputs={"out": "B L E"},
    kinds={"mask": MASK, "is_causal": Flag()},
    case=multi_head_case,
    poisoned=poisoned,
    sweeps=Sweeps(
        every_size,
        moderate_sizes,
        unequal,
        every_combination,
        of_gradients,
        one_large,
        large_products,
        summed=("S", "L"),
    ),
    layouts=("BTE", "TBE"),
    long={"S": 129, "source": "three"},
    benchmark=Benchmark(
        sizes={
            "B": (1, 2, 2),
            "N": (2, 4, 8),
            "L": (16, 128, 256),
            "S": (16, 128, 256),
            "E": (32, 128, 512),
        },
        # the projections of L queries, S keys and values, L outputs; q k^T and p v
        products={"B L E E": 4, "B S E E": 4, "B L S E": 4},
        # a bias for each projected number, then its gradient; the scale and softmax
        entrywise={"B L E": 2, "B S E": 2, "B N L S": 6},
        gradient={"B L E": 2, "B S E": 2, "B N L S": 5},
    ),
)
