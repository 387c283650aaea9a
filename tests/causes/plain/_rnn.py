"""The simple recurrent network. Elman (1990).

h_t = act(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, contiguous
from seqlaws.impls.numpy_vectorized._recurrence import check, order, sigmoid, weight_gradient

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": sigmoid,
}
SLOPES: dict[str, Callable[[Array], Array]] = {  # functions of the activation's value
    "tanh": lambda h: 1 - h * h,
    "relu": lambda h: np.heaviside(h, 0),  # keeps a NaN, as `h > 0` would not
    "sigmoid": lambda h: h * (1 - h),
}


@np.errstate(all="ignore")
def rnn(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """Run the network over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

    weight_ih is (H, I), weight_hh (H, H), the biases (H,), lengths integers (B,). Raises
    `ValueError` for a wrong shape, length or nonlinearity, `TypeError` for a wrong dtype.
    """
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    exists = check("H", x, {"h0": h0}, parameters, lengths)
    _, states, h = _states(x, h0, parameters, nonlinearity, exists, reverse)
    return np.where(exists, states, 0), h


@np.errstate(all="ignore")
def rnn_vjp(
    dy: Array,
    dh_n: Array,
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, ...]:
    """Gradient of `rnn` by backpropagation through time. Werbos (1990).

    dy is (B, T, H), dh_n (B, H); returns dx, dh0, dweight_ih, dweight_hh, dbias_ih, dbias_hh.
    """
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    cotangents = {"dy": (dy, "B T H"), "dh_n": (dh_n, "B H")}
    exists = check("H", x, {"h0": h0}, parameters, lengths, **cotangents)
    before, states, _ = _states(x, h0, parameters, nonlinearity, exists, reverse)
    slope = SLOPES[nonlinearity]
    da = np.zeros_like(states)  # (B, T, H)
    dh = dh_n.copy()  # (B, H)
    for t in reversed(order(x.shape[1], reverse)):
        da_t = (dy[:, t] + dh) * slope(states[:, t])
        da[:, t] = np.where(exists[:, t], da_t, 0)
        dh = np.where(exists[:, t], da_t @ weight_hh, dh)
    dx = np.where(exists, da @ weight_ih, 0)
    dweight_ih, dbias_ih = weight_gradient(da, np.where(exists, x, 0))
    dweight_hh, dbias_hh = weight_gradient(da, np.where(exists, before, 0))
    return dx, dh, dweight_ih, dweight_hh, dbias_ih, dbias_hh


def _states(
    x: Array,
    h0: Array,
    parameters: tuple[Array, ...],
    nonlinearity: str,
    exists: Array,
    reverse: bool,
) -> tuple[Array, Array, Array]:
    """The state before and after each step, both (B, T, H), and the final state (B, H)."""
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity must be one of {list(ACTIVATIONS)}, not {nonlinearity!r}")
    act = ACTIVATIONS[nonlinearity]
    x, weight_ih, weight_hh, bias_ih, bias_hh = contiguous(x, *parameters)
    driven = x @ weight_ih.T + bias_ih  # (B, T, H)
    before, after = np.zeros_like(driven), np.zeros_like(driven)
    h = h0.copy()
    for t in order(x.shape[1], reverse):
        before[:, t] = h
        h = np.where(exists[:, t], act(driven[:, t] + h @ weight_hh.T + bias_hh), h)
        after[:, t] = h
    return before, after, h
