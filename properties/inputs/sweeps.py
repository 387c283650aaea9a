"""The sweeps of an operation, as a law names them: `@law(..., sweep=every_size)`.

A drawn case takes a size or a combination of options by chance; a sweep takes each one surely.
"""

from typing import Any

from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.sizes import WIDTHS, Fixed

BEYOND = (129, 130, 257, 258, 1025, 1030)  # sizes just beyond those of tiles


def every_size(operation: Operation) -> list[Fixed]:
    """Return sizes to pin: each letter at each size, the others drawn."""
    return operation.sweeps.every_size(operation)


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Fewer, for gradients."""
    return operation.sweeps.moderate_sizes(operation)


def every_combination(operation: Operation) -> list[Fixed]:
    """Every pair of options with nothing else given; each option alone at a large size, too."""
    return operation.sweeps.every_combination(operation)


def combinations_of_gradients(operation: Operation) -> list[Fixed]:
    """Fewer, for gradients."""
    return operation.sweeps.of_gradients(operation)


def sizes_and_options(operation: Operation) -> list[Fixed]:
    """Return each letter at each size, then every pair of options."""
    return [*every_size(operation), *every_combination(operation)]


def fewer_of_both(operation: Operation) -> list[Fixed]:
    """Return fewer sizes and options, for gradients."""
    return [*moderate_sizes(operation), *combinations_of_gradients(operation)]


def unequal(operation: Operation) -> list[Fixed]:
    """A few sets of sizes of which none is 1 and no two are equal, so that strides tell."""
    return operation.sweeps.unequal(operation)


def beyond_tiles(operation: Operation) -> list[Fixed]:
    """Return each letter once at a size just beyond 128 or 256, where kernels have other programs.

    Where a case is cheap, because there is one letter at most, just beyond 1,024, too.
    """
    found: dict[Any, Fixed] = {}
    for one in every_size(operation):
        for letter, size in one.items():
            if type(size) is int and size in BEYOND and size == largest(one):
                found.setdefault((letter, len(operation.letters) < 2 and size), one)
    return list(found.values())


def largest(pinned: Fixed) -> int:
    """Return the largest size that is pinned; 0 if none is."""
    return max((n for n in pinned.values() if type(n) is int), default=0)


def strides_tell(operation: Operation) -> list[Fixed]:
    """Return sizes of which no two are equal; then each letter once beyond a tile."""
    return [*unequal(operation), *beyond_tiles(operation)]


def one_large(operation: Operation) -> list[Fixed]:
    """One problem that is larger than any other law's, for every kind of answer above a size."""
    return operation.sweeps.one_large(operation)


def large_products(operation: Operation) -> list[Fixed]:
    """Each pair of letters at sizes whose product is large, the others small."""
    return operation.sweeps.products(operation)


def long_sums(operation: Operation) -> list[Fixed]:
    """Return each letter that is summed over at the longest width, the other sizes small."""
    widest: list[Fixed] = []
    for letter in operation.sweeps.summed:
        found = (one for one in every_size(operation) if one.get(letter) == WIDTHS[-1])
        widest.append(next(found))
    return widest
