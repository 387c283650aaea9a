"""Arrays of torch: tensors on any device, gradients by autograd."""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqlaws.properties.backends.layouts import (
    AMID,
    LAYOUTS,
    PAD,
    axes_of,
    far_apart,
    first_of,
    inside,
    is_one_number,
    reserved,
)
from seqlaws.properties.backends.protocol import (
    BLOCKS,
    SOIL,
    Array,
    Backend,
    BadOutputError,
    NotDifferentiableError,
)
from seqlaws.properties.backends.torch_devices import (
    RANDOM,
    is_initialised,
    module_of,
    state_of_device,
    synchronise,
)


class TorchBackend(Backend):
    """torch tensors on any device; gradients by autograd."""

    library = "torch"
    differentiates = True
    writable = True
    survives_fork = True
    passing = ("torch's random state", RANDOM)
    modules = ("torch", "torch.testing", "torch.nn.functional")
    imports = ("import torch",)
    source_of_permuted = (
        "{0}.permute({1}).clone(memory_format=torch.contiguous_format).permute({1})"
    )
    source_of_broadcast = "{0}[{1}].clone().expand({2})"
    source_of_cut_out = """
def cut_out(tensor, shape, index):
    wide = torch.full(shape, np.nan if tensor.is_floating_point() else 1, dtype=tensor.dtype)
    wide = wide.to(tensor.device)
    wide[index] = tensor
    return wide[index]
"""
    source_of_far_apart = """
def far_apart(tensor, count, strides, near):
    if tensor.device.type == "cpu":
        buffer = torch.frombuffer(reserved(count * tensor.itemsize), dtype=tensor.dtype)
    else:
        buffer = tensor.new_empty(count)
    buffer[near] = np.nan if tensor.is_floating_point() else 77
    return buffer.as_strided(tensor.shape, strides).copy_(tensor)
"""
    source_of_amid = f"""
def amid(tensor, whole, is_nan):
    if tensor.is_floating_point():
        whole = np.nan if is_nan else torch.finfo(tensor.dtype).max / 2
    buffer = torch.full((tensor.numel() + {2 * PAD},), whole, dtype=tensor.dtype)
    buffer = buffer.to(tensor.device)
    buffer[{PAD}:-{PAD}] = tensor.reshape(-1)
    return buffer[{PAD}:-{PAD}].view(tensor.shape)
"""
    source_of_array = """
def array(values, dtype, device):
    tensor = torch.from_numpy(values)
    return (tensor.to(getattr(torch, dtype)) if values.dtype.kind == "f" else tensor).to(device)
"""
    source_of_values = """
def values(array):
    return array.detach().cpu().double().numpy()
"""
    source_of_gradients = """
def gradients(function, cotangents, arrays):
    leaves = [a.detach().requires_grad_() for a in arrays]
    pairs = [(o, c) for o, c in zip(function(*leaves), cotangents) if o.requires_grad]
    outputs, cotangents = zip(*pairs)
    found = torch.autograd.grad(outputs, leaves, cotangents, allow_unused=True)
    return [torch.zeros_like(a) if g is None else g for a, g in zip(leaves, found)]
"""
    layouts = tuple(n for n in LAYOUTS if not n.startswith(("reversed", "read-only")))

    def __init__(self) -> None:
        self.torch = importlib.import_module("torch")

    def available(self, device: str) -> str:
        try:
            self.finish(self.torch.zeros(1, device=device), device)
        except Exception as error:  # torch raises several kinds, with several lines
            reason = str(error).strip().splitlines()[0]
            return f"torch has no usable device {device!r} here: {reason}"
        return ""

    def array(self, values: Array, dtype: str, device: str, layout: str = "contiguous") -> Any:
        read = np.asarray(values, order="C")
        read = read if read.flags.writeable else read.copy()  # torch wants to write
        tensor = given = self.torch.from_numpy(read)
        if tensor.is_floating_point():
            tensor = tensor.to(getattr(self.torch, dtype))
        tensor = tensor.to(device)
        if layout == "contiguous" and tensor is not given:  # it has memory of its own
            return tensor
        return self.lay_out(tensor, layout)

    def lay_out(self, tensor: Any, layout: str) -> Any:
        """Return the same entries in another layout, on the tensor's device."""
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
        if (spread := far_apart(layout, tuple(tensor.shape))) is not None:
            count, strides, poisoned = spread
            buffer = self.buffer(count, tensor)
            buffer[poisoned] = float("nan") if tensor.is_floating_point() else 77
            return buffer.as_strided(tensor.shape, strides).copy_(tensor)
        if layout in AMID:
            buffer = self.around(layout, tensor)
            buffer[PAD:-PAD] = tensor.reshape(-1)
            return buffer[PAD:-PAD].view(tensor.shape)
        return tensor.clone(**contiguous)

    def buffer(self, count: int, like: Any) -> Any:
        """Return memory for so many entries; a device has to have it. Raises MemoryError."""
        if like.device.type == "cpu":
            return self.torch.frombuffer(reserved(count * like.itemsize), dtype=like.dtype)
        try:
            return like.new_empty(count)
        except self.torch.OutOfMemoryError as error:
            raise MemoryError(str(error)) from None

    def around(self, layout: str, tensor: Any) -> Any:
        """Return the buffer for a tensor in a layout of AMID, as `layouts.around` fills it."""
        fill: Any = AMID[layout]
        if tensor.is_floating_point():
            largest = self.torch.finfo(tensor.dtype).max
            fill = float("nan") if layout == "amid NaN" else largest / 2
        kind = {"dtype": tensor.dtype, "device": tensor.device}
        return self.torch.full((tensor.numel() + 2 * PAD,), fill, **kind)

    def is_intact_around(self, array: Any) -> bool:
        entries = array.untyped_storage().nbytes() // array.itemsize
        buffer = array.detach().as_strided((entries,), (1,), 0)
        pads = self.torch.cat([buffer[:PAD], buffer[-PAD:]]).cpu()
        return is_one_number(pads.view(self.torch.uint8).numpy().reshape(2 * PAD, -1))

    def write(self, array: Any, values: Array) -> Any:
        return array.copy_(self.torch.from_numpy(np.array(values)).to(array.dtype))

    def values(self, array: Any) -> Array:
        kind = self.torch.float64 if array.is_floating_point() else array.dtype
        return array.detach().to("cpu", kind, copy=True).numpy()

    def soil(self, sizes: Sequence[int], device: str) -> None:
        kind = {"dtype": self.torch.uint8, "device": device}
        for size in sizes:
            _ = [self.torch.full((size,), SOIL, **kind) for _ in range(BLOCKS)]

    def finish(self, outputs: Any, device: str) -> None:
        synchronise(self.torch, device)

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

    def name_of_device(self, device: str) -> str:
        module = module_of(self.torch, device)
        name = getattr(module, "get_device_name", None)
        return str(name(device)) if name else device

    @classmethod
    def survives_fork_on(cls, device: str) -> bool:
        module = module_of(importlib.import_module("torch"), device)
        return module is None or not is_initialised(module, untold=True)

    @staticmethod
    def state() -> dict[str, Any]:
        torch: Any = sys.modules["torch"]
        cudnn, cuda, mkldnn = torch.backends.cudnn, torch.backends.cuda, torch.backends.mkldnn
        return {
            "torch's random state": hash(torch.get_rng_state().numpy().tobytes()),
            "torch's default dtype": torch.get_default_dtype(),
            "torch's grad mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
            "torch's thread count": torch.get_num_threads(),
            "torch's deterministic mode": torch.are_deterministic_algorithms_enabled(),
            "torch's matmul precision": torch.get_float32_matmul_precision(),
            "torch's anomaly mode": torch.is_anomaly_enabled(),
            "torch's autocast": torch.is_autocast_enabled("cpu"),
            "torch's cudnn flags": (cudnn.enabled, cudnn.benchmark, cudnn.deterministic),
            "torch's sdp flags": (
                cuda.flash_sdp_enabled(),
                cuda.math_sdp_enabled(),
                cuda.mem_efficient_sdp_enabled(),
                cuda.cudnn_sdp_enabled(),
            ),
            "torch's TF32 flags": (cuda.matmul.allow_tf32, cudnn.allow_tf32),
            "torch's reduced precision flags": (
                cuda.matmul.allow_fp16_reduced_precision_reduction,
                cuda.matmul.allow_bf16_reduced_precision_reduction,
            ),
            **state_of_device(torch),
            "torch's mkldnn flag": mkldnn.enabled if hasattr(mkldnn, "enabled") else None,
        }

    @staticmethod
    def seed(seed: int) -> None:
        sys.modules["torch"].manual_seed(seed)

    @staticmethod
    def begin_in_fork() -> None:
        sys.modules["torch"].set_num_threads(1)  # its pool of threads did not come along
