"""An implementation's function, of its floating arrays alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seqlaws.properties.inputs.operation import Operation


@dataclass(frozen=True)
class OfLeaves:
    """An implementation's function, with its floating arrays alone as arguments.

    pulled: the places of the outputs that have a cotangent, if there are others. some: the arrays
    that are arguments, if not all of them; a factor of each output then comes behind them.
    """

    function: Any
    operation: Operation
    arrays: Mapping[str, Any]
    pulled: tuple[int, ...] = ()
    some: tuple[str, ...] = ()

    def __call__(self, *leaves: Any, **options: Any) -> Any:
        names = self.some or self.operation.differentiated(self.arrays)
        taken = {**self.arrays, **dict(zip(names, leaves, strict=not self.some))}
        given, named = self.operation.arranged(taken, options)
        outputs = self.function(*given, **named)
        if self.pulled:
            outputs = tuple(outputs[k] for k in self.pulled)
        if not self.some:
            return outputs
        several = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
        return tuple(o * factor for o, factor in zip(several, leaves[len(names) :], strict=True))
