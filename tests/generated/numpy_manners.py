"""How arguments are taken, checked and given back, in NumPy."""

import numpy as np


def taken(x):
    """Read an array as it is."""
    return x


def taken__copied(x):
    """Copy an array first."""
    return np.array(x)


def taken__contiguous(x):
    """Copy an array that is not contiguous."""
    return np.ascontiguousarray(x)


def taken__by_columns(x):
    """Store an array by columns."""
    return np.asfortranarray(x)


def wide(x):
    """Compute in the array's own type."""
    return taken(x)


def wide__float64(x):
    """Compute in float64."""
    return taken(x).astype(np.float64)


def wide__extended(x):
    """Compute float64 arrays in extended precision, others in float64."""
    return taken(x).astype(np.longdouble if x.dtype.itemsize > 4 else np.float64)


def narrow(y, like):
    """Give a fresh array of the inputs' type."""
    return np.array(y, like.dtype)


def narrow__astype(y, like):
    """Give a fresh array by astype."""
    return y.astype(like.dtype)


def narrow__contiguous(y, like):
    """Give a fresh contiguous array."""
    return np.array(y, like.dtype, order="C", copy=True)


def narrow__filled(y, like):
    """Fill an empty array."""
    out = np.empty(y.shape, like.dtype)
    out[...] = y
    return out


def guard(**arrays):
    """Check shapes by letters, and dtypes."""
    sizes, dtypes = {}, set()
    for name, (array, letters) in arrays.items():
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name} is no array")
        dtypes.add(array.dtype)
        if len(array.shape) != len(letters.split()):
            raise ValueError(f"{name} has shape {array.shape}, not ({letters})")
        for axis, size in zip(letters.split(), array.shape, strict=True):
            factor = int(axis[0]) if axis[0].isdigit() else 1
            if sizes.setdefault(axis.lstrip("0123456789"), size // factor) * factor != size:
                raise ValueError(f"{name} has shape {array.shape}, not ({letters})")
    if len(dtypes) > 1 or any(dtype.kind != "f" for dtype in dtypes):
        raise TypeError("one floating dtype is expected")
    return sizes


def guard__nothing(**arrays):
    """Check nothing: NumPy raises what it raises."""


def guard__ranks(**arrays):
    """Check ranks alone."""
    for name, (array, letters) in arrays.items():
        assert array.ndim == len(letters.split()), name


def entries(params, names):
    """Read the parameters by name: an extra entry is ignored."""
    return [wide(params[name]) for name in names]


def entries__by_get(params, names):
    """Read the parameters from a copy of the dict."""
    own = dict(params)
    return [wide(own.pop(name)) for name in names]


def entries__all_known(params, names):
    """Refuse an entry that nobody asked for."""
    if unknown := set(params) - set(names):
        raise ValueError(f"unknown parameters: {sorted(unknown)}")
    return [wide(params[name]) for name in names]
