"""Arrays of NumPy and of torch: made for a subject, read back from it, laid out in memory.

Inside the suite every number is a float64 NumPy array that the dtype holds exactly.
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]

# name: what it is; "broadcast" needs entries that are equal along the first axis
LAYOUTS = {
    "contiguous": "row-major",
    "transposed": "the last two axes swapped in memory",
    "strided": "every second entry of a wider buffer",
    "reversed": "negative strides along every axis",
    "broadcast": "stride 0 along the first axis",
    "offset": "inside a larger buffer, off its start",
    "read-only": "not writable",
}


class BadOutputError(Exception):
    """An output that is not what the contract promises; the message is a sentence."""


class NotDifferentiableError(BadOutputError):
    """Outputs through which no gradient can be taken."""


class Backend(Protocol):
    """What the suite needs of an array library."""

    layouts: tuple[str, ...]

    def available(self, device: str) -> str:
        """Empty, or one sentence that says why the device cannot be used."""

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Any:
        """A private copy for a subject; bool and integer arrays keep their dtype."""

    def values(self, array: Any) -> Array:
        """Back to NumPy: float64, exactly, for floating arrays."""

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        """Shape, dtype and device of an output; BadOutputError if it is not an array."""

    def overlap(self, a: Any, b: Any) -> bool:
        """Whether two arrays share memory."""

    def gradients(
        self, function: Callable[..., Any], cotangents: Sequence[Array], arrays: Sequence[Any],
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
        if not isinstance(output, (np.ndarray, np.floating)):
            raise BadOutputError(f"a {type(output).__name__}, not a NumPy array")
        return output.shape, str(output.dtype), "cpu"

    def overlap(self, a: Any, b: Any) -> bool:
        return bool(np.may_share_memory(a, b) and np.shares_memory(a, b))

    def gradients(self, function: Any, cotangents: Any, arrays: Any, options: Any) -> Any:
        raise NotDifferentiableError("NumPy takes no gradients")


def lay_out(values: Array, layout: str) -> Array:
    """The same entries in another layout; what lies between them is NaN, or 77 in integers."""
    if layout == "transposed" and values.ndim > 1:
        return np.ascontiguousarray(np.swapaxes(values, -1, -2)).swapaxes(-1, -2)
    if layout == "reversed":
        flip = (slice(None, None, -1),) * values.ndim
        return np.ascontiguousarray(values[flip])[flip]
    if layout == "broadcast" and values.ndim and values.shape[0]:
        return np.broadcast_to(values[:1].copy(), values.shape)
    if layout == "strided" and values.ndim:
        wide = between((*values.shape[:-1], 2 * values.shape[-1]), values.dtype)
        wide[..., ::2] = values
        return wide[..., ::2]
    if layout == "offset" and values.ndim:
        wide = between(tuple(n + 2 for n in values.shape), values.dtype)
        inner = (slice(1, -1),) * values.ndim
        wide[inner] = values
        return wide[inner]
    copy = np.array(values, order="C")
    if layout == "read-only":
        copy.flags.writeable = False
    return copy


def between(shape: tuple[int, ...], dtype: Any) -> Array:
    """A buffer of what must never be read."""
    return np.full(shape, np.nan if np.issubdtype(dtype, np.floating) else 77).astype(dtype)


class TorchBackend:
    """torch tensors on any device; gradients by autograd."""

    layouts = ("contiguous", "transposed", "strided", "broadcast", "offset")

    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")

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
        if layout == "transposed" and tensor.ndim > 1:
            return tensor.mT.contiguous().mT
        if layout == "broadcast" and tensor.ndim and len(tensor):
            return tensor[:1].clone().expand(tensor.shape)
        if layout in ("strided", "offset") and tensor.ndim:
            last = 2 * tensor.shape[-1] if layout == "strided" else tensor.shape[-1] + 2
            floating = tensor.is_floating_point()
            fill = float("nan") if floating else tensor.dtype != self.torch.bool and 77
            wide = self.torch.full(
                (*tensor.shape[:-1], last), fill, dtype=tensor.dtype, device=tensor.device
            )
            view = wide[..., ::2] if layout == "strided" else wide[..., 1:-1]
            view.copy_(tensor)
            return view
        return tensor.clone(memory_format=self.torch.contiguous_format)

    def values(self, array: Any) -> Array:
        array = array.detach().cpu()
        return array.double().numpy().copy() if array.is_floating_point() else array.numpy().copy()

    def describe(self, output: Any) -> tuple[tuple[int, ...], str, str]:
        if not isinstance(output, self.torch.Tensor):
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


BACKENDS: dict[str, Callable[[], Backend]] = {"numpy": NumpyBackend, "torch": TorchBackend}
INSTANCES: dict[str, Backend] = {}


def backend(name: str) -> Backend:
    """The one instance of a backend. Raises ImportError where its library is not installed."""
    if name not in INSTANCES:
        if name not in BACKENDS:
            raise ImportError(f"the backend {name!r} is not built yet; {', '.join(BACKENDS)} are")
        INSTANCES[name] = BACKENDS[name]()
    return INSTANCES[name]
