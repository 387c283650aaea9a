"""What an edit may say of tiles and of shared heads; on arrays and on rounding numbers."""

from typing import Any

import numpy as np

from seqlaws.properties.misreadings.vocabulary import at_zero, quotient, valued
from seqlaws.reference.algebra import Array
from seqlaws.reference.numbers import Rounding
from seqlaws.reference.numbers.reverse import primal
from seqlaws.reference.numbers.rounding import settled

__all__ = [
    "exchanged_groups", "from_whole_tiles", "in_whole_tiles", "of_first_tile", "ratio_of_weights",
    "reaches_the_end", "running_maximum", "with_next_rows", "with_zeros",
]  # fmt: skip


def running_maximum(x: Array, size: int) -> Array:
    """The maximum up to the end of each entry's tile of the last axis; 0 where there is none."""
    values = valued(primal(x))
    n = values.shape[-1]
    whole = -(-n // min(size, max(n, 1))) * min(size, max(n, 1))
    wide = np.full((*values.shape[:-1], whole), -np.inf)
    wide[..., :n] = values
    tiles = np.reshape(wide, (*values.shape[:-1], -1, min(size, max(n, 1))))
    top = np.maximum.accumulate(np.max(tiles, axis=-1, initial=-np.inf), axis=-1)
    top = np.repeat(top, tiles.shape[-1], axis=-1)[..., :n]
    top = np.where(np.isneginf(top), 0, top)
    return enclosed(primal(x), top)


def enclosed(x: Any, top: Any) -> Array:
    """A maximum of x, with the error that x has."""
    if not isinstance(x, Rounding):
        return top
    x = settled(x)
    error = np.where(np.isfinite(x.value), x.error, 0)
    error = np.max(error, axis=-1, keepdims=True, initial=0)
    return Rounding(top, np.broadcast_to(error, top.shape), x.arithmetic)


def ratio_of_weights(e: Array, total: Array) -> Array:
    """e / total, and 0 where the total is 0."""
    return quotient(e, total + at_zero(total))


def with_zeros(x: Array, more: int) -> Array:
    """x (B, N, S, D) with so many entries of zeros behind the last of S."""
    if more < 1:
        return x
    return np.concatenate([x, np.zeros((*x.shape[:2], more, x.shape[3]))], axis=2)


Sees = tuple[Any, int, Any]  # is_causal, query_offset and window


def band(sees: Sees, queries: int, keys: int) -> tuple[int, int]:
    """Return low and high: query i sees the keys from i + low to i + high, of so many."""
    is_causal, offset, window = sees
    left, right = window or (None, None)
    low = -queries if left is None else offset - left
    high = keys if right is None else offset + right
    return low, min(high, offset) if is_causal else high


def reaches_the_end(
    queries: int, keys: int, tiles: tuple[int, int], sees: Sees
) -> np.ndarray[Any, Any]:
    """Return whether each query's tile sees a key of the last tile: bool (queries, 1)."""
    low, high = band(sees, queries, keys)
    first = np.arange(queries)[:, None] // tiles[0] * tiles[0]
    begin = max(keys - 1, 0) // tiles[1] * tiles[1]
    return (begin <= first + tiles[0] - 1 + high) & (begin + tiles[1] - 1 >= first + low)


def in_whole_tiles(
    queries: int, keys: int, tiles: tuple[int, int], sees: Sees, *, first: bool
) -> np.ndarray[Any, Any]:
    """Return the pairs in tiles that end before a tile of queries ends to see: (queries, keys).

    first: and in the first tile; else in the last one, too, if all of it is seen.
    """
    _, high = band(sees, queries, keys)
    end = np.arange(queries)[:, None] // tiles[0] * tiles[0] + tiles[0] + high
    whole = np.arange(keys) // tiles[1] * tiles[1] + tiles[1]
    return (whole <= np.maximum(end, tiles[1])) if first else (whole <= end) | (end >= keys)


def from_whole_tiles(
    queries: int, keys: int, tiles: tuple[int, int], sees: Sees
) -> np.ndarray[Any, Any]:
    """Return the pairs in tiles that begin where a tile of queries begins to see, or behind."""
    low, _ = band(sees, queries, keys)
    begin = np.maximum(np.arange(queries)[:, None] // tiles[0] * tiles[0] + low, 0)
    return np.arange(keys) >= -(-begin // tiles[1]) * tiles[1]


def of_first_tile(b: Array, units: int, size: int) -> Array:
    """A bias (blocks of units,) where each tile of units has the entries of the first one."""
    blocks = np.reshape(b, (-1, units))
    return np.reshape(blocks[:, np.arange(units) % size], b.shape)


def with_next_rows(x: Array, width: int) -> Array:
    """Rows that go on into the rows behind them, up to a width; -inf behind the last one."""
    *_, n = x.shape
    if width <= n:
        return x
    entries = np.reshape(x, (-1,))
    behind = np.concatenate([entries, np.full(width, -np.inf)])
    places = np.arange(0, entries.shape[0], max(n, 1))[:, None] + np.arange(width)
    return np.reshape(behind[places], (*x.shape[:-1], width))


def exchanged_groups(x: Array, group: int) -> Array:
    """x (B, N, L, D) with its N = M G heads in the order of (G, M)."""
    batch, n, *rest = x.shape
    parts = np.reshape(x, (batch, n // group, group, *rest))
    return np.reshape(np.swapaxes(parts, 1, 2), x.shape)
