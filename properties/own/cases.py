"""Cases of an own operation: sizes, options and arrays by their declarations."""

from bisect import bisect_left
from typing import Any

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import (
    drawn_leading,
    drawn_options,
    drawn_sizes,
    with_cotangents,
)
from seqlaws.properties.inputs.numbers import Draw, Filling, pick, representable
from seqlaws.properties.own.arrays import filled
from seqlaws.properties.own.operation import Own

SCALES = (1.0, 1.0, 4.0, 0.1, 30.0)  # of the first array: 30, so that exponentials underflow
OFFSETS = (0.0, 0.0, 0.0, 0.0, 0.0, 300.0)  # of the first array, so that one-pass moments cancel


def own_case(draw: Draw, operation: Own, dtype: str, **fixed: Any) -> Case:
    """A case by the declarations; `fixed` pins letters, options and "leading"."""
    fill = Filling(draw, dtype, fixed)
    letters = " ".join(operation.letters)
    sizes = drawn_sizes(draw, letters, " ".join(operation.may_be_zero), fixed)
    sizes = {letter: nearest(operation, letter, n) for letter, n in sizes.items()}
    leading = fixed.get("leading", drawn_leading(draw, operation))
    scale = pick(draw, fixed.get("scales", SCALES))
    offset = pick(draw, fixed.get("offsets", OFFSETS))
    options = drawn_options(draw, operation, fill, sizes, fixed)
    known = {**operation.options, **options, **sizes}
    first = next(iter(operation.arrays), "")
    arrays = {
        name: filled(
            fill, operation.declared[name], name, leading, known, scale if name == first else 1.0
        )
        for name in operation.arrays
    }
    if offset and arrays and not operation.declared[first].domain:
        arrays[first] = representable(arrays[first] + offset, dtype)
    if operation.consistent is not None:
        operation.consistent(arrays, options)
    return with_cotangents(Case(operation, dtype, arrays, options), fill, fixed)


def nearest(operation: Own, letter: str, n: int) -> int:
    """Return the allowed size that is next to n from above, else the largest."""
    sizes = operation.allowed_sizes.get(letter)
    if not sizes:
        return n
    return sizes[min(bisect_left(sizes, n), len(sizes) - 1)]
