"""Gradient of an own operation: reverse mode over its source, or the user's own function."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqlaws.properties.own.specification import Specification, stored
from seqlaws.reference.numbers.reverse import Traced, gradients


@dataclass(frozen=True)
class Reverse:
    """The vjp of a specification: (cotangents..., arguments...) to a gradient of each array."""

    specification: Specification

    def __call__(self, *given: Any, **options: Any) -> tuple[Any, ...]:
        operation = self.specification.operation
        count = len(operation.pulled)
        pulled, arguments = given[:count], given[count:]
        names = operation.differentiated(operation.arrays)
        constant = [operation.arguments.index(name) for name in operation.constant]
        places = [operation.arguments.index(name) for name in names]

        def function(*leaves: Any) -> Any:
            taken = list(arguments)
            for place, leaf in zip(places, leaves, strict=True):
                taken[place] = leaf
            for place in constant:  # of the same kind as what it meets
                taken[place] = Traced(taken[place])
            outputs = operation.floating(self.specification(*taken, **options))
            fit(operation.pulled, pulled, outputs)
            return outputs

        found = gradients(function, pulled, [arguments[place] for place in places])
        return tuple(stored(g) for g in found)


@dataclass(frozen=True)
class Written:
    """The user's own vjp, whose arrays are checked, and whose gradients are stored."""

    specification: Specification
    function: Callable[..., Any]

    def __call__(self, *given: Any, **options: Any) -> tuple[Any, ...]:
        operation = self.specification.operation
        count = len(operation.pulled)
        arguments = dict(zip(operation.arguments, given[count:], strict=True))
        self.specification.check(arguments, options)
        found = self.function(*given, **options)
        found = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        return tuple(stored(g) for g in found)


def fit(names: list[str], pulled: Any, outputs: Any) -> None:
    """Raise ValueError for a cotangent whose shape is not its output's."""
    for name, g, output in zip(names, pulled, outputs, strict=True):
        if np.shape(g) != tuple(output.shape):
            raise ValueError(
                f"d{name} has shape {np.shape(g)}, {name} has shape {tuple(output.shape)}"
            )
