"""What to pin for a decoder layer: sizes, heads, every pair of options, every kind of mask."""

from itertools import product

from seqlaws.properties.sweeps.common import PLAIN, Fixed, Sweeps, beside, each, heads
from seqlaws.properties.sweeps.encoder import STACKED
from seqlaws.properties.sweeps.multi_head import few

KINDS = ("none", "boolean", "floating", "both")
OBLONG: tuple[Fixed, ...] = ({"T": 3, "S": 5}, {"T": 5, "S": 3})
DEFAULT: Fixed = {"mask": "none", "activation": "relu", "norm_first": False}


def every_size(operation: str) -> list[Fixed]:
    """Each length, width of a head and number of hidden units up to 67; heads up to 17.

    Of matrices, options and activations as for the encoder layer.
    """
    letters = {"T": (0, 65, 129), "S": (0, 65, 129), "F": (129,)}
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "gains": (0.125,)}
    sizes = beside(each(67, "T", "S", "F"), heads(67, 17, 48))
    pinned = [{**bare, **n, **kind} for kind in STACKED for n in sizes]
    pinned += [few(n) for n in range(38)]
    return pinned + [{letter: n} for letter, some in letters.items() for n in some]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients: up to 31; matrices that make nothing larger."""
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "activation": "gelu", "gains": (0.125,)}
    pinned = [{**bare, **n} for n in beside(each(37, "T", "S", "F"), heads(37, 9, 37))]
    pinned += [{letter: n} for letter in "TS" for n in (0, 33)]
    return pinned + [few(n) | {"gains": (0.25,)} for n in range(10)]


def every_combination(operation: str) -> list[Fixed]:
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
    ] + masks


def of_gradients(operation: str) -> list[Fixed]:
    """Every combination of options at one size."""
    return every_combination(operation)[:32:2]


def unequal(operation: str) -> list[Fixed]:
    """Two sets of sizes, before and behind the norm."""
    return [
        {"B": 2, "T": 4, "S": 7, "N": 3, "D": 2, "F": 5, "mask": "boolean", "norm_first": False},
        {"B": 3, "T": 5, "S": 2, "N": 2, "D": 2, "F": 6, "mask": "floating", "norm_first": True},
    ]


def one_large(operation: str) -> list[Fixed]:
    """A longer text over a longer source; as many features as models have."""
    long: Fixed = {"B": 4, "T": 65, "S": 130, "N": 4, "D": 16, "F": 128}
    wide: Fixed = {"B": 2, "T": 5, "S": 7, "N": 8, "D": 40, "F": 600}
    return [{**DEFAULT, **n} for n in (long, wide)]


DECODER = Sweeps(every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large)
