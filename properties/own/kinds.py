"""Kinds of an own operation's options, from the annotations and defaults of its signature."""

import inspect
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqlaws.properties.inputs.numbers import Draw, Filling, chance
from seqlaws.properties.inputs.options import Choice, Flag, Integer, Option, Pins, Real, Sizes
from seqlaws.properties.own.arrays import filled
from seqlaws.properties.own.declared import DeclarationError, Declared

TINY = 1e-3  # a default below it is an epsilon: it is drawn up to LARGE, so that it shows
LARGE = 0.5


@dataclass(frozen=True)
class ArrayOption(Option):
    """An array that may be left out: a mask, lengths. Cases are pinned to True or False."""

    declared: Declared

    def left_out(self, default: Any) -> bool:
        """Return False."""
        return False

    def worth_a_case(self, default: Any) -> list[bool]:
        """Given."""
        return [True]

    def drawn(self, name: str, draw: Draw, fill: Filling, sizes: Sizes, fixed: Pins) -> Any:
        """Draw it, or None."""
        given = chance(draw, 2)
        if not fixed.get(name, given):
            return None
        return filled(fill, self.declared, name, (), sizes)

    def wrong(self, value: Any, sizes: Sizes) -> Iterator[Any]:
        """Yield an array of another kind of number."""
        yield value.astype(float)

    def beyond_core(self, name: str, value: Any, sizes: Sizes) -> Iterator[str]:
        """Say that it is floating, or that a row has no step."""
        if not self.declared.is_whole:
            yield f"a floating {name}"
        if self.declared.domain == "lengths" and np.any(np.asarray(value) == 0):
            yield f"a 0 in {name}"


@dataclass(frozen=True)
class Number(Real):
    """A number from low to high; what is within is within the core."""

    def beyond_core(self, name: str, value: Any, sizes: Sizes) -> Iterator[str]:
        """Nothing: whoever declares the range says that it is usual."""
        yield from ()


@dataclass(frozen=True)
class Whole(Integer):
    """A whole number from low to high, all of them within the core."""

    def beyond_core(self, name: str, value: Any, sizes: Sizes) -> Iterator[str]:
        """Nothing: whoever declares the range says that it is usual."""
        yield from ()


@dataclass(frozen=True)
class OneOf(Option):
    """One of several numbers."""

    numbers: tuple[Any, ...]

    def values(self) -> Sequence[Any]:
        """All of them."""
        return self.numbers


def kind_of(parameter: inspect.Parameter, given: Any, annotation: Any) -> Option:
    """Return the kind of an option. given: what the decorator says of it, or None.

    Raises DeclarationError if neither that nor the annotation and the default tell.
    """
    if given is not None:
        return explicit(parameter.name, given)
    default = parameter.default
    base, several = unwrapped(annotation)
    if several:
        return explicit(parameter.name, several)
    if base is bool or isinstance(default, bool):
        return Flag()
    if base is float or isinstance(default, float):
        return real(default if isinstance(default, (int, float)) else 1.0)
    if base is int or isinstance(default, int):
        whole = default if isinstance(default, int) else 2
        return Whole(min(1, whole), max(2 * whole, whole + 2))
    raise DeclarationError(
        f"the option {parameter.name} has no kind; annotate it as bool, int, float or "
        f'Literal["a", "b"], or give its values: options={{"{parameter.name}": ...}}, or its axes'
    )


def unwrapped(annotation: Any) -> tuple[Any, Any]:
    """Return the type of an annotation and the values that it lists; None is left out."""
    if typing.get_origin(annotation) is typing.Annotated:
        base, *more = typing.get_args(annotation)
        return base, next((m for m in more if isinstance(m, (tuple, list, range))), None)
    if typing.get_origin(annotation) is typing.Literal:
        return None, typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        left = [a for a in typing.get_args(annotation) if a is not type(None)]
        return unwrapped(left[0]) if len(left) == 1 else (None, None)
    return annotation, None


def explicit(name: str, given: Any) -> Option:
    """Return the kind of values that are given: (low, high), a range, names, numbers."""
    if isinstance(given, Option):
        return given
    if isinstance(given, range) and len(given):
        return Whole(given.start, given[-1]) if given.step == 1 else OneOf(tuple(given))
    values = tuple(given) if isinstance(given, (tuple, list)) else ()
    if values and all(isinstance(v, str) for v in values):
        return Choice(values)
    if values and all(isinstance(v, bool) for v in values):
        return Flag()
    if len(values) == 2 and any(isinstance(v, float) for v in values) and values[0] < values[1]:
        return Number(float(values[0]), float(values[1]))
    if values and all(isinstance(v, (int, float)) for v in values):
        return OneOf(values)
    raise DeclarationError(
        f"options={{{name!r}: {given!r}}}: known are (low, high) of floats, a range, names, numbers"
    )


def real(default: float) -> Number:
    """Return a range about a default, to which values of ordinary use belong."""
    d = float(default)
    if d < 0:
        opposite = real(-d)
        return Number(-opposite.high, -opposite.low)
    if d == 0:
        return Number(0.0, LARGE)
    if d < TINY:
        return Number(d / 16, LARGE)
    return Number(d / 4, min(4 * d, (1 + d) / 2) if d < 1 else 4 * d)
