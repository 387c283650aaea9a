"""Calling convention of a function: what its traits `layout`, `writes` and `returns` declare.

Inside the suite all arrays have the contract's order of axes. They are converted where a call is
made, and where its outputs are read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqlaws.properties.discovery.traits import Traits
from seqlaws.properties.inputs.case import Case, output_shapes
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.inputs.operation import Operation


@dataclass(frozen=True)
class Convention:
    """How one operation of an implementation is called.

    layout: one of the operation's layouts. writes: the parameter that takes the arrays for the
    outputs, or "". returned: the names of the outputs, in their order.
    """

    operation: Operation
    layout: str
    writes: str
    returned: tuple[str, ...]

    def order(self, name: str, rank: int) -> tuple[int, ...] | None:
        """Return the contract's axes in the order of the implementation's; None if they are equal.

        Also None for an array of another rank than the layout's: a wrong one, or a bias.
        """
        usual = (self.operation.layouts or ("",))[0]
        if self.layout == usual:
            return None
        named = {**self.operation.arrays, **self.operation.outputs}
        axes = named.get(name, "").split()
        if axes[:1] != ["B"] or not len(axes) == rank == len(usual):
            return None
        return tuple(usual.index(letter) for letter in self.layout)

    def given(self, name: str, array: Array) -> Array:
        """Return an array as the implementation takes it."""
        order = self.order(name, array.ndim)
        return array if order is None else array.transpose(order)

    def taken(self, name: str, array: Array) -> Array:
        """Return an array that the implementation gave, in the contract's order."""
        order = self.order(name, array.ndim)
        return array if order is None else array.transpose(np.argsort(order))

    def shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape that the implementation's array has, by the contract's."""
        order = self.order(name, len(shape))
        return shape if order is None else tuple(shape[axis] for axis in order)

    def shapes(self, case: Case) -> dict[str, tuple[int, ...]]:
        """Return the contract's shape of each output that the implementation returns."""
        axes = {name: axes for name, (axes, _) in self.operation.extras.items()}
        known = output_shapes(case, {**self.operation.outputs, **axes})
        return {name: known[name] for name in self.returned}

    def unwritten(self, case: Case) -> dict[str, Array]:
        """Return what the arrays hold that the implementation writes its outputs to, by name."""
        if not self.writes:
            return {}
        shapes = {name: self.shape(name, shape) for name, shape in self.shapes(case).items()}
        return {
            name: np.full(shape, 77) if self.operation.is_whole(name) else np.full(shape, np.nan)
            for name, shape in shapes.items()
        }

    def place(self, name: str, index: Sequence[int]) -> tuple[int, ...]:
        """Return the index that an entry has in the implementation's array."""
        order = self.order(name, len(index))
        return tuple(index if order is None else (index[axis] for axis in order))

    def keyword(self, buffers: Mapping[str, Any]) -> dict[str, Any]:
        """Return the argument that gives the arrays for the outputs: one, or a tuple of several."""
        if not self.writes:
            return {}
        several = tuple(buffers[name] for name in self.returned)
        return {self.writes: several if len(several) > 1 else several[0]}

    @property
    def pulled(self) -> tuple[int, ...]:
        """The places of the outputs that have a cotangent; empty if that is all of them."""
        names = tuple(self.operation.pulled)
        return () if names == self.returned else tuple(self.returned.index(n) for n in names)


def convention_of(traits: Traits, operation: Operation) -> Convention:
    """Return the convention that an implementation declares for an operation."""
    layout = traits.layout or (operation.layouts or ("",))[0]
    returned = traits.returns or tuple(operation.outputs)
    return Convention(operation, layout, traits.writes, returned)
