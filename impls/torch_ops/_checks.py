"""Arguments are checked before anything is computed: nothing is broadcast, cast or guessed."""

import operator
from typing import Any

import torch
from torch import Tensor

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def bind(**tensors: tuple[Tensor, str]) -> dict[str, int]:
    """Match tensors with shapes such as "B T I" or "4H I", and return the size of each letter.

    Raises `TypeError` for anything but tensors of one floating dtype, `ValueError` for several
    devices and where a shape disagrees with its own letters or with a tensor before it.
    """
    sizes: dict[str, int] = {}
    dtype = device = None
    for name, (tensor, shape) in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a torch tensor, not {type(tensor).__name__}")
        if tensor.dtype not in FLOATS:
            raise TypeError(f"{name} must be floating, not {tensor.dtype}")
        dtype, device = dtype or tensor.dtype, device or tensor.device
        if tensor.dtype != dtype:
            raise TypeError(f"{name} is {tensor.dtype}, the tensors before it are {dtype}")
        if tensor.device != device:
            raise ValueError(f"{name} is on {tensor.device}, the tensors before it on {device}")
        axes = shape.split()
        expected = []
        for axis, size in zip(axes, tensor.shape, strict=False):
            letter = axis.lstrip("0123456789")
            factor = int(axis.removesuffix(letter) or 1)
            expected.append(factor * sizes.setdefault(letter, size))
        if tensor.dim() != len(axes) or list(tensor.shape) != expected:
            known = ", ".join(f"{letter}={size}" for letter, size in sizes.items())
            got = tuple(tensor.shape)
            raise ValueError(f"{name} must have shape ({shape}) with {known}; got {got}")
    return sizes


def wide(tensor: Tensor) -> Tensor:
    """The tensor in the accumulating dtype (float32 for 16 bits), in one memory layout."""
    dtype = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    return tensor.to(dtype).contiguous()


def absent(lengths: Any, batch: int, steps: int, device: torch.device) -> Tensor | None:
    """Which steps do not exist: booleans (B, T, 1), or None if all do.

    Raises `TypeError` for lengths that are not integers, `ValueError` for a shape other than (B,)
    or a length outside 0..T.
    """
    if lengths is None:
        return None
    lengths = torch.as_tensor(lengths, device=device)
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        raise TypeError(f"lengths must be integers, not {lengths.dtype}")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must have shape ({batch},); got {tuple(lengths.shape)}")
    if bool(((lengths < 0) | (lengths > steps)).any()):
        raise ValueError(f"lengths must lie in 0..{steps}; got {lengths.tolist()}")
    gone: Tensor = torch.arange(steps, device=device)[:, None] >= lengths[:, None, None]
    return gone


def integer(name: str, value: Any) -> int:
    """An integer option; raises `TypeError` for anything else, floats included."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {value!r}") from None


def real(name: str, value: Any) -> float:
    """A real option as a Python float."""
    if not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a real number, not {value!r}")
    return float(value)
