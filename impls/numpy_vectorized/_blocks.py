"""Large arrays in blocks: what takes several passes finds its numbers in the cache each time."""

import math
from collections.abc import Iterator

from seqlaws.impls.numpy_vectorized._checks import Array

ENTRIES = 1 << 17  # of a block: 512 KiB in float32


def blocks(count: int, entries: int) -> Iterator[slice]:
    """Cut `count` items of so many entries each into slices of at most ENTRIES, or one item."""
    step = max(1, ENTRIES // max(entries, 1))
    for start in range(0, count, step):
        yield slice(start, start + step)


def row_blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """The same block of rows of each of these contiguous arrays of one shape (..., n)."""
    *outer, length = arrays[0].shape
    rows = [array.reshape(math.prod(outer), length) for array in arrays]
    for block in blocks(len(rows[0]), length):
        yield tuple(array[block] for array in rows)
