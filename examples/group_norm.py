"""Group norm (Wu and He, 2018) of channels and positions."""

import numpy as np

from seqlaws import operation


@operation(
    x="B num_groups*C L",
    weight="num_groups*C",
    bias="num_groups*C",
    returns={"y": "B num_groups*C L"},
    batch="B",
    options={"num_groups": range(1, 5)},
)
def group_norm(x, weight, bias, num_groups=1, eps=1e-5):
    """Each group of neighbouring channels has mean 0 and variance 1, then weight and bias."""
    groups = np.reshape(x, (x.shape[0], num_groups, x.shape[1] // num_groups * x.shape[2]))
    centred = groups - np.mean(groups, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    y = np.reshape(centred / np.sqrt(variance + eps), x.shape)
    return y * weight[:, None] + bias[:, None]
