"""Sums along the last axis, means and moments, in NumPy."""

import numpy as np

TILE, LANES, ORDER = 16, 4, 0


def total(x):
    """Sum along the last axis, which is kept."""
    return np.sum(x, axis=-1, keepdims=True)


def total__backwards(x):
    """From the last to the first, one by one."""
    if not x.shape[-1]:
        return np.zeros((*x.shape[:-1], 1), x.dtype)
    return np.cumsum(x[..., ::-1], axis=-1)[..., -1:]


def total__one_by_one(x):
    """From the first to the last."""
    s = np.zeros((*x.shape[:-1], 1), x.dtype)
    for k in range(x.shape[-1]):
        s = s + x[..., k : k + 1]
    return s


def total__in_pairs(x):
    """A balanced tree of neighbours."""
    if not x.shape[-1]:
        return np.zeros((*x.shape[:-1], 1), x.dtype)
    while x.shape[-1] > 1:
        even = x.shape[-1] // 2 * 2
        x = np.concatenate([x[..., :even:2] + x[..., 1:even:2], x[..., even:]], axis=-1)
    return x


def total__of_halves(x):
    """A balanced tree of the first half and the second."""
    n = x.shape[-1]
    if n < 2:
        return np.sum(x, axis=-1, keepdims=True)
    return total__of_halves(x[..., : n // 2]) + total__of_halves(x[..., n // 2 :])


def total__in_blocks(x):
    """Blocks are summed, then their sums."""
    s = np.zeros((*x.shape[:-1], 1), x.dtype)
    for k in range(0, x.shape[-1], TILE):
        s = s + np.sum(x[..., k : k + TILE], axis=-1, keepdims=True)
    return s


def total__padded_to_tiles(x):
    """Zeros fill the last tile."""
    more = -x.shape[-1] % TILE
    zeros = np.zeros((*x.shape[:-1], more), x.dtype)
    tiles = np.concatenate([x, zeros], axis=-1)
    tiles = tiles.reshape(*x.shape[:-1], tiles.shape[-1] // TILE, TILE)
    return tiles.sum(axis=-2).sum(axis=-1, keepdims=True)


def total__in_lanes(x):
    """Every so many entries are one lane."""
    lanes = [np.sum(x[..., k::LANES], axis=-1, keepdims=True) for k in range(LANES)]
    s = lanes[-1]
    for lane in lanes[:-1]:
        s = lane + s
    return s


def total__shuffled(x):
    """In an order that is drawn once for each length."""
    order = np.random.RandomState(x.shape[-1] + ORDER).permutation(x.shape[-1])
    s = np.zeros((*x.shape[:-1], 1), x.dtype)
    for k in order:
        s = s + x[..., k : k + 1]
    return s


def total__compensated(x):
    """Kahan (1965): what each addition loses is added to the next term."""
    s = np.zeros((*x.shape[:-1], 1), x.dtype)
    c = np.zeros_like(s)
    for k in range(x.shape[-1]):
        y = x[..., k : k + 1] - c
        t = s + y
        c = np.where(np.isfinite(t), (t - s) - y, x.dtype.type(0))
        s = t
    return s


def total__compensated_at_the_end(x):
    """Neumaier (1974): what the additions lose is summed apart."""
    s = np.zeros((*x.shape[:-1], 1), x.dtype)
    c = np.zeros_like(s)
    for k in range(x.shape[-1]):
        term = x[..., k : k + 1]
        t = s + term
        c = c + np.where(np.abs(s) >= np.abs(term), (s - t) + term, (term - t) + s)
        s = t
    return np.where(np.isfinite(c), s + c, s)


def total__in_float64(x):
    """In a wider type, rounded once."""
    return np.sum(x, axis=-1, keepdims=True, dtype=np.float64).astype(x.dtype)


def total__by_ones(x):
    """A product with a vector of ones."""
    return x @ np.ones((x.shape[-1], 1), x.dtype)


def total__einsum(x):
    """By einsum."""
    return np.einsum("...k->...", x)[..., None]


def over_rows(x):
    """Sum x (R, n) over its rows: (n,)."""
    return total(x.T)[:, 0]


def over_rows__axis(x):
    """Along the first axis."""
    return np.sum(x, axis=0)


def over_rows__row_by_row(x):
    """One row after the other."""
    s = np.zeros(x.shape[1:], x.dtype)
    for row in x:
        s = s + row
    return s


def over_rows__by_ones(x):
    """A vector of ones times x."""
    return np.ones(x.shape[0], x.dtype) @ x


def mean(x):
    """Mean along the last axis, which is kept; 0 of nothing."""
    return total(x) / max(x.shape[-1], 1)


def mean__reciprocal(x):
    """The division is a product."""
    return total(x) * x.dtype.type(1 / max(x.shape[-1], 1))


def mean__running(x):
    """Each term moves the mean of those before it."""
    m = np.zeros((*x.shape[:-1], 1), x.dtype)
    for k in range(x.shape[-1]):
        m = m + (x[..., k : k + 1] - m) / x.dtype.type(k + 1)
    return m


def moments(x):
    """Mean and biased variance along the last axis, in two passes."""
    m = mean(x)
    d = x - m
    return m, mean(d * d)


def moments__squared(x):
    """The square by a power."""
    m = mean(x)
    return m, mean((x - m) ** 2)


def moments__numpy(x):
    """By NumPy's own functions."""
    if not x.shape[-1]:
        nothing = np.zeros((*x.shape[:-1], 1), x.dtype)
        return nothing, nothing
    return np.mean(x, axis=-1, keepdims=True), np.var(x, axis=-1, keepdims=True)


def moments__welford(x):
    """Welford (1962): mean and sum of squares run along."""
    m = np.zeros((*x.shape[:-1], 1), x.dtype)
    squares = np.zeros_like(m)
    for k in range(x.shape[-1]):
        d = x[..., k : k + 1] - m
        m = m + d / x.dtype.type(k + 1)
        squares = squares + d * (x[..., k : k + 1] - m)
    return m, squares / x.dtype.type(max(x.shape[-1], 1))


def moments__merged(x):
    """Chan, Golub and LeVeque (1983): moments of tiles, merged one after the other."""
    m = np.zeros((*x.shape[:-1], 1), x.dtype)
    squares, n = np.zeros_like(m), 0
    for k in range(0, x.shape[-1], TILE):
        tile = x[..., k : k + TILE]
        count = tile.shape[-1]
        middle = np.sum(tile, axis=-1, keepdims=True) / x.dtype.type(count)
        d = tile - middle
        delta = middle - m
        both = n + count
        m = m + delta * x.dtype.type(count / both)
        squares = squares + np.sum(d * d, axis=-1, keepdims=True)
        if n:  # else the square of a large delta would be infinite, times 0
            squares = squares + delta * delta * x.dtype.type(n * count / both)
        n = both
    return m, squares / x.dtype.type(max(n, 1))
