"""What to pin for the sinusoidal encoding and for the rotary embedding."""

from itertools import product

from seqlaws.properties.strategies.positions import KINDS
from seqlaws.properties.sweeps.common import (
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
)


def lengths_and_dims(operation: str) -> list[Fixed]:
    """Each length and each dim up to 131, odd ones, too; those of models beyond."""
    pinned = each(131, "length", "dim") + [{"dim": n} for n in (0, *FEATURES, 255, *LONG)]
    pinned += [{"length": 3, "dim": n} for n in MODELS]
    return pinned + [{"length": n} for n in (0, LENGTHS[-1], *LONG)]


def few_lengths(operation: str) -> list[Fixed]:
    """Two tables."""
    return [{"length": 9, "dim": 6}, {"length": 17, "dim": 5}]


def every_size(operation: str) -> list[Fixed]:
    """Each length and every way to pair so many features, up to 67 pairs; batches and heads."""
    pinned = turned(67, 37, interleaved=False) + turned(67, 37, interleaved=True)
    pinned += [{"L": n} for n in (0, *LENGTHS[-4:])] + [{"B": n} for n in BATCHES]
    pinned += [{"D": n, "interleaved": way} for n in (160, 192, 256, 512) for way in (False, True)]
    return pinned + [{"N": n, "L": n} for n in (2, 3, 4, 8)]


def turned(pairs: int, number: int, *, interleaved: bool) -> list[Fixed]:
    """Each number of pairs and of positions up to `pairs`; of heads and in a batch up to `number`.

    One after another they are nowhere but in their places.
    """
    way: Fixed = {"interleaved": interleaved, "positions": "consecutive"}
    some = [{**n, **way, "B": 1, "N": 1 + n["L"] % 2} for n in each(pairs, "L", "half")]
    many = [{**n, **way, "L": 2, "half": 2} for n in each(number, "B", "N")]
    return some + many


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients."""
    pinned = turned(37, 17, interleaved=False) + turned(37, 17, interleaved=True)
    pinned += [{"L": n} for n in (0, *LENGTHS[-7:-3])]
    return [*pinned, {"B": 0}, *({"half": n, **PLAIN} for n in (63, 64, 65))]


def every_combination(operation: str) -> list[Fixed]:
    """Every kind of positions, with every base, in both pairings."""
    kinds, bases, ways = sorted(set(KINDS)), (10000.0, 500000.0, 100.0, 2.0, 0.5), (False, True)
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
