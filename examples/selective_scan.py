"""Selective state-space scan of Mamba (Gu and Dao, 2024), step by step."""

import numpy as np

from seqlaws import operation


@operation(
    **dict.fromkeys(("x", "dt"), "B T E"),
    a_log="E S",
    **dict.fromkeys(("b", "c"), "B T S"),
    d="E",
    h="B E S: zeros",
    returns={"y": "B T E"},
    batch="B",
    scan="T",
    carry="h",
    consistent=lambda arrays, options: (  # a step is not negative
        options.get("dt_softplus") or arrays.update(dt=np.abs(arrays["dt"]))
    ),
)
def selective_scan(h, x, dt, a_log, b, c, d, dt_softplus=False):
    """h_t = exp(-dt_t exp(a_log)) h_{t-1} + dt_t b_t x_t;  y_t = c_t h_t + d x_t;  h_0 = 0"""
    if dt_softplus:
        dt = np.maximum(dt, 0) + np.log1p(np.exp(-np.abs(dt)))
    step = dt[:, :, None]
    h = np.exp(-step * np.exp(a_log)) * h + step * b[:, None, :] * x[:, :, None]
    return h, np.sum(h * c[:, None, :], axis=-1) + d * x
