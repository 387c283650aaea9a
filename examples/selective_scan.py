"""Selective state-space scan of Mamba (Gu and Dao, 2024), step by step."""

import numpy as np

from seqlaws import operation


@operation(
    x="B T E",
    dt="B T E",
    a_log="E S",
    b="B T S",
    c="B T S",
    d="E",
    returns={"y": "B T E"},
    batch="B",
)
def selective_scan(x, dt, a_log, b, c, d, dt_softplus=False):
    """h_t = exp(-dt_t exp(a_log)) h_{t-1} + dt_t b_t x_t;  y_t = c_t h_t + d x_t;  h_0 = 0"""
    if dt_softplus:
        dt = np.maximum(dt, 0) + np.log1p(np.exp(-np.abs(dt)))
    h, y = np.zeros((x.shape[0], *a_log.shape)), []
    for t in range(x.shape[1]):
        step = dt[:, t, :, None]
        h = np.exp(-step * np.exp(a_log)) * h + step * b[:, t, None, :] * x[:, t, :, None]
        y.append(np.sum(h * c[:, t, None, :], axis=-1) + d * x[:, t])
    return np.stack(y, axis=1) if y else np.zeros(x.shape)
