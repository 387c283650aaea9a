"""Reading an array as if it were contiguous: what a kernel that ignores strides does."""

import numpy as np
from numpy.lib.stride_tricks import as_strided


def as_if_contiguous(x):
    """The x.size entries from x's lowest address on, or x where these do not belong to it."""
    if 0 in x.shape or 0 in x.strides or x.flags.c_contiguous:
        return x
    span = sum((n - 1) * abs(s) for n, s in zip(x.shape, x.strides, strict=True)) // x.itemsize + 1
    if span < x.size:
        return x
    low = x[tuple(slice(None, None, -1) if s < 0 else slice(None) for s in x.strides)]
    strides = [x.itemsize * int(np.prod(x.shape[i + 1 :])) for i in range(x.ndim)]
    return as_strided(low, x.shape, strides, writeable=False)
