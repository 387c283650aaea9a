"""What an edit may say of moments and tables; on arrays and on rounding numbers."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np

from seqlaws.properties.misreadings.vocabulary import limits, unclaimed
from seqlaws.reference.algebra import Array, mean, standardized
from seqlaws.reference.numbers import Rounding
from seqlaws.reference.numbers.rounding import settled

__all__ = [
    "assigned_at", "in_one_pass", "is_zero", "last_block", "mean_of_means", "means_of_blocks",
    "multiple", "over_a_padded_width", "over_all_axes", "over_the_first_axis", "root",
    "running_means", "standardized_by", "underflowing", "whole_tiles",
]  # fmt: skip


@singledispatch
def root(x: Array) -> Array:
    """The square root."""
    return np.sqrt(x)


@root.register
def _(x: Rounding) -> Rounding:
    x = settled(x)
    value, least = np.sqrt(x.value), np.sqrt(np.maximum(x.value - x.error, 0))
    error = np.maximum(np.sqrt(x.value + x.error) - value, value - least)
    u = x.arithmetic.unit
    error = error + 2 * (x.arithmetic.ulps + 1) * u * (value + error) + x.arithmetic.function_tiny
    return Rounding(value, np.where(np.isnan(error), np.inf, error), x.arithmetic)


def standardized_by(
    x: Array, divisor: Callable[[Array], Array], *, shift: Any = None, about: Any = None
) -> tuple[Array, Array]:
    """x less its mean over a function of the variance; and 1 over that.

    shift: what x is less, in place of the mean; about: what the squares are taken about.
    """
    mu = mean(x)
    centred, apart = x - (mu if shift is None else shift), x - (mu if about is None else about)
    s = divisor(mean(apart * apart))
    with np.errstate(all="ignore"):
        return centred / s, 1 / s


def in_one_pass(x: Array, eps: float) -> tuple[Array, Array]:
    """The variance as E[x^2] - E[x]^2, at least 0."""
    mu = mean(x)
    s = root(np.maximum(mean(x * x) - mu * mu, 0) + eps)
    return (x - mu) / s, 1 / s


def over_the_first_axis(x: Array, eps: float) -> tuple[Array, Array]:
    """Moments over the first axis."""
    return tuple(np.moveaxis(z, -1, 0) for z in standardized(np.moveaxis(x, 0, -1), eps))


def over_all_axes(x: Array, eps: float) -> tuple[Array, Array]:
    """Moments over all axes."""
    h, r = standardized(np.reshape(x, (int(np.prod(x.shape)),)), eps)
    return np.reshape(h, x.shape), r


def over_a_padded_width(
    x: Array,
    eps: float,
    wide: int,
    *,
    average: bool = True,
    variance: bool = True,
    centred: bool = False,
) -> tuple[Array, Array]:
    """Moments over a larger width, with zeros in the padding.

    average: the mean is over this width; variance: the variance is. centred: the padding counts in
    its squares, too, less the mean.
    """
    n = max(x.shape[-1], 1)
    mu = mean(x) * (n / wide if average else 1)
    z = x - mu
    count = wide if variance else n
    v = mean(z * z) * (n / count)
    v = v + (mu * mu * ((wide - n) / count) if centred else 0)
    s = root(v + eps)
    return z / s, 1 / s


def multiple(n: int, size: int) -> int:
    """Return n rounded up to a multiple of a size; at least the size."""
    return max(-(-n // size), 1) * size


def whole_tiles(n: int, size: int) -> int:
    """Return n rounded up to a power of two; beyond the size, to a multiple of it."""
    return min(1 << max(n - 1, 0).bit_length(), multiple(n, size))


def running_means(x: Array, *, before: bool = False) -> Array:
    """Mean of each entry of the last axis and all before it; before: of those alone, 0 of none."""
    n = x.shape[-1]
    means = np.cumsum(x, axis=-1) / np.arange(1.0, n + 1)
    return np.where(np.arange(n) > 0, np.roll(means, 1, axis=-1), 0.0) if before else means


def of_each_block(x: Array, size: int) -> Array:
    """Mean of each block of the last axis, of which the last may be shorter."""
    n = x.shape[-1]
    blocks = -(-n // size)
    padding = np.zeros((*x.shape[:-1], blocks * size - n))
    parts = np.reshape(np.concatenate([x, padding], axis=-1), (*x.shape[:-1], blocks, size))
    return np.sum(parts, axis=-1) / np.clip(n - size * np.arange(blocks), 1, size)


def means_of_blocks(x: Array, size: int) -> Array:
    """For each entry of the last axis the mean of its block."""
    return of_each_block(x, size)[..., np.arange(x.shape[-1]) // size]


def mean_of_means(x: Array, size: int) -> Array:
    """Mean of the blocks' means, in which the last block counts as much as a whole one."""
    return mean(of_each_block(x, size))


def last_block(x: Array, size: int) -> Array:
    """Zeros but in the last block of the last axis."""
    n = x.shape[-1]
    return np.where(np.arange(n) // size == (n - 1) // size, x, 0)


def is_zero(x: Array) -> np.ndarray[Any, Any]:
    """Where the value is 0."""
    value: np.ndarray[Any, Any] = (x.value if isinstance(x, Rounding) else x) == 0
    return value


@singledispatch
def assigned_at(terms: Array, places: tuple[Array, ...], shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, in each place the last of its terms."""
    total = np.zeros(shape, terms.dtype)
    total[places] = terms
    return total


@assigned_at.register
def _(terms: Rounding, places: tuple[Array, ...], shape: tuple[int, ...]) -> Rounding:
    terms = settled(terms)
    value, error = (assigned_at(z, places, shape) for z in (terms.value, terms.error))
    return Rounding(value, error, terms.arithmetic)


def underflowing(x: Array) -> Array:
    """-inf where exp(x) is 0 in the accumulating dtype."""
    _, under = limits(x)
    value = x.value if isinstance(x, Rounding) else x
    return unclaimed(np.where(value < under, -np.inf, x), (value < under + 30) & (value >= under))
