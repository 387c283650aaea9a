"""Arrays of an own operation's cases, by their declarations."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqlaws.properties.inputs.numbers import Array, Filling, representable
from seqlaws.properties.inputs.operation import extent
from seqlaws.properties.own.declared import Declared

LEAST = 2.0**-6  # of positive numbers: their logarithms and reciprocals are of ordinary size


def shape_of(
    declared: Declared, leading: tuple[int, ...], sizes: Mapping[str, int]
) -> tuple[int, ...]:
    """Return the shape of an array at some sizes."""
    axes = declared.axes.split()
    return tuple(n for a in axes for n in (leading if a == "..." else (extent(a, sizes),)))


def filled(
    fill: Filling,
    declared: Declared,
    name: str,
    leading: tuple[int, ...],
    sizes: Mapping[str, Any],
    scale: float = 1.0,
) -> Array:
    """Draw an array."""
    shape = shape_of(declared, leading, sizes)
    if declared.is_whole:
        return whole_numbers(fill.random(), declared, shape, sizes)
    if name.startswith("weight") and len(shape) > 1:
        scale = max(shape[-1], 1) ** -0.5
    return within(declared, fill.array(*shape, scale=scale), fill.dtype)


def whole_numbers(
    random: np.random.RandomState,
    declared: Declared,
    shape: tuple[int, ...],
    sizes: Mapping[str, Any],
) -> Array:
    """Return whole numbers or booleans of a shape."""
    if declared.domain == "bool":
        return np.asarray(random.random_sample(shape) < 0.7)
    if declared.domain == "whole":
        return np.asarray(random.randint(-20, 21, shape), np.int64)
    bound = extent(declared.bound, sizes)
    if declared.domain == "offsets":
        return offsets(random, shape[0], bound)
    if declared.domain == "lengths":
        return np.asarray(random.randint(min(1, bound), bound + 1, shape), np.int64)
    drawn = np.asarray(random.randint(0, max(bound, 1), shape), np.int64)
    if declared.other:
        instead = random.random_sample(shape) < 0.2
        drawn = np.where(instead, int(number_of(declared.other, sizes)), drawn)
    return drawn


def offsets(random: np.random.RandomState, count: int, total: int) -> Array:
    """Return numbers that rise from 0 to a total; in half of the cases no two are equal, if so."""
    least = int(random.randint(2) and total >= count - 1)
    inner = np.sort(random.randint(0, total - least * (count - 1) + 1, max(count - 2, 0)))
    rising = inner + least * np.arange(1, len(inner) + 1)
    return np.concatenate([[0], rising, [total]]).astype(np.int64)


def number_of(word: str, sizes: Mapping[str, Any]) -> Any:
    """Return the number that a letter, an option or a numeral names."""
    return sizes[word] if word in sizes else int(word)


def within(declared: Declared, values: Array, dtype: str) -> Array:
    """Return floating numbers moved into the domain of their declaration."""
    if declared.domain == "positive":
        return representable(np.abs(values) + LEAST, dtype)
    if declared.domain == "probabilities":
        raised = np.exp(np.clip(values, -4, 4))
        total = np.sum(raised, axis=-1, keepdims=True) if raised.size else 1.0
        return representable(raised / total, dtype)
    if declared.domain == "between":
        low, high = declared.ends
        part = 1 / (1 + np.exp(-np.clip(values, -4, 4)))
        return representable(low + (high - low) * part, dtype)
    return values


def other_values(case: Any, name: str, random: np.random.RandomState) -> Array:
    """Return other numbers for an array of a case: of the same shape and domain."""
    array = case.arrays[name]
    declared = case.operation.declared[name]
    if declared.domain == "offsets":  # the same parts in another order
        steps = random.permutation(np.diff(array))
        return np.concatenate([array[:1], array[:1] + np.cumsum(steps)]).astype(array.dtype)
    if declared.is_whole:
        numbers = case.operation.numbers_of(case)
        return whole_numbers(random, declared, array.shape, numbers).astype(array.dtype)
    return within(declared, np.round(random.standard_normal(array.shape), 1), case.dtype)
