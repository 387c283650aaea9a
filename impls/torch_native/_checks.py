"""Arguments are checked before torch sees them: it broadcasts, and does not compare dtypes."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from seqlaws.impls._parameters import check_names

ALL = ("float64", "float32", "bfloat16", "float16")
WIDE = ("float64", "float32")
DTYPES = {
    "softmax": ALL,
    "rnn": WIDE,
    "lstm": WIDE,
    "gru": WIDE,
    "attention": ALL,
    "layer_norm": ALL,
    "multi_head_attention": ALL,
    "encoder_layer": WIDE,
    "decoder_layer": WIDE,
}


def bind(operation: str, **tensors: tuple[Tensor, str]) -> dict[str, int]:
    """Match tensors with shapes such as "B T I" or "4H I", and return the size of each letter.

    Raises `TypeError` for anything but tensors of one dtype that the operation is offered in, and
    `ValueError` where a shape disagrees with its own letters or with a tensor before it.
    """
    sizes: dict[str, int] = {}
    dtype = None
    for name, (tensor, shape) in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a torch tensor, not {type(tensor).__name__}")
        if str(tensor.dtype).removeprefix("torch.") not in DTYPES[operation]:
            raise TypeError(f"{name} must be one of {DTYPES[operation]}, not {tensor.dtype}")
        dtype = dtype or tensor.dtype
        if tensor.dtype != dtype:
            raise TypeError(f"{name} is {tensor.dtype}, the tensors before it are {dtype}")
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


def named(params: Any, shapes: Mapping[str, str]) -> dict[str, tuple[Tensor, str]]:
    """The parameters of a layer with their shapes, as `bind` takes them.

    Raises `TypeError` for anything but a dict, `ValueError` for a missing or an unknown name.
    """
    check_names(params, shapes)
    return {name: (params[name], axes) for name, axes in shapes.items()}


def refuse_gradient_of_one_feature(norm_weight: Tensor) -> None:
    """Raise `NotImplementedError`, so that the rest can be seen, for what F.layer_norm gets wrong.

    Over one feature it gives its weight a gradient that is not 0 (`layer_norm` shows it).
    """
    if norm_weight.shape == (1,) and norm_weight.requires_grad:
        raise NotImplementedError("F.layer_norm over one feature gives its weight a gradient")
