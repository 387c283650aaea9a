"""What is timed: each operation at three sizes, forward and backward, and the arrays for it.

Operations on sequences are timed at some lengths more, all else as it is at the middle size: how
their time grows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from seqlaws.properties.inputs.benchmark import SIZES as STANDARD
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array, representable
from seqlaws.properties.inputs.operation import extent
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.benchmark import made_of_own, own_sizes
from seqlaws.properties.own.operation import Own

DIRECTIONS = ("forward", "backward")
SIZES = ("small", "middle", "large")
LENGTHS = (16, 32, 64, 128, 256)
ALONG = ("T", "L", "S", "n", "length", "steps")  # the axes that have a sequence's length
APART = ("R", "B", "N", "M")  # axes along which entries do not know of each other, as N is M
CUDA_BATCH = 8  # a GPU is idle at a batch that keeps two cores busy


@dataclass(frozen=True)
class Work:
    """An operation in one direction at one size, in a dtype and on a device, options by default.

    direction: "forward" or "backward"; size: "small", "middle", "large" or "length 64".
    """

    operation: str
    direction: str
    size: str
    dtype: str
    device: str

    @property
    def group(self) -> str:
        """What implementations on the same work have in common; pytest-benchmark's group."""
        return f"{self.operation} {self.direction} {self.size} {self.dtype} {self.device}"

    @property
    def length(self) -> int:
        """Of the sequence, where the size says it; else 0."""
        kind, _, length = self.size.partition(" ")
        return int(length) if kind == "length" else 0

    @property
    def sizes(self) -> dict[str, int]:
        """Letter to size. R: rows, of arrays of any rank; n: their length; the rest: the axes'."""
        at = SIZES.index("middle" if self.length else self.size)
        sizes = {letter: sizes[at] for letter, sizes in timed_sizes(self.operation).items()}
        if self.length:
            along = lengths_of(self.operation)
            return {letter: self.length if letter in along else n for letter, n in sizes.items()}
        if self.size == "large" and self.device.startswith("cuda"):
            for letter in [letter for letter in ("R", "B") if letter in sizes][:1]:
                sizes[letter] *= CUDA_BATCH
        return sizes

    @property
    def inputs(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array that goes in: the cotangents too, if backward."""
        known = OPERATIONS[self.operation]
        arrays = shapes(self.operation, known.arrays, self.sizes)
        cotangents = shapes(self.operation, known.outputs, self.sizes)
        return arrays | ({f"d{n}": s for n, s in cotangents.items()} if self.backward else {})

    @property
    def outputs(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array that comes out: the gradients, if backward."""
        known = OPERATIONS[self.operation]
        names = known.differentiated(known.arrays) if self.backward else known.outputs
        return shapes(self.operation, names, self.sizes)

    @property
    def backward(self) -> bool:
        """Whether gradients are taken."""
        return self.direction == "backward"

    def case(self) -> Case:
        """The inputs, the same for every implementation and in both directions."""
        return made(self.operation, self.dtype, tuple(self.sizes.items()))


def sizes_of(operation: str, lengths: Iterable[int] = LENGTHS) -> list[str]:
    """The sizes at which an operation is timed."""
    return [*SIZES, *(f"length {n}" for n in lengths if lengths_of(operation))]


def lengths_of(operation: str) -> list[str]:
    """The letters of the sequence's length; of a user's own operation the axis that is scanned."""
    known = OPERATIONS[operation]
    if isinstance(known, Own):
        return [known.scan_axis] if known.scan_axis else []
    return [letter for letter in timed_sizes(operation) if letter in ALONG]


@lru_cache(maxsize=1)  # jobs are ordered by work: one case is alive at a time
def made(operation: str, dtype: str, sizes: tuple[tuple[str, int], ...]) -> Case:
    """The arrays and cotangents of one operation and size, as float64 numbers of the dtype.

    Standard normal, weights over sqrt(n). weight_hh is over n: with larger ones the bound of a
    gradient through all steps is infinite, and the check of the timed call would say nothing.
    """
    random = np.random.RandomState([len(operation), *(n for _, n in sizes)])
    known = OPERATIONS[operation]
    if isinstance(known, Own):
        return made_of_own(known, dtype, dict(sizes))

    def filled(names: Iterable[str]) -> dict[str, Array]:
        arrays = {}
        for name, shape in shapes(operation, names, dict(sizes)).items():
            if name in known.integers:  # positions, one after another; or states
                below = dict(sizes).get(known.integers[name])
                arrays[name] = random.randint(0, below, shape) if below else np.arange(shape[0])
                continue
            power = {"weight_ih": -0.5, "weight_hh": -1.0}.get(name, 0.0)
            if name.endswith("weight") and len(shape) > 1:  # of a projection
                power = -0.5
            values = random.standard_normal(shape) * shape[-1] ** power
            if name in ("initial", "transition"):
                values = np.abs(values) / np.sum(np.abs(values), axis=-1, keepdims=True)
            arrays[name] = representable(values, dtype)
        return arrays

    numbers = {name: n for name, n in sizes if name in known.arguments}  # length, dim, steps
    if "num_heads" in known.arguments:
        numbers["num_heads"] = dict(sizes)["N"]
    cotangents = filled(known.outputs) if known.differentiable else {}
    return Case(known, dtype, filled(known.arrays), numbers, cotangents)


def shapes(
    operation: str, names: Iterable[str], sizes: Mapping[str, int]
) -> dict[str, tuple[int, ...]]:
    """Name to shape."""
    return {n: tuple(extent(axis, sizes) for axis in axes(operation, n).split()) for n in names}


def timed_sizes(operation: str) -> Mapping[str, tuple[int, int, int]]:
    """Letter to its size when small, middle and large: the operation's own, or the letter's."""
    known = OPERATIONS[operation]
    if isinstance(known, Own):
        return own_sizes(known)
    named = " ".join(axes(operation, name) for name in (*known.arrays, *known.outputs))
    letters = {axis.lstrip("0123456789") for axis in named.split()}
    standard = {letter: n for letter, n in STANDARD.items() if letter in letters}
    own = known.benchmark.sizes
    return {**own, **{letter: n for letter, n in standard.items() if letter not in own}}


def axes(operation: str, name: str) -> str:
    """The axes of an array or an output, as it is timed: "B T 4H"; axes of any number are rows R.

    An array of which no axis has a letter is timed as R rows of n; an output "..." as the first
    array.
    """
    known = OPERATIONS[operation]
    if name in known.benchmark.axes:
        return known.benchmark.axes[name]
    described = known.outputs[name].split() if name in known.outputs else known.axes(name)
    if described == ["..."] and not known.own:
        described = known.axes(next(iter(known.arrays)))
    rows = "R n" if described == ["..."] and not known.own else "R"
    return " ".join(rows if axis == "..." else axis for axis in described)


def outermost(operation: str, name: str, sizes: Mapping[str, int]) -> tuple[slice, ...]:
    """Where an array holds the first and the last batch entry (softmax: row), and such heads.

    What has no such axis, a weight or a bias, belongs to every entry and is taken whole.
    """
    known = OPERATIONS[operation]
    apart = ("R", *known.batch) if isinstance(known, Own) else APART
    return tuple(
        slice(None, None, max(sizes[axis] - 1, 1)) if axis in apart else slice(None)
        for axis in axes(operation, name).split()
    )
