"""Arrays of JAX. They are immutable and have no strides: one layout, no memory to share.

An array of float64 exists only where x64 is enabled; here it is, where such an array is made or a
gradient taken. An implementation that declares float64 enables it for its calls, or for good.
"""

import contextlib
import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqlaws.properties.backends.registry import Array, BadOutputError, NotDifferentiableError
from seqlaws.properties.backends.side_effects import note_at_first

PLATFORMS = {"gpu": "cuda"}  # JAX's word for a device, where it is not ours


class JaxBackend:
    """JAX arrays on any device; gradients by `jax.vjp`."""

    layouts = ("contiguous",)

    def __init__(self) -> None:
        self.jax = importlib.import_module("jax")
        note_at_first()

    def available(self, device: str) -> str:
        try:
            self.jax.devices(device.partition(":")[0])
        except RuntimeError as error:
            return f"JAX has no usable device {device!r} here: {str(error).splitlines()[0]}"
        return ""

    def context(self, dtype: str) -> contextlib.AbstractContextManager[Any]:
        """Where arrays of this dtype may be made."""
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
        found = np.array(array)
        floating = self.jax.numpy.issubdtype(found.dtype, np.floating)  # NumPy knows no bfloat16
        return found.astype(float) if floating else found

    def write(self, array: Any, values: Array) -> Any:
        (device,) = array.devices()
        with self.context(str(array.dtype)):
            return self.jax.device_put(self.jax.numpy.array(values, array.dtype), device)

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        if not isinstance(output, self.jax.Array):
            raise BadOutputError(f"a {type(output).__name__}, not a JAX array")
        platform = next(iter(output.devices())).platform
        return tuple(output.shape), str(output.dtype), PLATFORMS.get(platform, platform)

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
