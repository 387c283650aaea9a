"""Functions of NumPy that are made of others, for every number system.

Each is written with functions that have a rule, so that it needs none of its own.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = Any


def stack(parts: Sequence[Array], axis: int = 0) -> Array:
    """np.stack."""
    return np.concatenate([np.expand_dims(x, axis) for x in parts], axis=axis)


def split(x: Array, parts: Any, axis: int = 0) -> list[Array]:
    """np.split, np.array_split."""
    n = x.shape[axis]
    if isinstance(parts, int):
        if n % parts:
            raise ValueError(f"an axis of {n} does not divide into {parts} parts")
        cuts = [k * (n // parts) for k in range(1, parts)]
    else:
        cuts = [int(c) for c in parts]
    edges = [0, *cuts, n]
    return [
        np.moveaxis(np.moveaxis(x, axis, 0)[a:b], 0, axis) for a, b in itertools.pairwise(edges)
    ]


def clip(x: Array, low: Any = None, high: Any = None, **more: Any) -> Array:
    """np.clip."""
    low, high = more.get("min", low), more.get("max", high)
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def outer(x: Array, y: Array) -> Array:
    """np.outer."""
    return np.ravel(x)[:, None] * np.ravel(y)[None, :]


def dot(x: Array, y: Array) -> Array:
    """np.dot of vectors and matrices."""
    if not (len(np.shape(x)) and len(np.shape(y))):
        return x * y
    if len(np.shape(x)) > 2 or len(np.shape(y)) > 2:
        raise TypeError("np.dot of more than two axes has no rule; use the operator @")
    return x @ y


def trace(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """np.trace."""
    return np.sum(np.diagonal(x, offset, axis1, axis2), axis=-1)


def einsum(formula: str, *operands: Array, **_: Any) -> Array:
    """np.einsum: products of two at a time, each a product of matrices."""
    if not isinstance(formula, str):
        raise TypeError("np.einsum without a formula has no rule")
    given, result = written_out(formula, operands)
    left, x = given[0], operands[0]
    for k, (right, y) in enumerate(zip(given[1:], operands[1:], strict=True), 2):
        kept = set(result).union(*given[k:])
        left, x = contracted(left, x, right, y, kept)
    left, x = summed(left, x, set(result))
    return np.transpose(x, [left.index(i) for i in result]) if left != result else x


def written_out(formula: str, operands: Sequence[Array]) -> tuple[list[str], str]:
    """Return the indices of each operand and of the result, dots as letters."""
    inputs, arrow, result = formula.replace(" ", "").partition("->")
    given = inputs.split(",")
    if len(given) != len(operands):
        raise ValueError(f"einsum: {formula!r} is of {len(given)} arrays, not {len(operands)}")
    ranks = [
        len(np.shape(x)) - len(one.replace("...", ""))
        for one, x in zip(given, operands, strict=True)
        if "..." in one
    ]
    spare = "".join(c for c in "ZYXWVUTSRQPONM" if c not in formula)
    dots = spare[: max(ranks, default=0)]
    full = [
        one.replace("...", dots[len(dots) - (len(np.shape(x)) - len(one.replace("...", ""))) :])
        if "..." in one
        else one
        for one, x in zip(given, operands, strict=True)
    ]
    if not arrow:
        every = "".join(full)
        result = dots + "".join(sorted(c for c in set(every) - set(dots) if every.count(c) == 1))
    for one in full:
        if len(set(one)) < len(one):
            raise TypeError(
                f"einsum {formula!r}: an index twice in one array has no rule; use np.diagonal"
            )
    return full, result.replace("...", dots)


def summed(indices: str, x: Array, kept: set[str]) -> tuple[str, Array]:
    """Sum over the indices that nothing else has."""
    axes = tuple(k for k, i in enumerate(indices) if i not in kept)
    if not axes:
        return indices, x
    return "".join(i for i in indices if i in kept), np.sum(x, axis=axes)


def contracted(left: str, x: Array, right: str, y: Array, kept: set[str]) -> tuple[str, Array]:
    """The product of two arrays, summed over the indices that nothing else has."""
    left, x = summed(left, x, kept | set(right))
    right, y = summed(right, y, kept | set(left))
    batch = [i for i in left if i in right and i in kept]
    inner = [i for i in left if i in right and i not in kept]
    rows, columns = [i for i in left if i not in right], [i for i in right if i not in left]
    sizes = dict(zip(left, np.shape(x), strict=True))
    for i, n in zip(right, np.shape(y), strict=True):
        if sizes.setdefault(i, n) != n:
            raise ValueError(f"einsum: the index {i} has sizes {sizes[i]} and {n}")
    size = [math.prod(sizes[i] for i in some) for some in (rows, inner, columns)]
    front = tuple(sizes[i] for i in batch)
    x = np.transpose(x, [left.index(i) for i in (*batch, *rows, *inner)])
    y = np.transpose(y, [right.index(i) for i in (*batch, *inner, *columns)])
    x = np.reshape(x, (*front, size[0], size[1]))
    y = np.reshape(y, (*front, size[1], size[2]))
    z = x @ y if inner else x * y
    shape = (*front, *(sizes[i] for i in (*rows, *columns)))
    return "".join((*batch, *rows, *columns)), np.reshape(z, shape)


COMPOSED: dict[str, Callable[..., Any]] = {
    "stack": stack,
    "hstack": lambda parts: np.concatenate(parts, axis=-1 if len(np.shape(parts[0])) < 2 else 1),
    "vstack": lambda parts: np.concatenate([np.atleast_2d(x) for x in parts], axis=0),
    "split": split,
    "array_split": split,
    "clip": clip,
    "outer": outer,
    "dot": dot,
    "trace": trace,
    "einsum": einsum,
}
