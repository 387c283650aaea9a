"""RMS norm (Zhang and Sennrich, 2019); with offset 1 the weight is its difference to 1."""

import numpy as np

from seqlaws import operation


@operation(x="... E", weight="E", returns={"y": "... E"}, options={"offset": (0.0, 1.0)})
def rms_norm(x, weight, eps=1e-6, offset=0.0):
    """y = x / sqrt(mean(x^2) + eps) * (weight + offset)"""
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * (weight + offset)
