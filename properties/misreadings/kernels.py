"""What an edit may say of tiles and of shared heads; on arrays and on rounding numbers."""

from typing import Any

import numpy as np

from seqlaws.properties.misreadings.vocabulary import at_zero, quotient, valued
from seqlaws.reference.algebra import Array
from seqlaws.reference.numbers import Rounding
from seqlaws.reference.numbers.reverse import primal
from seqlaws.reference.numbers.rounding import settled

__all__ = [
    "exchanged_groups", "from_whole_tiles", "in_full_tiles", "in_whole_tiles", "of_first_tile",
    "ratio_of_weights", "reaches_the_end", "running_maximum", "sees_the_first_tile",
    "times_a_part_is_added", "times_queries_are_added", "twice_from_half_a_tile", "with_a_tail",
    "with_next_rows", "with_zeros",
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


def with_a_tail(
    k: Array, v: Array, mask: Any, size: int, *, queries: int = 0
) -> tuple[Array, Array, Any]:
    """Keys and values of zeros up to a whole tile; a floating mask is 0 there, a boolean False.

    queries: how many there are, where query i sees no more keys than the next S of a tail.
    """
    keys = k.shape[2]
    more = -keys % size
    if not more:
        return k, v, mask
    if mask is not None:
        wide = np.broadcast_to(mask, (*mask.shape[:-1], keys))
        mask = np.concatenate([wide, np.zeros((*wide.shape[:-1], more), mask.dtype)], axis=-1)
    if queries:
        near = np.arange(keys + more) <= np.arange(queries)[:, None] + keys
        if mask is None or mask.dtype == bool:
            mask = near[None, None] if mask is None else mask & near
        else:
            mask = mask + np.where(near, 0, -np.inf)
    return with_zeros(k, more), with_zeros(v, more), mask


def in_full_tiles(x: Array, size: int) -> Array:
    """x with zeros behind the last full tile of the last axis, if there is a full one."""
    n = x.shape[-1]
    return np.where(np.arange(n) < max(n // size * size, size), x, 0)


def twice_from_half_a_tile(n: int, size: int, *, least: int) -> np.ndarray[Any, Any]:
    """Return how often each of n entries is added in steps of half a tile: 1 or 2.

    The tile is the power of two from n on, but no less than `least` and no more than `size`.
    """
    tile = min(max(1 << max(n - 1, 0).bit_length(), least), size)
    return np.where(np.arange(n) >= max(tile // 2, 1), 2.0, 1.0)


def times_a_part_is_added(rows: int, of_part: int, step: int, parts: int) -> np.ndarray[Any, Any]:
    """Return how often each row is added where so many parts are taken at each step: (rows, 1).

    of_part: the rows of a part.
    """
    part = np.arange(rows) // max(of_part, 1)
    first = np.maximum(part - parts + step, 0) // step
    return (part // step - first + 1.0)[:, None]


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


def sees_the_first_tile(s: Array, tiles: tuple[int, int], sees: Sees) -> np.ndarray[Any, Any]:
    """Return whether a query has a key in the first tile that its own tile reads, or reads none.

    s: scores (B, N, L, S), -inf where a query does not see a key. Returns bool (B, N, L, 1).
    """
    queries, keys = s.shape[2:]
    low, high = band(sees, queries, keys)
    row = np.arange(queries)[:, None] // tiles[0] * tiles[0]
    start = np.maximum(row + low, 0) // tiles[1] * tiles[1]
    first = np.arange(keys) // tiles[1] * tiles[1] == start
    seen = np.any(first & ~np.isneginf(valued(primal(s))), axis=-1, keepdims=True)
    empty = start >= np.minimum(np.minimum(row + tiles[0], queries) + high, keys)
    return np.asarray(seen | empty)


def times_queries_are_added(
    what: str, queries: int, keys: int, tiles: tuple[int, int], sees: Sees
) -> np.ndarray[Any, Any]:
    """Return how often each query counts in the gradients of each key: (queries, keys).

    what: "in half steps", "from the tile of the key", or "without the key's tile" at a window's
    end.
    """
    low, high = band(sees, queries, keys)
    i, begin = np.arange(queries)[:, None], np.arange(keys) // tiles[1] * tiles[1]
    start = np.maximum(begin - high, 0) // tiles[0] * tiles[0]
    if what == "in half steps":
        return np.where(i - start >= tiles[0] // 2, 2.0, 1.0)
    if what == "from the tile of the key":
        return np.where(i >= begin // tiles[0] * tiles[0], 1.0, 0.0)
    end = start - (start - (begin - low)) // tiles[0] * tiles[0]
    return np.where(i < end, 1.0, 0.0)


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
