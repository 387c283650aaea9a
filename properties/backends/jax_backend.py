"""Arrays of JAX. They are immutable and have no strides: one layout, no memory to share.

An array of float64 exists only where x64 is enabled; here it is, where such an array is made or a
gradient taken. An implementation that declares float64 enables it for its calls, or for good.
"""

import contextlib
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqlaws.properties.backends.protocol import (
    Array,
    Backend,
    BadOutputError,
    NotDifferentiableError,
)

MAPS, LIMIT = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")
COUNTED = 100  # arrays that are read from one count of the memory maps to the next
PLATFORMS = {"gpu": "cuda"}  # JAX's word for a device, where it is not ours
SETTINGS = (  # of jax.config; random numbers have no global state
    "jax_debug_infs",
    "jax_debug_nans",
    "jax_default_device",
    "jax_default_matmul_precision",
    "jax_default_prng_impl",
    "jax_disable_jit",
    "jax_enable_x64",
    "jax_numpy_dtype_promotion",
    "jax_numpy_rank_promotion",
)


class JaxBackend(Backend):
    """JAX arrays on any device; gradients by `jax.vjp`."""

    library = "jax"
    differentiates = True
    writable = False
    survives_fork = False  # its threads hold locks, and it warns of it
    passing = ("JAX's jax_enable_x64",)  # enabled for good, on import or by a first call
    modules = ("jax", "jax.numpy", "jax.nn")
    imports = ("import contextlib", "import jax")
    source_of_permuted = "np.ascontiguousarray({0}.transpose({1})).transpose({1})"
    source_of_broadcast = "np.broadcast_to({0}[{1}].copy(), {2})"
    source_of_cut_out = source_of_far_apart = source_of_amid = ""
    source_of_array = """
def array(values, dtype, device):
    name, _, index = device.partition(":")
    with jax.enable_x64(True) if dtype == "float64" else contextlib.nullcontext():
        made = jax.numpy.array(values, dtype if values.dtype.kind == "f" else None)
        return jax.device_put(made, jax.devices(name)[int(index or 0)])
"""
    source_of_values = """
def values(array):
    return np.asarray(array).astype(float)
"""
    source_of_gradients = """
def gradients(function, cotangents, arrays):
    double = any(str(a.dtype) == "float64" for a in arrays)
    with jax.enable_x64(True) if double else contextlib.nullcontext():
        _, pull = jax.vjp(lambda *leaves: tuple(function(*leaves)), *arrays)
        return pull(tuple(cotangents))
"""
    layouts = ("contiguous",)

    def __init__(self) -> None:
        self.jax = importlib.import_module("jax")
        self.read = 0  # arrays, after calls

    def available(self, device: str) -> str:
        try:
            self.jax.devices(device.partition(":")[0])
        except RuntimeError as error:
            return f"JAX has no usable device {device!r} here: {str(error).splitlines()[0]}"
        return ""

    def context(self, dtype: str) -> contextlib.AbstractContextManager[Any]:
        """Return the context in which arrays of this dtype can be made."""
        if dtype != "float64":
            return contextlib.nullcontext()
        return self.jax.enable_x64(True)

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Any:
        values = np.array(values, order="C")
        kind = dtype if np.issubdtype(values.dtype, np.floating) else None
        name, _, index = device.partition(":")
        with self.context(dtype):
            made = self.jax.numpy.array(values, kind)
            return self.jax.device_put(made, self.jax.devices(name)[int(index or 0)])

    def values(self, array: Any) -> Array:
        self.read += 1
        if self.read % COUNTED == 0 and are_maps_scarce():
            self.jax.clear_caches()
        found = np.array(array)
        floating = self.jax.numpy.issubdtype(found.dtype, np.floating)  # NumPy knows no bfloat16
        return found.astype(float) if floating else found

    def write(self, array: Any, values: Array) -> Any:
        (device,) = array.devices()
        with self.context(str(array.dtype)):
            return self.jax.device_put(self.jax.numpy.array(values, array.dtype), device)

    def soil(self, sizes: Sequence[int], device: str) -> None:
        """Do nothing: JAX has no array that is not initialised."""

    def finish(self, outputs: Any, device: str) -> None:
        self.jax.block_until_ready(outputs)

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        if not isinstance(output, self.jax.Array):
            raise BadOutputError(f"a {type(output).__name__}, not a JAX array")
        platform = next(iter(output.devices())).platform
        return tuple(output.shape), str(output.dtype), PLATFORMS.get(platform, platform)

    def is_intact_around(self, array: Any) -> bool:
        return True  # there is no such layout

    def overlap(self, a: Any, b: Any) -> bool:
        return False  # nobody can write to either

    def gradients(
        self,
        function: Callable[..., Any],
        cotangents: Sequence[Any],
        arrays: Sequence[Any],
        options: dict[str, Any],
    ) -> tuple[Any, ...]:
        def of_arrays(*leaves: Any) -> tuple[Any, ...]:
            outputs = function(*leaves, **options)
            return tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)

        with self.context(str(arrays[0].dtype)):
            try:
                _, pull = self.jax.vjp(of_arrays, *arrays)
            except (self.jax.errors.JAXTypeError, self.jax.errors.JAXIndexError) as error:
                first = str(error).splitlines()[0]
                raise NotDifferentiableError(f"it cannot be traced: {first}") from None
            return tuple(pull(tuple(cotangents)))

    def name_of_device(self, device: str) -> str:
        name, _, index = device.partition(":")
        return str(self.jax.devices(name)[int(index or 0)].device_kind)

    @staticmethod
    def state() -> dict[str, Any]:
        config = sys.modules["jax"].config
        return {f"JAX's {name}": str(getattr(config, name, None)) for name in SETTINGS}

    @staticmethod
    def seed(seed: int) -> None:
        """Do nothing: JAX has no global random state."""

    @staticmethod
    def begin_in_fork() -> None:
        """Do nothing: JAX does not work in a fork."""


def are_maps_scarce() -> bool:
    """Return True if the process has half of the memory maps that Linux lets it have.

    Each compiled function has some ten of them until it is forgotten; without one more, the next
    compilation ends the process.
    """
    try:
        with MAPS.open("rb") as maps:
            return 2 * sum(1 for _ in maps) > int(LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not Linux
        return False
