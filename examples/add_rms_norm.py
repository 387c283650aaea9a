"""RMS norm of x + residual; the sum is returned, too, as the residual stream of the next layer."""

import numpy as np

from seqlaws import operation


@operation(
    x="... E",
    residual="... E",
    weight="E",
    returns={"y": "... E", "stream": "... E"},
    options={"offset": (0.0, 1.0)},
)
def add_rms_norm(x, residual, weight, eps=1e-6, offset=0.0):
    """stream = x + residual;  y = stream / sqrt(mean(stream^2) + eps) * (weight + offset)"""
    stream = +(x + residual)
    r = np.sqrt(np.mean(stream * stream, axis=-1, keepdims=True) + eps)
    return stream / r * (weight + offset), stream
