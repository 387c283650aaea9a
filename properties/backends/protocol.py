"""Requirements of a backend. A new backend is a class that meets them for its array library.

1. Arrays: make one from NumPy's, in a dtype, on a device, in a memory layout; read one back
   exactly; overwrite one; tell its shape, dtype and device; tell whether two share memory; tell
   whether something was written around one; leave free memory such that what reads it
   uninitialised is seen; wait until a device is done.
2. Gradients through a function, where the library differentiates.
3. Global state: which settings no call may change, how to seed the random numbers, whether the
   library works in a fork of a process that used it.
4. Source text for programs that hold nothing of the suite: the imports, and functions that make an
   array, read one and take a gradient.

1 and 2 need the library, which is imported when the class is instantiated. 3 and 4 are told by the
class alone: the state of a loaded library is watched even if no implementation declares it, and a
script is written where the library may be missing.

Inside the suite every number is a float64 NumPy array that the dtype holds exactly.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

Array = np.ndarray[Any, Any]
SOIL = 0x7B  # a byte: a float of such bytes is 1e36 in float32, 1e286 in float64
BLOCKS, BYTES_AT_MOST = 3, 1 << 20  # of memory that is left so


def holding(dtype: str) -> str:
    """NumPy's own dtype that holds the numbers of a floating dtype exactly."""
    return "float32" if dtype == "bfloat16" else dtype


class BadOutputError(Exception):
    """An output that is not what the contract promises; the message is a sentence."""


class NotDifferentiableError(BadOutputError):
    """Outputs through which no gradient can be taken."""


class Arrays(Protocol):
    """The arrays of a library: in this process, or in that of a contained implementation."""

    @property
    def layouts(self) -> tuple[str, ...]:
        """Names in LAYOUTS that the library supports."""

    def available(self, device: str) -> str:
        """Return "", or a sentence that says why the device cannot be used."""

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Any:
        """A private copy for a subject; bool and integer arrays keep their dtype."""

    def values(self, array: Any) -> Array:
        """Convert an array to NumPy: floating arrays exactly to float64."""

    def write(self, array: Any, values: Array) -> Any:
        """Overwrite a subject's array where it lies, if it can be; what now holds the values."""

    def is_intact_around(self, array: Any) -> bool:
        """Return True if nothing was written around an array that was made in a layout of AMID."""

    def soil(self, sizes: Sequence[int], device: str) -> None:
        """Leave odd bytes in free memory, where arrays of so many bytes are likely to be made."""

    def finish(self, outputs: Any, device: str) -> None:
        """Wait until the device has computed the outputs; raise the error that it reports."""

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        """Shape, dtype and device of an output; BadOutputError if it is not an array."""

    def overlap(self, a: Any, b: Any) -> bool:
        """Return True if two arrays share memory."""

    def gradients(
        self,
        function: Callable[..., Any],
        cotangents: Sequence[Any],
        arrays: Sequence[Any],
        options: dict[str, Any],
    ) -> tuple[Any, ...]:
        """The gradient of each array, through the function itself."""


class Backend(Arrays, Protocol):
    """A library in this process. The class alone tells all but the arrays.

    library: the module, which is the name of the distribution too.
    differentiates: whether gradients can be taken through a function.
    writable: whether a function can write to an array that it is given.
    survives_fork: whether it works, on the CPU, in a fork of a process that used it.
    passing: the names of `state` that may differ at a later call by right.
    modules: those whose functions nobody may replace.
    imports: lines of source that come first in a program.
    source_of_array: a function `array(values, dtype, device)`; values is a NumPy array of a dtype
    that holds the numbers exactly. Empty where NumPy's arrays are the library's own.
    source_of_values: a function `values(array)`, which gives float64 NumPy; empty likewise.
    source_of_gradients: a function `gradients(function, cotangents, arrays)`; function(*arrays)
    gives a sequence of outputs. Empty where the library does not differentiate.
    source_of_permuted, source_of_broadcast: expressions of an array in another memory layout, to be
    formatted with (array, axes) and with (array, index, shape).
    source_of_cut_out: a function `cut_out(array, shape, index)`: a part of a larger array.
    source_of_far_apart: a function `far_apart(array, count, strides, near)`: the array in a buffer
    of so many entries, where those at `near` are poison; RESERVED may be used.
    source_of_amid: a function `amid(array, whole, is_nan)`: the array in the middle of a longer
    buffer of NaN or of large numbers, or, for an array of whole numbers, of `whole`.
    """

    library: ClassVar[str]
    differentiates: ClassVar[bool]
    writable: ClassVar[bool]
    survives_fork: ClassVar[bool]
    passing: ClassVar[tuple[str, ...]]
    modules: ClassVar[tuple[str, ...]]
    imports: ClassVar[tuple[str, ...]]
    source_of_array: ClassVar[str]
    source_of_values: ClassVar[str]
    source_of_gradients: ClassVar[str]
    source_of_permuted: ClassVar[str]
    source_of_broadcast: ClassVar[str]
    source_of_cut_out: ClassVar[str]
    source_of_far_apart: ClassVar[str]
    source_of_amid: ClassVar[str]

    def name_of_device(self, device: str) -> str:
        """The maker's name of a device that is available."""

    @classmethod
    def survives_fork_on(cls, device: str) -> bool:
        """Return True if a fork of this process can use the device, as far as can be told."""
        return cls.survives_fork and device == "cpu"

    @staticmethod
    def state() -> dict[str, Any]:
        """The library's global state, by name; only where the library is loaded."""

    @staticmethod
    def seed(seed: int) -> None:
        """Seed the library's global random numbers; only where the library is loaded."""

    @staticmethod
    def begin_in_fork() -> None:
        """Let the library work in a fork of a process that used it."""
