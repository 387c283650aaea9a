"""Arrays that outlive a call: what a wrong implementation keeps its results or its scratch in."""

import numpy as np

_BUFFERS: dict = {}


def into_buffer(array, place):
    """The contents of `array`, in the one buffer that is kept for this place and shape."""
    buffer = _BUFFERS.setdefault((place, array.shape, array.dtype), np.empty_like(array))
    buffer[...] = array
    return buffer
