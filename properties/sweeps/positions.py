"""What to pin for the sinusoidal encoding and for the rotary embedding."""

from itertools import product

from seqlaws.properties.strategies.positions import KINDS
from seqlaws.properties.sweeps.common import (
    BATCHES,
    FEATURES,
    LENGTHS,
    LONG,
    MODELS,
    WIDTHS,
    Fixed,
    Sweeps,
    nothing,
)

EVEN = (
    2,
    4,
    6,
    8,
    10,
    14,
    16,
    18,
    24,
    30,
    32,
    34,
    62,
    64,
    66,
    80,
    96,
    126,
    128,
    130,
    192,
    256,
    512,
)


def lengths_and_dims(operation: str) -> list[Fixed]:
    """Each length and each dim, odd ones and those of models, too, beside another."""
    dims = (0, *FEATURES, 255, *LONG)
    wide: list[Fixed] = [{"length": 3, "dim": n} for n in MODELS]
    return [{"length": n} for n in (*LENGTHS, *LONG)] + [{"dim": n} for n in dims] + wide


def few_lengths(operation: str) -> list[Fixed]:
    """Two tables."""
    return [{"length": 9, "dim": 6}, {"length": 17, "dim": 5}]


def every_size(operation: str) -> list[Fixed]:
    """Each letter at each size, and every way to pair so many features."""
    letters = {"L": LENGTHS, "B": BATCHES, "N": WIDTHS}
    pinned: list[Fixed] = [{letter: n} for letter, sizes in letters.items() for n in sizes]
    pinned += [{"D": n, "interleaved": way} for n in EVEN for way in (False, True)]
    return pinned + [{"N": n, "L": n} for n in (2, 3, 4, 8)]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients."""
    letters = {"L": LENGTHS[:-3], "B": BATCHES[:6], "N": WIDTHS[:5], "D": EVEN[:12]}
    return [{letter: n} for letter, sizes in letters.items() for n in sizes]


def every_combination(operation: str) -> list[Fixed]:
    """Every kind of positions, with every base, in both pairings."""
    kinds, bases, ways = sorted(set(KINDS)), (10000.0, 500000.0, 100.0, 2.0), (False, True)
    return [
        {"positions": kind, "base": base, "interleaved": way, "L": 6, "D": 8}
        for kind, base, way in product(kinds, bases, ways)
    ]


def of_gradients(operation: str) -> list[Fixed]:
    """Every kind of positions, in both pairings."""
    return [one for one in every_combination(operation) if one["base"] == 100.0]


def unequal(operation: str) -> list[Fixed]:
    """Four shapes, paired in both ways."""
    shapes: list[Fixed] = [{"B": 2, "N": 3, "L": 5, "D": 8}, {"B": 3, "N": 2, "L": 17, "D": 10}]
    return [shape | {"interleaved": way} for shape in shapes for way in (False, True)]


def one_large(operation: str) -> list[Fixed]:
    """Long sequences of wide heads."""
    return [{"B": 2, "N": 4, "L": 1030, "D": 128}]


ENCODING = Sweeps(lengths_and_dims, nothing, few_lengths)
ROTARY = Sweeps(every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large)
