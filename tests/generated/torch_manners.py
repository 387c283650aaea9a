"""How arguments are taken, checked and given back, in torch."""

import torch


def wide(x):
    """Compute in the array's own type, 16 bits in float32."""
    return x.to(torch.float64 if x.dtype == torch.float64 else torch.float32)


def wide__float64(x):
    """Compute in float64."""
    return x.double()


def wide__contiguous(x):
    """One memory layout."""
    return x.to(torch.float64 if x.dtype == torch.float64 else torch.float32).contiguous()


def wide__cloned(x):
    """Copy first."""
    return x.clone().to(torch.float64 if x.dtype == torch.float64 else torch.float32)


def narrow(y, like):
    """Give a fresh array of the inputs' type."""
    return y.to(like.dtype, copy=True)


def narrow__cloned(y, like):
    """Convert, then copy."""
    return y.to(like.dtype).clone()


def narrow__contiguous(y, like):
    """Give a fresh contiguous array."""
    return y.to(like.dtype).clone(memory_format=torch.contiguous_format)


def stored(x, dtype):
    """Keep a value between stages as it is."""
    return x


def stored__rounded(x, dtype):
    """Keep a value between stages in storage precision; the gradient passes as it is."""
    with torch.no_grad():
        lost = x.to(dtype).to(x.dtype) - x
        lost = torch.where(x.isfinite(), lost, torch.zeros_like(x))
    return x + lost


def guard(**arrays):
    """Check shapes by letters, and dtypes."""
    sizes, dtypes = {}, set()
    for name, (array, letters) in arrays.items():
        if not isinstance(array, torch.Tensor):
            raise TypeError(f"{name} is no tensor")
        dtypes.add(array.dtype)
        if array.dim() != len(letters.split()):
            raise ValueError(f"{name} has shape {tuple(array.shape)}, not ({letters})")
        for axis, size in zip(letters.split(), array.shape, strict=True):
            factor = int(axis[0]) if axis[0].isdigit() else 1
            if sizes.setdefault(axis.lstrip("0123456789"), size // factor) * factor != size:
                raise ValueError(f"{name} has shape {tuple(array.shape)}, not ({letters})")
    if len(dtypes) > 1 or not all(dtype.is_floating_point for dtype in dtypes):
        raise TypeError("one floating dtype is expected")
    return sizes


def guard__nothing(**arrays):
    """Check nothing: torch raises what it raises."""


def guard__ranks(**arrays):
    """Check ranks alone."""
    for name, (array, letters) in arrays.items():
        assert array.dim() == len(letters.split()), name


def entries(params, names):
    """Read the parameters by name: an extra entry is ignored."""
    return [wide(params[name]) for name in names]


def entries__from_a_copy(params, names):
    """Read the parameters from a copy of the dict."""
    own = dict(params)
    return [wide(own.pop(name)) for name in names]


def entries__all_known(params, names):
    """Refuse an entry that nobody asked for."""
    if unknown := set(params) - set(names):
        raise ValueError(f"unknown parameters: {sorted(unknown)}")
    return [wide(params[name]) for name in names]
