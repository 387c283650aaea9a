"""Matrix products and fused sums in NumPy: a (..., I, J) times b (..., J, K)."""

import numpy as np

from generated.numpy_sums import total

TILE, ORDER = 16, 0


def product(a, b):
    """By NumPy."""
    return a @ b


def product__einsum(a, b):
    """By einsum."""
    return np.einsum("...ij,...jk->...ik", a, b)


def product__transposed(a, b):
    """From the transposed operands."""
    return np.swapaxes(np.swapaxes(b, -1, -2) @ np.swapaxes(a, -1, -2), -1, -2)


def product__stored_transposed(a, b):
    """The second operand is stored by columns."""
    columns = np.ascontiguousarray(np.swapaxes(b, -1, -2))
    return a @ np.swapaxes(columns, -1, -2)


def product__outer(a, b):
    """A sum of outer products, one by one."""
    out = np.zeros(shape_of_product(a, b), a.dtype)
    for j in range(a.shape[-1]):
        out = out + a[..., :, j : j + 1] * b[..., j : j + 1, :]
    return out


def product__outer_shuffled(a, b):
    """Outer products in an order that is drawn once for each length."""
    out = np.zeros(shape_of_product(a, b), a.dtype)
    for j in np.random.RandomState(a.shape[-1] + ORDER).permutation(a.shape[-1]):
        out = out + a[..., :, j : j + 1] * b[..., j : j + 1, :]
    return out


def product__compensated(a, b):
    """Outer products with a compensated sum."""
    out = np.zeros(shape_of_product(a, b), a.dtype)
    c = np.zeros_like(out)
    for j in range(a.shape[-1]):
        y = a[..., :, j : j + 1] * b[..., j : j + 1, :] - c
        t = out + y
        c = (t - out) - y
        out = t
    return out


def product__fused(a, b):
    """Fused multiply-add: each product is exact in float64, each sum rounded once."""
    out = np.zeros(shape_of_product(a, b), a.dtype)
    wider = np.longdouble if a.dtype.itemsize > 4 else np.float64
    for j in range(a.shape[-1]):
        term = a[..., :, j : j + 1].astype(wider) * b[..., j : j + 1, :]
        out = (term + out).astype(a.dtype)
    return out


def product__row_by_row(a, b):
    """Each row of the first operand by itself."""
    rows = [a[..., i : i + 1, :] @ b for i in range(a.shape[-2])]
    return np.concatenate(rows, axis=-2) if rows else a @ b


def product__column_by_column(a, b):
    """Each column of the second operand by itself."""
    columns = [a @ b[..., :, k : k + 1] for k in range(b.shape[-1])]
    return np.concatenate(columns, axis=-1) if columns else a @ b


def product__in_tiles(a, b):
    """The inner axis in tiles, whose products add up."""
    out = np.zeros(shape_of_product(a, b), a.dtype)
    for j in range(0, a.shape[-1], TILE):
        out = out + a[..., :, j : j + TILE] @ b[..., j : j + TILE, :]
    return out


def product__padded(a, b):
    """The inner axis padded to whole tiles with zeros."""
    more = -a.shape[-1] % TILE
    left = np.zeros((*a.shape[:-1], more), a.dtype)
    right = np.zeros((*b.shape[:-2], more, b.shape[-1]), b.dtype)
    return np.concatenate([a, left], axis=-1) @ np.concatenate([b, right], axis=-2)


def product__of_halves(a, b):
    """The inner axis in two halves."""
    half = a.shape[-1] // 2
    return a[..., :half] @ b[..., :half, :] + a[..., half:] @ b[..., half:, :]


def product__by_sums(a, b):
    """All terms, then their sums."""
    terms = a[..., :, None, :] * np.swapaxes(b, -1, -2)[..., None, :, :]
    return total(terms)[..., 0]


def product__in_float64(a, b):
    """In a wider type, rounded once."""
    return (a.astype(np.float64) @ b.astype(np.float64)).astype(a.dtype)


def shape_of_product(a, b):
    """The shape of a @ b."""
    return (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])


def fused(a, b, c):
    """Compute a b + c, entry by entry."""
    return a * b + c


def fused__by_float64(a, b, c):
    """The product is exact in a wider type, the sum rounded once."""
    dtype = np.result_type(a, b, c)
    wider = np.longdouble if dtype.itemsize > 4 else np.float64
    return (np.asarray(a, wider) * b + c).astype(dtype)


def swapped(x):
    """Transpose the last two axes."""
    return np.swapaxes(x, -1, -2)


def swapped__stored(x):
    """Transpose the last two axes and store the result."""
    return np.ascontiguousarray(np.swapaxes(x, -1, -2))


def swapped__moved(x):
    """Transpose by moving an axis."""
    return np.moveaxis(x, -1, -2)
