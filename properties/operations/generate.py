"""Cases of greedy decoding: parameters with which the text moves on from token to token."""

from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import with_cotangents
from seqlaws.properties.inputs.numbers import Draw, Filling, pick
from seqlaws.properties.inputs.operation import LAYER, Operation
from seqlaws.properties.inputs.sizes import (
    LONG,
    PLAIN,
    WIDTHS,
    Fixed,
    Sweeps,
    each,
    heads,
    pairs_of,
    whole,
    widths,
)
from seqlaws.properties.operations.encoder import layer_parameters, layer_sizes
from seqlaws.reference import decoder


def generate_case(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """One to three layers of decoders, up to nine tokens, rows that start differently."""
    fill = Filling(draw, dtype, fixed)
    n = layer_sizes(draw, "S F", "S", fixed)
    n["V"] = fixed.get("V", pick(draw, (5, 2, 3, 4, 6, 7, 8, 9)))
    n["layers"] = fixed.get("layers", pick(draw, (1, 2, 1, 2, 1, 3)))
    n["steps"] = fixed.get("steps", pick(draw, (5, 1, 2, 3, 4, 6, 7, 8, 9, 0)))
    gains = fixed.get("gains", (0.5, 0.25, 0.5, 1.0))
    gain = pick(draw, gains) / n["layers"]  # or no bound outlasts several layers
    arrays = {
        "memory": fill.array(n["B"], n["S"], n["E"]),
        "start": fill.random().randint(0, max(n["V"], 1), n["B"]).astype(np.int64),
        "params.embedding.weight": fill.array(n["V"], n["E"], scale=0.75),
    }
    for i in range(n["layers"]):
        arrays |= layer_parameters(fill, f"params.layers.{i}.", {**n, "F": n["F"] + i}, gain)
    arrays["params.projection.weight"] = fill.ordinary(n["V"], n["E"])
    bias = fill.array(n["V"], scale=0.25)
    if fixed.get("last_token"):
        bias[-1:] = 50.0
    arrays["params.projection.bias"] = bias
    options = {"steps": n["steps"], "num_heads": n["N"]}
    return with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)


def every_size(operation: Operation) -> list[Fixed]:
    """Each length of a text and of its source, vocabulary and width up to 37; heads up to 9.

    Many rows of few features: only some tokens are so near to others that a small error is seen.
    Each letter at 64, too, which tiles divide.
    """
    letters = {"steps": (0, 1), "V": (1, 65), "S": (0, 65), "layers": (1, 2, 3, 4)}
    bare: Fixed = {**PLAIN, "B": 48, "steps": 9, "layers": 1}
    loud: Fixed = {**bare, "gains": (1.0,), "D": 2}
    wide: Fixed = {**bare, "gains": (0.5,), "B": 96, "S": 1, "V": 65, "F": 2}
    pinned = [{**loud, "B": 24, "N": 3, **n} for n in each(37, "steps", "S", "V", "F")]
    pinned += [{**loud, "N": 2, **n} for n in each(37, "S", "V", "F")]
    pinned += [{**wide, **n} for n in heads(37, 9, 32)]
    pinned += [{**loud, "N": 3, "S": 2, "V": 33, "F": 5, "B": n} for n in range(18)]
    pinned += [{**loud, "N": 3, "S": 2, "V": 300, "F": 5, "B": 24}]
    pinned += [{letter: n} for letter, some in letters.items() for n in some]
    few: Fixed = {**loud, "N": 2, "S": 2, "V": 33, "F": 5}
    pinned += [*whole(few, "S", "V", "F"), {**few, "D": 32}]
    return pinned + long_texts() + past_widths()


TOKENS = 70_001  # more than 16 bits count
FEW: Fixed = {"B": 4, "S": 1, "N": 1, "D": 2, "F": 2, "V": 3, "steps": 2, "layers": 1}


def past_widths() -> list[Fixed]:
    """Each letter at the widths: vocabularies, sources, hidden units, rows; more features.

    Of one vocabulary the last token does not fit into 16 bits.
    """
    pinned = widths(FEW | {"last_token": True}, "V", sizes=(*WIDTHS, TOKENS))
    pinned += widths(FEW, "V", "S", "F")
    return pinned + widths(FEW, "B", sizes=WIDTHS[:1]) + widths(FEW, "D", sizes=(130, 258))


def ends(operation: Operation) -> list[Fixed]:
    """Each letter that a token sums over at a large size, for laws in which its end counts."""
    base = FEW | {
        "B": 8,
        "D": 4,
        "V": 33,
        "steps": 3,
        "gains": (1.0,),
    }  # a norm of two is only a sign
    return widths(base, "S", "F", sizes=WIDTHS[1:]) + widths(base, "D", sizes=LONG[-1:])


def large_products(operation: Operation) -> list[Fixed]:
    """Each pair of entries, memory, hidden units and tokens."""
    return pairs_of(FEW, "B", "S", "F", "V")


def long_texts() -> list[Fixed]:
    """Many choices among many tokens: some of them near, so that a small error is seen."""
    many: Fixed = {"gains": (0.5,), "V": 65, "steps": 33, "B": 9, "N": 2, "D": 4, "F": 8, "S": 5}
    return [{**many, "layers": n} for n in (1, 2, 2, 2)]


# every entry is drawn, or the text would hardly change
LIVELY: Fixed = {**PLAIN, "dense": True, "gains": (1.0,), "layers": 1}


def past_pages(operation: Operation) -> list[Fixed]:
    """Texts around and beyond the pages of a cache: 64, 128, 256 and 512 tokens."""
    few: Fixed = {**LIVELY, "N": 1, "D": 8, "F": 2, "S": 1, "V": 300}
    return [{**few, "B": 4, "steps": n} for n in (515, 65, 129, 257, 64, 66, 128, 130)]


def unequal(operation: Operation) -> list[Fixed]:
    """Two sets of sizes."""
    return [
        {"B": 2, "S": 5, "N": 2, "D": 3, "F": 4, "V": 7, "steps": 4, "layers": 1},
        {"B": 3, "S": 4, "N": 3, "D": 2, "F": 5, "V": 9, "steps": 6, "layers": 1},
    ]


def one_large(operation: Operation) -> list[Fixed]:
    """Many rows, and more tokens."""
    return [{"B": 67, "S": 70, "N": 4, "D": 8, "F": 65, "V": 300, "steps": 20, "layers": 2}]


GENERATE = Operation(
    spec=reference.generate,
    arrays={
        "memory": "B S E",
        "start": "B",
        "params.embedding.weight": "V E",
        **{f"params.{LAYER}{name}": axes for name, axes in decoder.PARAMETERS.items()},
        "params.projection.weight": "V E",
        "params.projection.bias": "V",
    },
    layouts=("BTE", "TBE"),
    outputs={"tokens": "B steps"},
    integers={"start": "V"},
    whole=True,
    share=0.5,
    way="token by token",
    case=generate_case,
    sweeps=Sweeps(every_size, every_size, unequal, one_large=one_large, products=large_products),
    long={"steps": 33, "gains": (0.5,)},
    benchmark=Benchmark(  # by one layer
        sizes={
            "B": (1, 2, 4),
            "N": (2, 4, 4),
            "S": (16, 64, 128),
            "E": (16, 64, 128),
            "F": (32, 128, 512),
            "V": (32, 256, 1024),
            "steps": (8, 32, 64),
        },
        # as a decoder layer of T = steps, a position with those before it alone; the logits
        products={
            "B steps E E": 12,
            "B steps steps E": 2,
            "B steps E": 2,
            "B steps S E": 4,
            "B steps E F": 4,
            "B S E E": 4,
            "B steps E V": 2,
        },
        # the same; embeddings with positions before it; a bias and a comparison for each logit
        entrywise={
            "B steps E": 32,
            "B steps F": 2,
            "B S E": 2,
            "B N steps steps": 3,
            "B N steps": 3,
            "B N steps S": 6,
            "steps E": 1.5,
            "B steps V": 2,
        },
    ),
)
