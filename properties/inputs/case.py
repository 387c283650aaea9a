"""A case: one call of an operation, its arrays as float64 numbers that the dtype holds exactly."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from seqlaws.properties.inputs.numbers import Array, generator, representable
from seqlaws.properties.inputs.operation import Operation, extent

POISON = (1e6, np.nan, np.inf, -np.inf)  # for what must not be looked at


@dataclass(frozen=True)
class Case:
    """One call: arrays by argument (float64, of the dtype's numbers), options that are given.

    Numbers that every call gives by position, such as num_heads, are among the options.
    """

    operation: Operation
    dtype: str
    arrays: Mapping[str, Array]
    options: Mapping[str, Any] = field(default_factory=dict)
    cotangents: Mapping[str, Array] = field(default_factory=dict)
    seed: int = 0
    poison: tuple[float, int] = (0.0, 0)  # what to put where nobody looks, in how many features

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in self.arrays.items())
        return f"Case({self.operation.name}, {self.dtype}: {shapes}; {sorted(self.options)})"

    def having(self, **changes: Any) -> "Case":
        """Return the case with other arrays or options."""
        changes = {
            name: representable(value, self.dtype) if is_floating(value) else value
            for name, value in changes.items()
        }
        arrays = {name: changes.pop(name, value) for name, value in self.arrays.items()}
        return replace(self, arrays=arrays, options={**self.options, **changes})

    def without(self, *options: str) -> "Case":
        """Return the case with these options left at their defaults."""
        kept = {name: value for name, value in self.options.items() if name not in options}
        return replace(self, options=kept)

    def pulled(self, **cotangents: Array) -> "Case":
        """Return the case with other cotangents."""
        return replace(self, cotangents={**self.cotangents, **cotangents})

    def option(self, name: str) -> Any:
        """An option's value, given or by default."""
        if name in self.options:
            return self.options[name]
        return self.operation.options[name]

    def random(self, stream: int = 0) -> np.random.RandomState:
        """Return a generator seeded by the case and the stream."""
        return generator(self.seed, 7919, stream)

    @cached_property
    def known_sizes(self) -> dict[str, int]:
        """The sizes, counted once."""
        return self.operation.sizes_in(self.arrays, self.options)

    def sizes(self) -> dict[str, int]:
        """Letter to size, as the operation's axes name them."""
        return dict(self.known_sizes)

    @property
    def differentiated(self) -> list[str]:
        """The arrays that have a gradient."""
        return self.operation.differentiated(self.arrays)


def is_floating(value: Any) -> bool:
    """Return True if a value is an array of floating numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def arrays_among_options(case: Case) -> Iterator[tuple[str, Array]]:
    """Lengths and masks, those that are given and hold anything."""
    for name, option in case.options.items():
        if isinstance(option, np.ndarray) and option.ndim and option.size:
            yield name, option


def output_shapes(case: Case, named: Mapping[str, str] | None = None) -> dict[str, tuple[int, ...]]:
    """Return the shape that each output must have, by name.

    named: the axes of other outputs than the operation's own.
    """
    sizes, first = case.sizes(), next(iter(case.arrays.values()), np.zeros(()))
    given = {**case.operation.options, **case.options}
    sizes |= {n: o for n, o in given.items() if isinstance(o, int)}  # length, dim, steps

    def shape(axes: str) -> tuple[int, ...]:
        if axes == "..." and not case.operation.own:
            return first.shape
        rest: tuple[int, ...] = ()
        letters = axes.split()
        if letters[:1] == ["..."]:
            led = next(n for n in case.arrays if case.operation.axes(n)[:1] == ["..."])
            named, shape = len(case.operation.axes(led)) - 1, case.arrays[led].shape
            rest, letters = shape[: len(shape) - named], letters[1:]
        return (*rest, *(extent(axis, sizes) for axis in letters))

    return {name: shape(axes) for name, axes in (named or case.operation.outputs).items()}


def shapes_of_cotangents(case: Case) -> dict[str, tuple[int, ...]]:
    """Return the shape of the cotangent of each output that has one, by name."""
    return {n: s for n, s in output_shapes(case).items() if not case.operation.is_whole(n)}
