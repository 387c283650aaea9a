"""An operation of the contract: its specification, the axes of its arrays, kinds of its options.

What follows from these is derived; an operation says the rest, where that is not enough.

`operations/` has one module for each family; nothing else in the suite knows an operation by name.
"""

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqlaws.properties.inputs.benchmark import Benchmark
from seqlaws.properties.inputs.core import beyond_core
from seqlaws.properties.inputs.derived import DERIVED, LARGE
from seqlaws.properties.inputs.options import Option
from seqlaws.properties.inputs.sizes import Fixed, Sweeps

if TYPE_CHECKING:
    from seqlaws.properties.inputs.case import Case

MAY_BE_ZERO = {"B", "T", "L", "S"}
LAYER = "layers.0."  # the entries of a dict that has several layers are described by the first


@dataclass(frozen=True, eq=False)
class Operation:
    """Operation of the suite, without its equations.

    spec, vjp: the functions of `reference/`. The contract's signature, its options and their
    defaults are spec's own; keyword-only parameters of spec are traits.
    arrays, outputs: name to axes, in order. An array inside an argument that is a dict has the name
    "argument.entry". "... E" are any axes and a last one, the same axes wherever "..." stands; an
    output of axes "..." has the shape of the first array.
    kinds: of each option, in the signature's order.
    core: pairs of letters whose sizes are equal in the core, and in words what else they are.
    case: draws a case: (draw, operation, dtype, **fixed), where `fixed` pins sizes and options;
    else `plain_case`. sweeps: what to pin in turn, so that each value surely comes up.
    other: another value of an array, of the same shape and as sound: (case, name, random).
    poisoned: the case with its poison in the places that no output may depend on.
    discriminating: cases that tell misreadings apart, for the diagnosis: (witness, offers); else
    those of the sweeps.
    long: what to pin so that a case goes past a kernel's tile; else a sequence's length, or the
    first array's last axis.
    reach: the array and the letter along which it is measured how far a gradient comes back.
    benchmark: how it is timed, and how much arithmetic it is.
    integers: the arrays of whole numbers, each with the letter of the size that they are below, or
    "". bounded: the arrays whose numbers lie in a range, such as probabilities. dtypes: where the
    operation is of some dtypes only, whatever is declared. whole: whether outputs are whole
    numbers. share: of the drawn examples, for an operation that is made of others that have laws
    themselves.
    layouts: the orders of axes that an implementation may declare for its arrays that have a batch
    and as many axes; the contract's first. extras: outputs that an implementation may return
    besides, by name, each with its axes and the function of `reference/` that specifies it.
    way: how the specification is asked for expected values: "expected", of the whole call; "step by
    step", from the implementation's own state; "token by token", from its own text. file: where the
    specification of a user's own operation stands.
    """

    spec: Callable[..., Any]
    arrays: Mapping[str, str]
    outputs: Mapping[str, str]
    kinds: Mapping[str, Option] = field(default_factory=dict)
    core: Mapping[str, str] = field(default_factory=dict)
    vjp: Callable[..., Any] | None = None
    case: Callable[..., Any] | None = None
    sweeps: Sweeps = DERIVED
    benchmark: Benchmark = field(default_factory=Benchmark)
    other: Callable[..., Any] | None = None
    poisoned: Callable[..., Any] | None = None
    discriminating: Callable[..., Any] | None = None
    long: Fixed = field(default_factory=dict)
    reach: tuple[str, str] | None = None
    integers: Mapping[str, str] = field(default_factory=dict)
    bounded: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    whole: bool = False
    share: float = 1.0
    layouts: tuple[str, ...] = ()
    extras: Mapping[str, tuple[str, Callable[..., Any]]] = field(default_factory=dict)
    way: str = "expected"
    file: Path | None = None

    @property
    def name(self) -> str:
        """Name of the operation, as implementations spell it."""
        return self.spec.__name__

    @cached_property
    def parameters(self) -> list[inspect.Parameter]:
        """The parameters of the contract's signature."""
        every = inspect.signature(self.spec).parameters.values()
        return [p for p in every if p.kind is not p.KEYWORD_ONLY]

    @cached_property
    def options(self) -> dict[str, Any]:
        """Optional arguments, with their default values."""
        return {p.name: p.default for p in self.parameters if p.default is not p.empty}

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Positional arguments: arrays, dicts of arrays, and numbers that every call gives."""
        return tuple(p.name for p in self.parameters if p.default is p.empty)

    @cached_property
    def traits(self) -> tuple[str, ...]:
        """The traits that the specification has to know."""
        names = inspect.signature(self.spec).parameters
        known = {"fully_masked": "fully_masked", "query_offset": "causal_alignment"}
        return tuple(trait for name, trait in known.items() if name in names)

    @property
    def scalable(self) -> list[str]:
        """The arrays whose numbers may be of any magnitude."""
        return [n for n in self.differentiated(self.arrays) if n not in self.bounded]

    @property
    def differentiable(self) -> bool:
        """True if the operation has a vector-Jacobian product."""
        return self.vjp is not None

    @property
    def recurrent(self) -> bool:
        """True if the operation is a recurrence."""
        return self.way == "step by step"

    @property
    def signature(self) -> str:
        """Signature of the operation, as the contract writes it."""
        options = [f"{name}={default!r}" for name, default in self.options.items()]
        return f"{self.name}({', '.join([*self.arguments, *options])})"

    @cached_property
    def letters(self) -> list[str]:
        """The letters of sizes, in order, but for axes of any number."""
        axes = " ".join(self.arrays.values()).split()
        return list(dict.fromkeys(a.lstrip("0123456789") for a in axes if a != "..."))

    @property
    def may_be_zero(self) -> list[str]:
        """The letters of the sizes that may be 0."""
        return [letter for letter in self.letters if letter in MAY_BE_ZERO]

    @property
    def leading(self) -> bool:
        """True if an array has any number of leading axes."""
        return any(axes.startswith("...") for axes in self.arrays.values())

    @property
    def past_a_tile(self) -> Fixed:
        """Sizes to pin so that a case is larger than a kernel's tile."""
        sequence = [letter for letter in "STL" if letter in self.letters]
        last = next(iter(self.arrays.values()), "").replace("...", "").split()[-1:]
        return self.long or dict.fromkeys([*sequence, *last][:1], LARGE)

    @property
    def blocks(self) -> int:
        """Number of row blocks of H in the weights; 1 without recurrent weights."""
        rows = self.arrays.get("weight_ih", "H").split()[0]
        return int(rows[:-1] or 1)

    @cached_property
    def axes_of_arrays(self) -> dict[str, list[str]]:
        """The axes of each array, of the first layer only."""
        return {name: axes.split() for name, axes in self.arrays.items()}

    def axes(self, name: str) -> list[str]:
        """The axes of an array, of any layer."""
        known = self.axes_of_arrays
        return known[name] if name in known else known[re.sub(r"layers\.\d+\.", LAYER, name)]

    @property
    def batched(self) -> list[str]:
        """The arrays that have a row for each entry of a batch."""
        return [name for name, axes in self.arrays.items() if axes.split()[0] == "B"]

    @property
    def dividing(self) -> list[str]:
        """The arrays that say where parts of others begin: no numbers whatever will do."""
        return []

    @property
    def own(self) -> bool:
        """True if it is an operation of a user's own."""
        return self.file is not None

    @property
    def scan_axis(self) -> str:
        """The letter of the axis that a user's own operation scans, or nothing."""
        return ""

    @property
    def states_shown(self) -> list[str]:
        """The outputs of a scan that are its state after each step."""
        return []

    @property
    def resumable(self) -> bool:
        """True for a scan that can go on where another call ended."""
        return False

    def along_scan(self, given: Iterable[str]) -> dict[str, int]:
        """Return the place, from the end, of the scanned axis in each array that has it."""
        return {}

    @property
    def batched_options(self) -> list[str]:
        """The options that have an entry for each row of a batch."""
        return [name for name in self.options if name == "lengths"]

    def rows(self, case: "Case") -> int:
        """Return the number of rows of a case's batch."""
        return case.sizes().get("B", 0)

    def is_whole(self, output: str) -> bool:
        """Return True if an output has whole numbers; it has no gradient then."""
        return self.whole and output in self.outputs

    @property
    def pulled(self) -> list[str]:
        """The outputs that have a cotangent: the floating ones."""
        return [name for name in self.outputs if not self.is_whole(name)]

    def floating(self, outputs: Any) -> Any:
        """Return the outputs that have a cotangent, of all that a call returned."""
        if len(self.pulled) == len(self.outputs):
            return outputs
        pairs = zip(self.outputs, outputs, strict=True)
        return tuple(o for name, o in pairs if not self.is_whole(name))

    def is_option(self, name: str) -> bool:
        """Return True if an argument is given by name, False if by position."""
        return name not in self.arguments

    def beyond_core(self, case: "Case") -> list[str]:
        """Say in short phrases what of a case an implementation may refuse; else nothing."""
        return beyond_core(case)

    def sizes_in(self, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, int]:
        """Return the size of each letter in the arrays of a call."""
        letters: dict[str, int] = {}
        for name, array in arrays.items():
            axes = self.axes(name)
            if axes[0] == "...":
                axes = axes[1:]
            last = array.shape[len(array.shape) - len(axes) :]  # a number system has no ndim
            for axis, n in zip(axes, last, strict=False):
                letters.setdefault(axis, n)
        return letters

    def differentiated(self, names: Any) -> list[str]:
        """Return the names of the arrays that have a gradient: the floating ones."""
        return [name for name in names if name not in self.integers]

    def arranged(
        self, arrays: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional arguments of a call, dicts put together, and those by name."""
        given = [self.argument(name, arrays, options) for name in self.arguments]
        return given, {name: o for name, o in options.items() if self.is_option(name)}

    def entries(self, arrays: Mapping[str, Any]) -> list[str]:
        """Return the names of what the positional arguments hold, in order, those of dicts, too."""
        each = ([a for a in arrays if a.startswith(f"{n}.")] or [n] for n in self.arguments)
        return [name for names in each for name in names]

    def argument(self, name: str, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        """Return the value of a positional argument; the entries of a dict are put together."""
        if name in arrays:
            return arrays[name]
        if name in options:
            return options[name]
        head = f"{name}."
        return {n.removeprefix(head): a for n, a in arrays.items() if n.startswith(head)}


def extent(axis: str, sizes: Mapping[str, int]) -> int:
    """Return the length of an axis such as "T", "4H" or "G*C"."""
    if axis.isidentifier():
        return sizes[axis]
    factors = re.findall(r"\d+|[A-Za-z_]\w*", axis)
    return math.prod(int(f) if f.isdigit() else sizes[f] for f in factors)
