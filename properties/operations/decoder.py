"""Cases of a decoder layer: a sequence, a memory of another length, every kind of mask of it."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import with_cotangents
from seqlaws.properties.inputs.masks import attended
from seqlaws.properties.inputs.numbers import Draw, Filling, pick
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import Flag, Mask
from seqlaws.properties.inputs.sizes import (
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
from seqlaws.properties.operations.encoder import (
    ACTIVATION,
    SMALL,
    STACKED,
    both_norms,
    layer_parameters,
    layer_sizes,
)
from seqlaws.properties.operations.multi_head import few
from seqlaws.reference import decoder

MASK = Mask("B N T S")


def decoder_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """Every option beside every other; some of the memory may be masked for some or for all."""
    fill = Filling(draw, dtype, fixed)
    n = layer_sizes(draw, "T S F", "T S", fixed)
    gain = pick(draw, fixed.get("gains", (0.25, 0.5, 0.25, 1.0)))
    arrays = {
        "x": fill.array(n["B"], n["T"], n["E"]),
        "memory": fill.array(n["B"], n["S"], n["E"]),
        **layer_parameters(fill, "params.", n, gain),
    }
    options: dict[str, Any] = {"num_heads": n["N"]}
    options["activation"] = fixed.get("activation", pick(draw, ("relu", "gelu")))
    options["norm_first"] = fixed.get("norm_first", pick(draw, (False, True)))
    mask = MASK.drawn("memory_mask", draw, fill, n, fixed)
    if mask is not None:
        options["memory_mask"] = mask
    case = with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)
    features = pick(draw, (n["E"], 1))
    return replace(case, poison=(pick(draw, fixed.get("poison", (0.0, 1e6))), features))


def poisoned(case: Case) -> Case:
    """The case with its poison in the memory that nothing may attend to."""
    poison, features = case.poison
    hidden = ~np.any(attended(case), axis=(1, 2))[..., None]  # (B, S, 1)
    memory = np.array(case.arrays["memory"])
    memory[..., :features] = np.where(hidden, poison, memory[..., :features])
    return case.having(memory=memory)


KINDS = ("none", "boolean", "floating", "both")
OBLONG: tuple[Fixed, ...] = ({"T": 3, "S": 5}, {"T": 5, "S": 3})
DEFAULT: Fixed = {"mask": "none", "activation": "relu", "norm_first": False}


def every_size(operation: Operation) -> list[Fixed]:
    """Each length, width of a head and number of hidden units up to 67; heads up to 17.

    Of matrices, options and activations as for the encoder layer.
    """
    letters = {"T": (0, 65, 129), "S": (0, 65, 129), "F": (129,)}
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "gains": (0.125,)}
    sizes = beside(each(67, "T", "S", "F"), heads(67, 17, 48))
    pinned = [{**bare, **n, **kind} for kind in STACKED for n in sizes]
    pinned += [few(n) for n in range(38)] + wide() + of_models()
    return pinned + [{letter: n} for letter, some in letters.items() for n in some]


NARROW: Fixed = {**SMALL, "gains": (0.125,), "activation": "gelu"}


def of_models() -> list[Fixed]:
    """As many features as small models have, and as many steps; each alone, for it costs most."""
    return both_norms(widths(NARROW, "D", "T", sizes=LONG[-1:]))


def wide() -> list[Fixed]:
    """Entries, hidden units and memory at the widths; more features and steps; a product."""
    more = widths(NARROW, "D", sizes=(129, 257)) + widths(NARROW, "T", sizes=(129, 513))
    return both_norms(widths(NARROW, "B", "F", "S") + products(NARROW, "S T") + more)


def large_products(operation: Operation) -> list[Fixed]:
    """Hidden units and memory beside entries, beside steps, and beside each other."""
    return both_norms(pairs_of(NARROW, "B", "T", "S", "F", B=9, T=9))


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Fewer, for gradients: up to 31; matrices that make nothing larger."""
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "activation": "gelu", "gains": (0.125,)}
    pinned = [{**bare, **n} for n in beside(each(37, "T", "S", "F"), heads(37, 9, 37))]
    pinned += [{letter: n} for letter in "TS" for n in (0, 33)]
    pinned += [few(n) | {"gains": (0.25,)} for n in range(10)]
    return pinned + wide()[:9:2] + wide()[-4:-1:2] + of_models()


def every_combination(operation: Operation) -> list[Fixed]:
    """Every combination of options at two sizes; masks along each of B, N, T and S."""
    options = product(KINDS, ("relu", "gelu"), (False, True), OBLONG)
    along = product(KINDS[1:3], product((True, False), repeat=3), ("S", 1))
    masks: list[Fixed] = [
        {**DEFAULT, "B": 2, "N": 2, "T": 2, "S": 3, "mask": kind, "axes": axes, "last": last}
        for kind, axes, last in along
    ]
    return [
        {**n, "mask": kind, "activation": activation, "norm_first": first}
        for kind, activation, first, n in options
    ] + [*masks, *far()]


def of_gradients(operation: Operation) -> list[Fixed]:
    """Every combination of options at one size."""
    return every_combination(operation)[:32:2] + far()


def far() -> list[Fixed]:
    """Each kind of mask beside a long memory, many steps and entries; sizes that tiles divide."""
    ends: list[Fixed] = [{"S": WIDTHS[-1]}, {"T": 515}, {"B": 259, "T": 2}]
    masked = [NARROW | n | {"mask": m} for n in ends for m in ("boolean", "floating")]
    return both_norms(masked + whole(NARROW, "T", "S", "D", "F"))


def unequal(operation: Operation) -> list[Fixed]:
    """Two sets of sizes, before and behind the norm."""
    return [
        {"B": 2, "T": 4, "S": 7, "N": 3, "D": 2, "F": 5, "mask": "boolean", "norm_first": False},
        {"B": 3, "T": 5, "S": 2, "N": 2, "D": 2, "F": 6, "mask": "floating", "norm_first": True},
    ]


def one_large(operation: Operation) -> list[Fixed]:
    """A longer text over a longer source; as many features as models have; very many entries."""
    long: Fixed = {"B": 4, "T": 65, "S": 130, "N": 4, "D": 16, "F": 128}
    wide: Fixed = {"B": 2, "T": 5, "S": 7, "N": 8, "D": 40, "F": 600}
    many: Fixed = {**few(14_600), "T": 9}
    return [{**DEFAULT, **n} for n in (long, wide, many)]


DECODER_LAYER = Operation(
    spec=reference.decoder_layer,
    vjp=reference.decoder_layer_vjp,
    arrays={
        "x": "B T E",
        "memory": "B S E",
        **{f"params.{name}": axes for name, axes in decoder.PARAMETERS.items()},
    },
    outputs={"out": "B T E"},
    layouts=("BTE", "TBE"),
    share=0.5,
    kinds={"activation": ACTIVATION, "norm_first": Flag(), "memory_mask": MASK},
    case=decoder_case,
    poisoned=poisoned,
    sweeps=Sweeps(
        every_size,
        moderate_sizes,
        unequal,
        every_combination,
        of_gradients,
        one_large,
        large_products,
        summed=("S", "F"),
    ),
    long={"S": 65, "gains": (0.125,)},
    benchmark=Benchmark(
        sizes={
            "B": (1, 4, 8),
            "N": (2, 4, 4),
            "T": (16, 64, 128),
            "S": (16, 64, 128),
            "E": (16, 64, 128),
            "F": (32, 128, 512),
        },
        # of T: six projections, two products with keys and values; of S: two; two matrices of E F
        products={"B T E E": 12, "B T T E": 4, "B T S E": 4, "B T E F": 4, "B S E E": 4},
        # biases 4 + 2, of the memory 2, sums past the sublayers 3, norms 3 x 7, linear2 1; then
        # those biases, sums, dq + dk + dv 2, of the memory dk + dv 1, norms 3 x 11
        entrywise={"B T E": 31, "B T F": 2, "B S E": 2, "B N T T": 6, "B N T S": 6},
        gradient={"B T E": 45, "B T F": 3, "B S E": 3, "B N T T": 5, "B N T S": 5},
    ),
)
