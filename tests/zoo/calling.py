"""Calling a subject with a case, whatever its backend; torch is imported where it is needed."""

import numpy as np

from zoo.signatures import (
    OUTPUTS,
    WHOLE,
    arranged,
    differentiated,
    dtype_name,
    floating,
)


def as_tuple(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def native(subject, case, layout=None):
    """The case's arguments as the subject's arrays: ({name: array}, options)."""
    arrays, options = case.arguments()
    for name in ("mask", "memory_mask"):
        if (mask := options.get(name)) is not None:
            dtype = "bool" if mask.dtype == bool else case.dtype
            options[name] = to_native(subject, mask, dtype)
    if options.get("lengths") is not None:
        options["lengths"] = to_native(subject, options["lengths"], "int64")
    whole = WHOLE.get(case.operation, ())
    arrays = {
        name: to_native(subject, array, "int64" if name in whole else case.dtype)
        for name, array in arrays.items()
    }
    if layout:
        arrays = {name: layout(name, array) for name, array in arrays.items()}
    return arrays, options


def to_native(subject, array, dtype):
    array = np.array(array)
    if subject.TRAITS["backend"] == "numpy":
        return array.astype(dtype)
    import torch

    return torch.from_numpy(array).to(getattr(torch, dtype))


def to_numpy(array):
    """A float64 copy of a numpy or torch array, for comparison."""
    if hasattr(array, "detach"):
        return array.detach().double().numpy().copy()
    return np.array(array, np.float64)


def outputs(subject, operation, arrays, options):
    """The raw outputs of one call, as a tuple."""
    given, options = arranged(operation, arrays, options)
    return as_tuple(getattr(subject, operation)(*given, **options))


def gradients(subject, operation, cotangents, arrays, options):
    """The raw gradients of one call, one for each floating array; autograd's if there is torch."""
    if subject.TRAITS["backend"] == "numpy":
        given, options = arranged(operation, arrays, options)
        got = as_tuple(getattr(subject, f"{operation}_vjp")(*cotangents, *given, **options))
        by_name = dict(zip(differentiated(operation), got, strict=False))
        return tuple(_gradient_of(name, by_name) for name in floating(operation))
    import torch

    leaves = {name: arrays[name].detach().requires_grad_() for name in floating(operation)}
    outs = outputs(subject, operation, {**arrays, **leaves}, options)
    pairs = [(o, c) for o, c in zip(outs, cotangents, strict=True) if o.requires_grad]
    outs, cotangents = zip(*pairs, strict=True) if pairs else ((), ())
    got = [None] * len(leaves)
    if pairs:
        got = torch.autograd.grad(outs, list(leaves.values()), cotangents, allow_unused=True)
    zero = [torch.zeros_like(leaf) for leaf in leaves.values()]
    return tuple(z if g is None else g for g, z in zip(got, zero, strict=True))


def _gradient_of(name, by_name):
    """The gradient of one array, perhaps out of a dict."""
    head, _, rest = name.partition(".")
    gradient = by_name.get(head)
    return gradient.get(rest) if isinstance(gradient, dict) else gradient


def answer(subject, case, layout=None):
    """{output: array} of one call."""
    arrays, options = native(subject, case, layout)
    got = outputs(subject, case.operation, arrays, options)
    return dict(zip(OUTPUTS[case.operation], got, strict=False))


def gradient_answer(subject, case, only=None, layout=None):
    """{argument: gradient} of one call with the case's cotangents."""
    arrays, options = native(subject, case, layout)
    cotangents = [to_native(subject, c, case.dtype) for c in case.cotangents(only)]
    got = gradients(subject, case.operation, cotangents, arrays, options)
    return dict(zip(floating(case.operation), got, strict=False))


def bits(arrays):
    """The exact contents of some arrays."""
    return [
        (dtype_name(a), tuple(a.shape), to_numpy(a).tobytes())
        for a in (arrays.values() if isinstance(arrays, dict) else arrays)
    ]
