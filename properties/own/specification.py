"""The specification of an own operation, as the suite calls it: shapes checked, outputs stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seqlaws.properties.inputs.operation import extent
from seqlaws.properties.own.kinds import ArrayOption
from seqlaws.properties.own.operation import Own
from seqlaws.properties.own.scan import scanned


@dataclass(frozen=True)
class Specification:
    """A user's function, or a misreading of it, in the form of the suite's own."""

    operation: Own
    function: Callable[..., Any]

    def __call__(self, *given: Any, **options: Any) -> tuple[Any, ...]:
        """Return the outputs; each may be rounded to storage precision. Raises ValueError."""
        return self.outputs_of(given, options)

    def outputs_of(
        self, given: Sequence[Any], options: Mapping[str, Any], seen: Any = None
    ) -> tuple[Any, ...]:
        """Return the outputs; seen: of a scan, the states that an implementation gave."""
        names = self.operation.arguments
        if len(given) != len(names):
            raise TypeError(f"{self.operation.name} takes {', '.join(names)}")
        self.check(dict(zip(names, given, strict=True)), options)
        if self.operation.scan is None:
            found = self.function(*given, **options)
        else:
            found = scanned(self.operation, self.function, given, options, seen)
        outputs = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        if len(outputs) != len(self.operation.outputs):
            raise ValueError(
                f"{self.operation.name} returned {len(outputs)} outputs; declared: "
                f"{', '.join(self.operation.outputs)}"
            )
        return tuple(stored(x) for x in outputs)

    def check(self, given: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        """Raise ValueError for an array whose shape does not fit its axes."""
        operation = self.operation
        optional = {n: k for n, k in operation.kinds.items() if isinstance(k, ArrayOption)}
        arrays = {n: given[n] for n in operation.arrays}
        arrays |= {n: options[n] for n in optional if options.get(n) is not None}
        numbers = {**operation.options, **options}
        numbers |= {n: v for n, v in given.items() if n not in operation.arrays}
        for name, array in arrays.items():
            if not hasattr(array, "shape"):
                raise TypeError(f"{operation.name}: {name} is no array")
        for name, array in arrays.items():
            least = len(operation.declared[name].axes.replace("...", "").split())
            exact = not operation.declared[name].has_leading
            if len(array.shape) < least or (exact and len(array.shape) > least):
                raise ValueError(
                    f"{operation.name}: {name} has shape {tuple(array.shape)}; declared: "
                    f"({', '.join(operation.declared[name].axes.split())})"
                )
        sizes = operation.sizes_in({n: given[n] for n in operation.arrays}, numbers)
        leading: dict[str, tuple[int, ...]] = {}
        for name, array in arrays.items():
            axes = operation.declared[name].axes.split()
            front: tuple[int, ...] = ()
            if axes[:1] == ["..."]:
                axes = axes[1:]
                front = array.shape[: max(len(array.shape) - len(axes), 0)]
                front = leading.setdefault("...", front)
            fits = (*front, *(extent(a, {**numbers, **sizes}) for a in axes))
            if tuple(array.shape) != fits:
                raise ValueError(
                    f"{operation.name}: {name} has shape {tuple(array.shape)}; "
                    f"({', '.join(operation.declared[name].axes.split())}) is {fits} here"
                )


def stored(x: Any) -> Any:
    """Return an output as it may be stored; whole numbers and booleans as they are."""
    kind = getattr(getattr(x, "dtype", None), "kind", "f")
    return +x if kind in "fc" else x
