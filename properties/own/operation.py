"""`Own`: an operation whose specification is a function of the user's."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlaws.properties.inputs.core import empty, of_numbers, of_options
from seqlaws.properties.inputs.operation import Operation, extent
from seqlaws.properties.own.arrays import shape_of
from seqlaws.properties.own.declared import Declared, factors
from seqlaws.properties.own.kinds import ArrayOption
from seqlaws.properties.own.rows import aligned
from seqlaws.properties.own.scan import Scan, leading_of

if TYPE_CHECKING:
    from seqlaws.properties.inputs.case import Case


@dataclass(frozen=True, eq=False)
class Own(Operation):
    """Operation of a user's own.

    declared: every array, optional ones and outputs included, by name. batch: the letters whose
    entries do not depend on each other, "..." among them. allowed_sizes: of a letter. gradients:
    whether there are any. constant: floating arrays that have none. consistent: changes the arrays
    and options of a drawn case, so that they fit each other. scan: if the function is one step of
    one.
    """

    declared: Mapping[str, Declared] = field(default_factory=dict)
    batch: tuple[str, ...] = ()
    allowed_sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gradients: bool = True
    constant: tuple[str, ...] = ()
    consistent: Callable[[dict[str, Any], dict[str, Any]], None] | None = None
    scan: Scan | None = None

    def __reduce__(self) -> tuple[Callable[[str], Operation], tuple[str]]:
        return known, (self.name,)

    def is_whole(self, output: str) -> bool:
        """Return True if an output has whole numbers or booleans."""
        return output in self.outputs and self.declared[output].is_whole

    def differentiated(self, names: Any) -> list[str]:
        """Return the names of the arrays that have a gradient: the floating ones, less constant."""
        return [name for name in super().differentiated(names) if name not in self.constant]

    @property
    def scalable(self) -> list[str]:
        """The arrays that are declared without a domain."""
        return [n for n in self.arrays if not self.declared[n].domain]

    @property
    def differentiable(self) -> bool:
        """True if it has gradients."""
        return self.gradients

    @cached_property
    def traits(self) -> tuple[str, ...]:
        """None: an option of the name of one of the suite's is an option."""
        return ()

    @property
    def dividing(self) -> list[str]:
        """The arrays of offsets."""
        return [n for n in self.arrays if self.declared[n].domain == "offsets"]

    @cached_property
    def numbers(self) -> list[str]:
        """Options and arguments that are whole numbers, which axes may name."""
        return [n for n, kind in self.kinds.items() if not isinstance(kind, ArrayOption)]

    @cached_property
    def letters(self) -> list[str]:
        """The letters of sizes, in order."""
        optional = [k.declared for k in self.kinds.values() if isinstance(k, ArrayOption)]
        every = [*(self.declared[n] for n in self.arrays), *optional]
        names = dict.fromkeys(name for one in every for name in one.names())
        return [name for name in names if name not in self.numbers]

    @property
    def may_be_zero(self) -> list[str]:
        """The letters of a batch."""
        return [letter for letter in self.batch if letter in self.letters]

    @property
    def batched(self) -> list[str]:
        """The arrays whose first axis is one of a batch."""
        return [n for n in self.arrays if self.starts_with_batch(self.declared[n])]

    @property
    def batched_options(self) -> list[str]:
        """The optional arrays whose first axis is one of a batch."""
        kinds = self.kinds.items()
        optional = {n: k.declared for n, k in kinds if isinstance(k, ArrayOption)}
        return [n for n, declared in optional.items() if self.starts_with_batch(declared)]

    @property
    def from_zeros(self) -> list[str]:
        """The states of a scan that begin with zeros: the function's, not the operation's."""
        return [n for n, declared in self.declared.items() if declared.domain == "zeros"]

    @cached_property
    def parameters(self) -> list[inspect.Parameter]:
        """The parameters: those of the function, but for states that begin with zeros; a loop's."""
        every = inspect.signature(self.spec).parameters.values()
        given = [p for p in every if p.name not in self.from_zeros]
        return [*given, *(self.scan.options if self.scan else ())]

    @property
    def arrays_of_a_step(self) -> list[str]:
        """The arrays that the function is given: states that begin with zeros among them."""
        return [*self.arrays, *self.from_zeros]

    @property
    def scan_axis(self) -> str:
        """The letter of the axis that is scanned, or nothing."""
        return self.scan.axis if self.scan else ""

    @property
    def row_lengths(self) -> str:
        """The option of a scan that says how long each row is, or nothing."""
        return self.scan.lengths if self.scan else ""

    def reads_backward(self, case: "Case") -> bool:
        """Return True if a scan reads the last step first."""
        return bool(self.scan and self.scan.reversible and case.option("reverse"))

    def with_lengths(self, case: "Case", random: np.random.RandomState, least: int) -> "Case":
        """Return a case whose rows have lengths from `least` to the number of steps."""
        leading, sizes = leading_of(self, case.arrays), self.numbers_of(case)
        shape = shape_of(self.declared[self.row_lengths], leading, sizes)
        steps = sizes[self.scan_axis]
        return case.having(
            **{self.row_lengths: random.randint(min(least, steps), steps + 1, shape)}
        )

    def with_padding(self, case: "Case", other: Mapping[str, Any]) -> dict[str, Any]:
        """Return a case's arrays of steps, with other numbers beyond the length of each row."""
        lengths, found = case.options[self.row_lengths], {}
        needed = {*self.declared[self.row_lengths].axes.split()}
        for name, place in self.along_scan(case.arrays).items():
            array, axes = case.arrays[name], self.axes(name)
            if needed <= {*axes}:
                steps = np.arange(array.shape[place]).reshape(-1, *(1,) * (-1 - place))
                found[name] = np.where(
                    steps < aligned(self, lengths, axes, array.shape), array, other[name]
                )
        return found

    @property
    def states_shown(self) -> list[str]:
        """The outputs of a scan that are its state after each step."""
        shown = self.scan.shown if self.scan else []
        return [name for name in shown if self.scan_axis in self.declared[name].axes.split()]

    def along_scan(self, given: Iterable[str]) -> dict[str, int]:
        """Return the place, from the end, of the scanned axis in each array that has it."""
        axes = {n: self.declared[n].axes.split() for n in given if n in self.declared}
        along = {n: a for n, a in axes.items() if self.scan_axis in a}
        return {n: a.index(self.scan_axis) - len(a) for n, a in along.items()}

    @property
    def resumable(self) -> bool:
        """True for a scan that can go on after another call: states are given and returned."""
        states = self.scan.states.items() if self.scan else ()
        return bool(states) and all(shown and n in self.arrays for n, shown in states)

    def states_after(self, outputs: Mapping[str, Any], *, backward: bool) -> dict[str, Any]:
        """Return the states with which a scan goes on after a call; backward: the first is last."""
        assert self.scan is not None
        after = {}
        for name, (first, *_) in self.scan.states.items():
            along = self.along_scan([first])
            after[name] = outputs[first]
            if along:
                place = outputs[first].ndim + along[first]
                after[name] = np.take(outputs[first], 0 if backward else -1, place)
        return after

    def starts_with_batch(self, declared: Declared) -> bool:
        """Return True if the first axis of an array is one of a batch."""
        return declared.axes.split()[:1] == [*self.batch[:1]] != []

    def rows(self, case: "Case") -> int:
        """Return the number of rows of a case's batch; 0 if it has none."""
        if not self.batched:
            return 0
        name = self.batched[0]
        array, inner = case.arrays[name], len(self.declared[name].axes.split()) - 1
        if self.batch[0] == "..." and array.ndim == inner:
            return 0
        return len(array)

    def beyond_core(self, case: "Case") -> list[str]:
        """Say in short phrases what of a case an implementation may refuse; else nothing."""
        return [*empty(case), *of_options(case), *of_numbers(case)]

    def numbers_of(self, case: "Case") -> dict[str, Any]:
        """Return the numbers that axes and domains may name: sizes and options of a case."""
        return {**self.options, **case.options, **case.sizes()}

    def sizes_in(self, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, int]:
        """Return the size of each letter; of a product the one that is not known otherwise."""
        known: dict[str, int] = {}
        given = {**self.options, **options}
        later = []
        for name, array in arrays.items():
            axes = self.axes(name)
            axes = axes[1:] if axes[:1] == ["..."] else axes
            last = array.shape[len(array.shape) - len(axes) :]
            for axis, n in zip(axes, last, strict=False):
                if axis in self.letters:
                    known.setdefault(axis, n)
                else:
                    later.append((axis, n))
        for axis, n in later:
            unknown = [f for f in factors(axis) if f in self.letters and f not in known]
            if len(unknown) == 1:
                others = [f for f in factors(axis) if f != unknown[0]]
                known[unknown[0]] = n // max(extent("*".join(others) or "1", {**given, **known}), 1)
        return known


def known(name: str) -> Operation:
    """Return an operation that was added."""
    from seqlaws.properties.operations import OPERATIONS

    return OPERATIONS[name]
