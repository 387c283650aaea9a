"""Arrays of NumPy."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from seqlaws.properties.backends.layouts import LAYOUTS, PAD, is_one_number, lay_out
from seqlaws.properties.backends.protocol import (
    BLOCKS,
    SOIL,
    Array,
    Backend,
    BadOutputError,
    NotDifferentiableError,
)


class NumpyBackend(Backend):
    """NumPy arrays on the CPU."""

    library = "numpy"
    differentiates = False
    writable = True
    survives_fork = True
    passing = ("NumPy's random state",)
    modules = ("numpy", "numpy.testing", "numpy.linalg")
    imports = ()
    source_of_array = source_of_values = source_of_gradients = ""
    source_of_permuted = "np.ascontiguousarray({0}.transpose({1})).transpose({1})"
    source_of_broadcast = "np.broadcast_to({0}[{1}].copy(), {2})"
    source_of_cut_out = """
def cut_out(array, shape, index):
    wide = np.full(shape, np.nan if array.dtype.kind == "f" else 77).astype(array.dtype)
    wide[index] = array
    return wide[index]
"""
    source_of_far_apart = """
def far_apart(array, count, strides, near):
    buffer = np.frombuffer(reserved(count * array.itemsize), array.dtype)
    buffer[near] = np.nan if array.dtype.kind == "f" else 77
    strides = [n * array.itemsize for n in strides]
    wide = np.lib.stride_tricks.as_strided(buffer, array.shape, strides)
    wide[...] = array
    return wide
"""
    source_of_amid = f"""
def amid(array, whole, is_nan):
    if array.dtype.kind == "f":
        whole = np.nan if is_nan else np.finfo(array.dtype).max / 2
    buffer = np.full(array.size + {2 * PAD}, whole, array.dtype)
    buffer[{PAD}:-{PAD}] = array.reshape(-1)
    return buffer[{PAD}:-{PAD}].reshape(array.shape)
"""
    layouts = tuple(LAYOUTS)

    def available(self, device: str) -> str:
        return "" if device == "cpu" else f"NumPy has no device {device!r}; cpu is the only one"

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Array:
        values = np.asarray(values)
        kept = dtype if values.dtype.kind == "f" else values.dtype
        if layout == "contiguous":
            return np.array(values, kept, order="C")
        return lay_out(values.astype(kept), layout)

    def values(self, array: Any) -> Array:
        array = np.asarray(array)
        kept = float if array.dtype.kind == "f" else array.dtype
        return array.astype(kept)  # a copy: a later call may reuse the buffer

    def soil(self, sizes: Sequence[int], device: str) -> None:
        for size in sizes:
            _ = [np.full(size, SOIL, np.uint8) for _ in range(BLOCKS)]

    def finish(self, outputs: Any, device: str) -> None:
        """Do nothing: a call of NumPy returns when it is done."""

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        made = type(output)  # whatever it says of itself
        if made is not np.ndarray and not issubclass(made, np.floating):
            raise BadOutputError(f"a {type(output).__name__}, not a NumPy array")
        output = np.asarray(output)  # a subclass may say anything of its shape
        return output.shape, name_of(output.dtype), "cpu"

    def write(self, array: Array, values: Array) -> Array:
        array[...] = values
        return array

    def is_intact_around(self, array: Any) -> bool:
        buffer = array.base
        return is_one_number(np.concatenate([buffer[:PAD], buffer[-PAD:]]))

    def overlap(self, a: Any, b: Any) -> bool:
        return bool(np.may_share_memory(a, b) and np.shares_memory(a, b))

    def gradients(self, function: Any, cotangents: Any, arrays: Any, options: Any) -> Any:
        raise NotDifferentiableError("NumPy takes no gradients")

    def name_of_device(self, device: str) -> str:
        return device

    @staticmethod
    def state() -> dict[str, Any]:
        return {
            "NumPy's random state": random_state(),
            "NumPy's error settings": tuple(sorted(np.geterr().items())),
            "NumPy's print options": str(np.get_printoptions()),
        }

    @staticmethod
    def seed(seed: int) -> None:
        np.random.seed(seed)

    @staticmethod
    def begin_in_fork() -> None:
        """Do nothing: NumPy works in a fork."""


@cache
def name_of(dtype: np.dtype[Any]) -> str:
    """Return a dtype's name, which NumPy puts together anew each time."""
    return str(dtype)


def random_state() -> tuple[Any, ...]:
    """NumPy's legacy global generator, in short."""
    state: Any = np.random.get_state(legacy=False)
    inner = state["state"]
    return hash(inner["key"].tobytes()), inner["pos"], state["has_gauss"], state["gauss"]
