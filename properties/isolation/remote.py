"""Parts of an implementation in another process that are here: arrays, functions, the backend."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MethodType
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlaws.properties.backends.protocol import Array, BadOutputError
from seqlaws.properties.inputs.leaves import OfLeaves
from seqlaws.properties.isolation.worker import Held, Named

if TYPE_CHECKING:
    from seqlaws.properties.isolation.client import Contained

PARAMETERS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.KEYWORD_ONLY,
    inspect.Parameter.VAR_KEYWORD,
)


class Remote:
    """An array in the other process."""

    def __init__(self, home: "Contained", number: int, contents: Array, *described: Any) -> None:
        self.home, self.number, self.contents, self.described = home, number, contents, described
        self.process = home.process
        self.shared: set[int] = set()
        home.arrays[number] = self

    @property
    def shape(self) -> tuple[int, ...]:
        return self.contents.shape

    def __del__(self) -> None:
        if self.process == self.home.process:
            self.home.dropped.append(self.number)


@dataclass(frozen=True)
class Odd:
    """Output of the implementation that is not an array."""

    why: str


class RemoteFunction:
    """A function in the other process."""

    def __init__(self, home: "Contained", name: str, parameters: Any) -> None:
        self.home, self.name = home, name
        if parameters is not None:
            nothing = inspect.Parameter.empty
            made = [
                inspect.Parameter(n, PARAMETERS[kind], default=None if optional else nothing)
                for n, kind, optional in parameters
            ]
            self.__signature__ = inspect.Signature(made)

    def __call__(self, *given: Any, **options: Any) -> Any:
        return self.home.call(Named(self.name), given, options)


class RemoteBackend:
    """The arrays of a library, in the other process."""

    def __init__(self, home: "Contained", library: str) -> None:
        self.home, self.library = home, library

    @cached_property
    def layouts(self) -> tuple[str, ...]:
        return tuple(self.home.ask("layouts"))

    def available(self, device: str) -> str:
        return str(self.home.ask("available", device))

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Remote:
        return self.home.make(np.array(values), dtype, device, layout)

    def values(self, array: Remote) -> Array:
        return array.contents

    def write(self, array: Remote, values: Array) -> Remote:
        self.home.write(array, np.array(values))
        return array

    def is_intact_around(self, array: Remote) -> bool:
        return bool(self.home.ask("is_intact_around", array.number))

    def soil(self, sizes: Sequence[int], device: str) -> None:
        self.home.soil(self.library, sizes, device)

    def finish(self, outputs: Any, device: str) -> None:
        """Do nothing: the worker has waited."""

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        if isinstance(output, Odd):
            raise BadOutputError(output.why)
        if not isinstance(output, Remote):
            raise BadOutputError(f"a {type(output).__name__}, not an array")
        shape, dtype, device = output.described
        return shape, dtype, device

    def overlap(self, a: Remote, b: Remote) -> bool:
        return b.number in a.shared or a.number in b.shared

    def gradients(self, *given: Any) -> Any:
        return self.home.call(Named(""), given, {})


def referred(value: Any) -> Any:
    """Replace arrays and functions by the numbers and names that the worker knows."""
    if isinstance(value, Remote):
        return Held(value.number)
    if isinstance(value, RemoteFunction):
        return Named(value.name)
    if isinstance(value, MethodType):  # the backend's
        return Named("")
    if isinstance(value, OfLeaves):
        return replace(value, function=referred(value.function), arrays=referred(value.arrays))
    if isinstance(value, dict):
        return {n: referred(v) for n, v in value.items()}
    return type(value)(map(referred, value)) if isinstance(value, (tuple, list)) else value
