"""What to pin for a decoder layer: sizes, heads, every pair of options, every kind of mask."""

from itertools import product

from seqlaws.properties.sweeps.common import BATCHES, WIDTHS, Fixed, Sweeps

STEPS = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65)
HEADS = (1, 2, 3, 4, 5, 8)
KINDS = ("none", "boolean", "floating", "both")
OBLONG: tuple[Fixed, ...] = ({"T": 3, "S": 5}, {"T": 5, "S": 3})
PLAIN: Fixed = {"mask": "none", "activation": "relu", "norm_first": False}


def every_size(operation: str) -> list[Fixed]:
    """Each letter at each size."""
    letters = {"T": STEPS, "S": STEPS, "N": HEADS, "D": WIDTHS[:-2], "F": WIDTHS, "B": BATCHES[:-2]}
    return [{letter: n} for letter, sizes in letters.items() for n in sizes]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients."""
    few = {"T": STEPS[:10], "S": STEPS[:10], "N": HEADS[:4], "D": WIDTHS[:6], "F": WIDTHS[:6]}
    return [{letter: n} for letter, sizes in {**few, "B": (0, 1, 4)}.items() for n in sizes]


def every_combination(operation: str) -> list[Fixed]:
    """Every combination of options at two sizes; masks along each of B, N, T and S."""
    options = product(KINDS, ("relu", "gelu"), (False, True), OBLONG)
    along = product(KINDS[1:3], product((True, False), repeat=3), ("S", 1))
    masks: list[Fixed] = [
        {**PLAIN, "B": 2, "N": 2, "T": 2, "S": 3, "mask": kind, "axes": axes, "last": last}
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
    """A longer text over a longer source."""
    return [{**PLAIN, "B": 4, "T": 65, "S": 130, "N": 4, "D": 16, "F": 128}]


DECODER = Sweeps(every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large)
