"""Cases of attention, and masks for whatever has one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.dense import SIZES, larger, sized
from seqlaws.properties.inputs.drawing import (
    drawn_sizes,
    with_cotangents,
)
from seqlaws.properties.inputs.masks import attended
from seqlaws.properties.inputs.numbers import Draw, Filling, chance, pick
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import Flag, Integer, Mask, Real, Window, same
from seqlaws.properties.inputs.sizes import Sweeps
from seqlaws.properties.operations.attention_sweeps import (
    every_combination,
    every_size,
    large_products,
    moderate_sizes,
    of_gradients,
    one_large,
    unequal,
)


def attention_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Heads that share keys, unequal sizes, and every option beside every other."""
    fill = Filling(draw, dtype, fixed)
    n = drawn_sizes(draw, "L S D Dv", "L S", fixed)
    n["B"] = fixed.get("B", pick(draw, (1, 2, 3, 2)))
    n["M"] = fixed.get("M", pick(draw, (1, 2, 3)))
    n["N"] = n["M"] * fixed.get("group", pick(draw, (1, 2, 3)))
    if chance(draw, 6) and "B" not in fixed:
        n["B"] = n["N"]
    scale = pick(draw, fixed.get("scales", (1.0, 1.0, 1.0, 3.0)))
    arrays = {
        "q": fill.array(n["B"], n["N"], n["L"], n["D"], scale=scale),
        "k": fill.array(n["B"], n["M"], n["S"], n["D"], scale=scale),
        "v": fill.array(n["B"], n["M"], n["S"], n["Dv"]),
    }
    options = attention_options(draw, operation, fill, n, fixed)
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    features = pick(draw, (n["D"] + n["Dv"], 1))
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), features))


def attention_options(
    draw: Draw,
    operation: Operation,
    fill: Filling,
    n: Mapping[str, int],
    fixed: Mapping[str, Any],
) -> dict[str, Any]:
    """All options, each given or not, whatever the others."""
    options: dict[str, Any] = {}
    options["mask"] = operation.kinds["mask"].drawn("mask", draw, fill, n, fixed)
    options["is_causal"] = pick(draw, (False, True))
    given = pick(draw, (0.7, 0.3, 1.1, 0.0, -0.7, 2, 0.1, 1 / 64))
    scale = pick(draw, (None, given))
    options["scale"] = scale
    near = (0, 0, 1, 2, n["S"] - n["L"], 3, -1)
    options["query_offset"] = pick(draw, near)
    sides = (0, 1, 2, 3, 4, 8, 16, 17, 33)
    left, right, bounded = pick(draw, sides), pick(draw, sides), pick(draw, (3, 1, 2, 3))
    window = left if bounded & 1 else None, right if bounded & 2 else None
    options["window"] = window if chance(draw, 3) else None
    options["softcap"] = pick(draw, (2.0, 0.7, 1.1, 0.07, 30.3, 50.0)) if chance(draw, 3) else None
    options |= {name: fixed[name] for name in options.keys() & fixed.keys() - {"mask"}}
    defaults = operation.options
    return {name: o for name, o in options.items() if not same(o, defaults[name])}


def poisoned(case: Case) -> Case:
    """The case with its poison in keys and values that no query may attend to."""
    poison, features = case.poison
    seen = attended(case)
    hidden = ~np.any(seen, axis=2)[..., None]  # (B, N, S, 1), by query head
    batch, m, s, _ = case.arrays["k"].shape
    group = case.arrays["q"].shape[1] // m
    hidden = np.all(hidden.reshape(batch, m, group, s, 1), axis=2)
    spoilt = {name: np.array(case.arrays[name]) for name in ("k", "v")}
    for array in spoilt.values():
        array[..., :features] = np.where(hidden, poison, array[..., :features])
    return case.having(**spoilt)


TOLD_APART: tuple[dict[str, Any], ...] = (
    {"is_causal": True},
    {"is_causal": True, "query_offset": 2},
    {"window": (2, 1), "query_offset": 1},
    {"mask": "boolean"},
    {"mask": "floating"},
    {"scale": 0.3, "softcap": 1.5},
    {"scale": 3000.0, "is_causal": True},
    {"scale": 100.0, "mask": "with an empty row"},
    {"is_causal": True, "mask": "boolean"},
    {"is_causal": True, "softcap": 1.5},
    {"window": (1, 1), "softcap": 1.5},
    {"mask": "boolean", "window": (1, 2)},
    {"mask": "both", "is_causal": True, "scale": 0.6, "softcap": 2.0, "window": (3, 0)},
)


def discriminating(witness: Case, offers: Callable[[str], bool]) -> Iterator[Case]:
    """With the options of a failing case, then with others that are offered."""
    yield sized(witness, {})
    yield larger(sized(witness, {}))
    for options in TOLD_APART:
        if all(offers(name) for name in options):
            yield sized(witness, options, only=True)
    if offers("is_causal"):
        yield sized(witness, {"is_causal": True}, only=True, S=SIZES["L"])
        if offers("query_offset"):
            yield sized(witness, {"is_causal": True, "query_offset": 2}, only=True, L=1)
    yield sized(witness, {}, only=True)


ATTENTION = Operation(
    spec=reference.attention,
    vjp=reference.attention_vjp,
    arrays={"q": "B N L D", "k": "B M S D", "v": "B M S Dv"},
    outputs={"out": "B N L Dv"},
    kinds={
        "mask": Mask("B N L S"),
        "is_causal": Flag(),
        "scale": Real(0.0, 2.0, swept=(0.3, 0.0, 0.05)),
        "query_offset": Integer(-1, 3, swept=(2, -1)),
        "window": Window(),
        "softcap": Real(0.5, 50.0, swept=(0.5,)),
    },
    core={
        "M N": "fewer key heads than query heads",
        "Dv D": "value features unlike key features",
        "L S": "queries and keys unlike in number",
    },
    case=attention_case,
    poisoned=poisoned,
    sweeps=Sweeps(
        every_size,
        moderate_sizes,
        unequal,
        every_combination,
        of_gradients,
        one_large,
        large_products,
        summed=("S", "L", "D", "group"),
    ),
    discriminating=discriminating,
    layouts=("BHSD", "BSHD", "SBHD"),
    extras={"lse": ("B N L", reference.attention_log_sum_exp)},
    reach=("v", "S"),
    benchmark=Benchmark(
        sizes={
            "B": (1, 2, 1),
            "N": (2, 4, 8),
            "M": (2, 4, 8),
            "L": (16, 128, 512),
            "S": (16, 128, 512),
            "D": (16, 64, 64),
            "Dv": (16, 64, 64),
        },
        products={"B N L S D": 2, "B N L S Dv": 2},  # q k^T and p v
        entrywise={"B N L S": 6},  # the scale and softmax
        gradient={"B N L S": 5},  # softmax's gradient and the scale
        dtypes_of_kernel=("float32", "bfloat16", "float16"),
    ),
)
