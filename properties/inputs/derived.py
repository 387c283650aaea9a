"""Sweeps that follow from the letters of an operation's axes and the kinds of its options."""

import math
from itertools import combinations
from typing import Any

from seqlaws.properties.inputs.sizes import (
    BATCHES,
    FEATURES,
    LENGTHS,
    MIDDLES,
    PLAIN,
    PROGRAMS,
    Fixed,
    Sweeps,
)

UNEQUAL = (3, 5, 2, 7, 11, 4, 9)
LEADING = ((6,), (6, 8), (6, 8, 10), (6,))
LARGE = 129
LARGEST = 2**20  # numbers in an array


def every_size(operation: Any) -> list[Fixed]:
    """Each letter at each size up to 67, and at some beyond, the others drawn."""
    return [PLAIN | one for n in (*range(1, 68), *LENGTHS[-4:]) for one in at(operation, n)] + [
        *(one for one in at(operation, 0) if one.keys() & {"leading", *operation.may_be_zero}),
        *of_two_axes(operation),
    ]


def moderate_sizes(operation: Any) -> list[Fixed]:
    """Fewer, for gradients."""
    sizes = sorted({*BATCHES[1:], *FEATURES[:-1]})
    return [PLAIN | one for n in sizes for one in at(operation, n)] + of_two_axes(operation)


def of_two_axes(operation: Any) -> list[Fixed]:
    """Two axes in place of any number, of which the second is long."""
    return [PLAIN | {"leading": shape} for shape in MIDDLES[:-1]] if operation.leading else []


def at(operation: Any, n: int) -> list[Fixed]:
    """Each letter alone at a size; axes of any number as one axis of that size."""
    pinned: list[Fixed] = [{letter: n} for letter in operation.letters]
    return pinned + ([{"leading": (n,)}] if operation.leading else [])


def unequal(operation: Any) -> list[Fixed]:
    """Four sets of sizes of which no two are equal and none is 1."""
    letters = operation.letters
    sets: list[Fixed] = [
        PLAIN | {letter: UNEQUAL[(i + k) % len(UNEQUAL)] for i, letter in enumerate(letters)}
        for k in range(4)
    ]
    if operation.leading:
        sets = [one | {"leading": shape} for one, shape in zip(sets, LEADING, strict=True)]
    return sets


def every_combination(operation: Any) -> list[Fixed]:
    """Every pair of options with nothing else given, twice; each option alone at a large size."""
    large = dict.fromkeys(operation.letters[-1:], LARGE)
    few = unequal(operation)[:2]
    alone = [left_out(operation) | one | large for one in each_option(operation)]
    return [n | pair for pair in pairs_of_options(operation) for n in few] + alone


def each_option(operation: Any) -> list[Fixed]:
    """Each option at each value that is worth a case."""
    return [
        {kind.key(name): value}
        for name, kind in operation.kinds.items()
        for value in kind.worth_a_case(operation.options.get(name))
    ]


def left_out(operation: Any) -> Fixed:
    """Every option left out."""
    return {
        kind.key(name): kind.left_out(operation.options.get(name))
        for name, kind in operation.kinds.items()
        if operation.is_option(name)
    }


def pairs_of_options(operation: Any) -> list[Fixed]:
    """Every pair of options, or the only option alone; the others left out."""
    given, none = each_option(operation), left_out(operation)
    pairs = [none | a | b for a, b in combinations(given, 2) if a.keys() != b.keys()]
    return pairs or [none | one for one in given]


def of_gradients(operation: Any) -> list[Fixed]:
    """Every pair of options at one set of sizes."""
    few = unequal(operation)
    return [few[k % 2] | pair for k, pair in enumerate(pairs_of_options(operation))]


def one_large(operation: Any) -> list[Fixed]:
    """Pin all letters to one size, so that an array along all of them has about LARGEST numbers.

    Of ordinary numbers: a long recurrence of large ones overflows, and a right one in chunks has
    NaN for steps before that, too.
    """
    axes = len(operation.letters) + operation.leading
    size = int(LARGEST ** (1 / max(axes, 2))) + 1
    pinned: Fixed = PLAIN | dict.fromkeys(operation.letters, size)
    return [pinned | ({"leading": (size,)} if operation.leading else {})]


def many_rows(operation: Any) -> list[Fixed]:
    """Pin more rows of a batch than a grid has programs; all other letters are few."""
    rows = "leading" if operation.leading else next(iter(operation.may_be_zero), "")
    if not rows:
        return []
    few: Fixed = dict.fromkeys((n for n in operation.letters if n != rows), 2)
    numbers = math.prod(min(operation.allowed_sizes.get(n, (2,))) for n in few)
    if PROGRAMS * numbers > LARGEST:
        return []
    return [PLAIN | few | {rows: (PROGRAMS,) if rows == "leading" else PROGRAMS}]


DERIVED = Sweeps(
    every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large, many_rows
)
