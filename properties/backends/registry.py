"""Arrays of NumPy and of torch: made for a subject, read back from it, laid out in memory.

Inside the suite every number is a float64 NumPy array that the dtype holds exactly.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from seqlaws.properties.backends.side_effects import note_at_first

Array = np.ndarray[Any, Any]

# name: what it is; those that are broadcast need entries that are equal there
LAYOUTS = {
    "contiguous": "row-major",
    "transposed": "the last two axes swapped in memory",
    "time first": "the first two axes swapped in memory",
    "heads inside": "the second and third axis swapped in memory",
    "column-major": "all axes in reverse order in memory, as in Fortran",
    "strided": "every second entry of a wider buffer, along the last axis",
    "strided rows": "every second entry of a longer buffer, along the first axis",
    "strided middle": "every second entry of a larger buffer, along the last but one axis",
    "offset": "inside a larger buffer, off its start",
    "broadcast": "stride 0 along the first axis",
    "broadcast second": "stride 0 along the second axis",
    "broadcast last": "stride 0 along the last axis",
    "broadcast throughout": "stride 0 along every axis",
    "reversed": "negative strides along every axis",
    "reversed last": "a negative stride along the last axis",
    "reversed first": "a negative stride along the first axis",
    "reversed middle": "a negative stride along the second axis",
    "read-only": "not writable",
}
SWAPS = {"transposed": (-1, -2), "time first": (0, 1), "heads inside": (1, 2)}
STRIDED = {"strided": -1, "strided rows": 0, "strided middle": -2}
BROADCAST = {"broadcast": 0, "broadcast second": 1, "broadcast last": -1}
FLIPS = {"reversed last": -1, "reversed first": 0, "reversed middle": 1}


class BadOutputError(Exception):
    """An output that is not what the contract promises; the message is a sentence."""


class NotDifferentiableError(BadOutputError):
    """Outputs through which no gradient can be taken."""


class Backend(Protocol):
    """What the suite needs of an array library."""

    @property
    def layouts(self) -> tuple[str, ...]:
        """Those of LAYOUTS that the library has."""

    def available(self, device: str) -> str:
        """Empty, or one sentence that says why the device cannot be used."""

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Any:
        """A private copy for a subject; bool and integer arrays keep their dtype."""

    def values(self, array: Any) -> Array:
        """Back to NumPy: float64, exactly, for floating arrays."""

    def write(self, array: Any, values: Array) -> Any:
        """Overwrite a subject's array where it lies, if it can be; what now holds the values."""

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        """Shape, dtype and device of an output; BadOutputError if it is not an array."""

    def overlap(self, a: Any, b: Any) -> bool:
        """Whether two arrays share memory."""

    def gradients(
        self,
        function: Callable[..., Any],
        cotangents: Sequence[Array],
        arrays: Sequence[Any],
        options: dict[str, Any],
    ) -> tuple[Any, ...]:
        """The gradient of each array, through the function itself."""


class NumpyBackend:
    """NumPy arrays on the CPU."""

    layouts = tuple(LAYOUTS)

    def available(self, device: str) -> str:
        return "" if device == "cpu" else f"NumPy has no device {device!r}; cpu is the only one"

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Array:
        values = np.asarray(values)
        if np.issubdtype(values.dtype, np.floating):
            values = values.astype(dtype)
        return lay_out(values, layout)

    def values(self, array: Any) -> Array:
        array = np.array(array)  # a copy: a later call may reuse the buffer
        return array.astype(float) if np.issubdtype(array.dtype, np.floating) else array

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        made = type(output)  # whatever it says of itself
        if made is not np.ndarray and not issubclass(made, np.floating):
            raise BadOutputError(f"a {type(output).__name__}, not a NumPy array")
        output = np.asarray(output)  # a subclass may say anything of its shape
        return output.shape, str(output.dtype), "cpu"

    def write(self, array: Array, values: Array) -> Array:
        array[...] = values
        return array

    def overlap(self, a: Any, b: Any) -> bool:
        return bool(np.may_share_memory(a, b) and np.shares_memory(a, b))

    def gradients(self, function: Any, cotangents: Any, arrays: Any, options: Any) -> Any:
        raise NotDifferentiableError("NumPy takes no gradients")


def lay_out(values: Array, layout: str) -> Array:
    """The same entries in another layout; what lies between them is NaN, or 77 in integers.

    A layout that the rank does not have is the contiguous one.
    """
    if (axes := axes_of(layout, values.ndim)) is not None:
        return np.ascontiguousarray(values.transpose(axes)).transpose(axes)
    if layout.startswith("reversed"):
        axis = FLIPS.get(layout)
        if axis is None or axis < values.ndim:
            return np.flip(np.ascontiguousarray(np.flip(values, axis)), axis)
    if (first := first_of(layout, values.shape)) is not None:
        return np.broadcast_to(values[first].copy(), values.shape)
    if (cut := inside(layout, values.shape)) is not None:
        shape, index = cut
        wide = between(shape, values.dtype)
        wide[index] = values
        return wide[index]
    copy = np.array(values, order="C")
    if layout == "read-only":
        copy.flags.writeable = False
    return copy


def axes_of(layout: str, rank: int) -> tuple[int, ...] | None:
    """The order of the axes in a layout's memory, its own inverse, if the rank has them."""
    axes = list(range(rank))
    if layout == "column-major" and rank > 2:  # of two it is "transposed"
        return tuple(axes[::-1])
    swapped = SWAPS.get(layout)
    if swapped is None or max(swapped[0], swapped[1], -1 - min(swapped)) >= rank:
        return None
    i, j = swapped
    axes[i], axes[j] = axes[j], axes[i]
    return tuple(axes)


def first_of(layout: str, shape: tuple[int, ...]) -> tuple[slice, ...] | None:
    """The index of the entries that a broadcast layout stores, if the shape has them."""
    if not shape or 0 in shape:
        return None
    if layout == "broadcast throughout":
        return (slice(1),) * len(shape)
    axis = BROADCAST.get(layout)
    if axis is None or axis >= len(shape):
        return None
    return tuple(slice(1 if i == axis % len(shape) else None) for i in range(len(shape)))


def inside(layout: str, shape: tuple[int, ...]) -> tuple[tuple[int, ...], Any] | None:
    """The larger buffer of a layout, and the index that cuts the array out of it."""
    if layout == "offset" and shape:
        return tuple(n + 2 for n in shape), (slice(1, -1),) * len(shape)
    axis = STRIDED.get(layout)
    if axis is None or not -len(shape) <= axis < len(shape):
        return None
    at = axis % len(shape)
    wide = tuple(2 * n if i == at else n for i, n in enumerate(shape))
    return wide, tuple(slice(None, None, 2 if i == at else 1) for i in range(len(shape)))


def between(shape: tuple[int, ...], dtype: Any) -> Array:
    """A buffer of what must never be read."""
    return np.full(shape, np.nan if np.issubdtype(dtype, np.floating) else 77).astype(dtype)


class TorchBackend:
    """torch tensors on any device; gradients by autograd."""

    layouts = tuple(n for n in LAYOUTS if not n.startswith(("reversed", "read-only")))

    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")
        note_at_first()

    def available(self, device: str) -> str:
        try:
            self.torch.zeros(1, device=device)
        except Exception as error:  # torch raises several kinds, with several lines
            reason = str(error).strip().splitlines()[0]
            return f"torch has no usable device {device!r} here: {reason}"
        return ""

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Any:
        tensor = self.torch.from_numpy(np.array(values, order="C"))
        if tensor.is_floating_point():
            tensor = tensor.to(getattr(self.torch, dtype))
        return self.lay_out(tensor.to(device), layout)

    def lay_out(self, tensor: Any, layout: str) -> Any:
        """As for NumPy; made on torch's side, where strides are torch's own."""
        contiguous = {"memory_format": self.torch.contiguous_format}
        if (axes := axes_of(layout, tensor.ndim)) is not None:
            return tensor.permute(axes).clone(**contiguous).permute(axes)
        if (first := first_of(layout, tuple(tensor.shape))) is not None:
            return tensor[first].clone().expand(tensor.shape)
        if (cut := inside(layout, tuple(tensor.shape))) is not None:
            shape, index = cut
            kind = {"dtype": tensor.dtype, "device": tensor.device}
            fill = float("nan") if tensor.is_floating_point() else 1
            wide = self.torch.full(shape, fill, **kind)
            wide[index] = tensor
            return wide[index]
        return tensor.clone(**contiguous)

    def write(self, array: Any, values: Array) -> Any:
        return array.copy_(self.torch.from_numpy(np.array(values)).to(array.dtype))

    def values(self, array: Any) -> Array:
        array = array.detach().cpu()
        return array.double().numpy().copy() if array.is_floating_point() else array.numpy().copy()

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        if not issubclass(type(output), self.torch.Tensor):  # whatever it says of itself
            raise BadOutputError(f"a {type(output).__name__}, not a torch tensor")
        return tuple(output.shape), str(output.dtype).removeprefix("torch."), output.device.type

    def overlap(self, a: Any, b: Any) -> bool:
        if a.device != b.device or not a.numel() or not b.numel():
            return False
        return bool(a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr())

    def gradients(
        self,
        function: Callable[..., Any],
        cotangents: Sequence[Any],
        arrays: Sequence[Any],
        options: dict[str, Any],
    ) -> tuple[Any, ...]:
        leaves = [a.detach().requires_grad_() for a in arrays]
        outputs = function(*leaves, **options)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [(o, c) for o, c in zip(outputs, cotangents, strict=True) if o.requires_grad]
        if not pairs:
            raise NotDifferentiableError(
                "its outputs carry no gradient (detached, or computed under no_grad); an "
                "implementation without gradients raises NotImplementedError where an input "
                "requires one"
            )
        gradients = self.torch.autograd.grad(
            [o for o, _ in pairs], leaves, [c for _, c in pairs], allow_unused=True
        )
        zeros = self.torch.zeros_like
        return tuple(zeros(a) if g is None else g for a, g in zip(leaves, gradients, strict=True))


def jax_backend() -> Backend:
    """A module of its own, imported where it is asked for only."""
    module = importlib.import_module("seqlaws.properties.backends.jax_backend")
    made: Backend = module.JaxBackend()
    return made


BACKENDS: dict[str, Callable[[], Backend]] = {
    "numpy": NumpyBackend,
    "torch": TorchBackend,
    "jax": jax_backend,
}
INSTANCES: dict[str, Backend] = {}


def backend(name: str) -> Backend:
    """The one instance of a backend. Raises ImportError where its library is not installed."""
    if name not in INSTANCES:
        if name not in BACKENDS:
            raise ImportError(f"the backend {name!r} is not built yet; {', '.join(BACKENDS)} are")
        INSTANCES[name] = BACKENDS[name]()
    return INSTANCES[name]
