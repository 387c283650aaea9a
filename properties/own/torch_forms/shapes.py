"""Functions that only rearrange, and products, by torch's names and parameters."""

import numpy as np

from seqlaws.reference.algebra import Array


def matmul(x: Array, y: Array) -> Array:
    return x @ y


def mm(x: Array, y: Array) -> Array:
    return x @ y


def bmm(x: Array, y: Array) -> Array:
    return x @ y


def mv(x: Array, y: Array) -> Array:
    return x @ y


def einsum(subscripts: str, *arrays: Array) -> Array:
    return np.einsum(subscripts, *arrays)


def outer(x: Array, y: Array) -> Array:
    return x[:, None] * y[None, :]


def t(x: Array) -> Array:
    return np.swapaxes(x, 0, 1)


def transpose(x: Array, dim0: int, dim1: int) -> Array:
    return np.swapaxes(x, dim0, dim1)


def permute(x: Array, *dims: int) -> Array:
    return np.transpose(x, flat(dims))


def reshape(x: Array, *shape: int) -> Array:
    return np.reshape(x, flat(shape))


def view(x: Array, *shape: int) -> Array:
    return np.reshape(x, flat(shape))


def flatten(x: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    end = end_dim % len(x.shape)
    return np.reshape(x, (*x.shape[:start_dim], -1, *x.shape[end + 1 :]))


def unsqueeze(x: Array, dim: int) -> Array:
    at = dim % (len(x.shape) + 1)
    return np.reshape(x, (*x.shape[:at], 1, *x.shape[at:]))


def squeeze(x: Array, dim: int) -> Array:
    at = dim % len(x.shape)
    return np.reshape(x, (*x.shape[:at], *x.shape[at + (x.shape[at] == 1) :]))


def size(x: Array, dim: int | None = None) -> tuple[int, ...] | int:
    return x.shape if dim is None else x.shape[dim]


def dim(x: Array) -> int:
    return len(x.shape)


def cat(parts: list[Array], dim: int = 0) -> Array:
    return np.concatenate(parts, axis=dim)


def stack(parts: list[Array], dim: int = 0) -> Array:
    return np.stack(parts, axis=dim)


def chunk(x: Array, chunks: int, dim: int = 0) -> list[Array]:
    return split(x, -(-x.shape[dim] // chunks), dim)


def split(x: Array, size: int, dim: int = 0) -> list[Array]:
    n, at = x.shape[dim], (slice(None),) * (dim % len(x.shape))
    return [x[(*at, slice(start, min(start + size, n)))] for start in range(0, n, size)]


def triu(x: Array, diagonal: int = 0) -> Array:
    return np.where(np.triu(np.ones(x.shape[-2:], bool), diagonal), x, 0)


def tril(x: Array, diagonal: int = 0) -> Array:
    return np.where(np.tril(np.ones(x.shape[-2:], bool), diagonal), x, 0)


def diag(x: Array) -> Array:
    """Of a vector: the matrix with it on the diagonal."""
    return np.where(np.eye(x.shape[0], dtype=bool), x[None, :], 0)


def flip(x: Array, *dims: int) -> Array:
    return np.flip(x, axis=tuple(flat(dims)))


def expand(x: Array, *shape: int) -> Array:
    given = flat(shape)
    same = (1,) * (len(given) - len(x.shape)) + tuple(x.shape)
    return np.broadcast_to(x, [n if s == -1 else s for s, n in zip(given, same, strict=True)])


def pad(x: Array, widths: list[int], mode: str = "constant", value: float = 0) -> Array:
    """Constants around the last axes; widths begin with the last axis."""
    if mode != "constant":
        raise NotImplementedError(f"pad of mode {mode!r}")
    for k, (before, after) in enumerate(zip(widths[::2], widths[1::2], strict=True)):
        axis = len(x.shape) - 1 - k
        parts = [x]
        for n, first in ((before, True), (after, False)):
            if n:
                edge = np.full((*x.shape[:axis], n, *x.shape[axis + 1 :]), value)
                parts = [edge, *parts] if first else [*parts, edge]
        x = np.concatenate(parts, axis=axis) if len(parts) > 1 else x
    return x


def flat(given: tuple[object, ...]) -> list[int]:
    """Return several numbers, or one sequence of them, as a list."""
    numbers = given[0] if len(given) == 1 and not isinstance(given[0], int) else given
    return [int(n) for n in numbers]  # type: ignore[attr-defined]
