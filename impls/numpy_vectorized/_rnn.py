"""The simple recurrent network. Elman (1990).

h_t = act(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, contiguous
from seqlaws.impls.numpy_vectorized._recurrence import (
    at,
    batch_first,
    check,
    chosen,
    product,
    project,
    sigmoid,
    time_first,
    turned,
    weight_gradient,
)

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
    parameters = contiguous(weight_ih, weight_hh, bias_ih, bias_hh)
    exists = check("H", x, {"h0": h0}, parameters, lengths, reverse)
    h = _states(time_first(x, reverse), h0, parameters, nonlinearity, exists)
    return batch_first(chosen(exists, h[1:], 0), reverse), h[-1].copy()


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
    parameters = contiguous(weight_ih, weight_hh, bias_ih, bias_hh)
    cotangents = {"dy": (dy, "B T H"), "dh_n": (dh_n, "B H")}
    exists = check("H", x, {"h0": h0}, parameters, lengths, reverse, **cotangents)
    x, dy = time_first(x, reverse), time_first(dy, reverse)
    weight_ih, weight_hh, *_ = parameters
    h = _states(x, h0, parameters, nonlinearity, exists)
    slope = SLOPES[nonlinearity](h[1:])
    da = np.empty_like(slope)  # (T, B, H)
    dh = dh_n.copy()  # (B, H)
    for t in reversed(range(len(x))):
        da[t] = chosen(at(exists, t), (dy[t] + dh) * slope[t], 0)
        dh = chosen(at(exists, t), da[t] @ weight_hh, dh)
    dx = chosen(exists, product(da, weight_ih), 0)
    dweight_ih, dbias_ih = weight_gradient(da, chosen(exists, x, 0))
    dweight_hh, dbias_hh = weight_gradient(da, chosen(exists, h[:-1], 0))
    return batch_first(dx, reverse), dh, dweight_ih, dweight_hh, dbias_ih, dbias_hh


def _states(
    x: Array, h0: Array, parameters: tuple[Array, ...], nonlinearity: str, exists: Array | None
) -> Array:
    """The state before each step of x (T, B, I), and after the last: (T + 1, B, H)."""
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity must be one of {list(ACTIVATIONS)}, not {nonlinearity!r}")
    act, (weight_ih, weight_hh, bias_ih, bias_hh) = ACTIVATIONS[nonlinearity], parameters
    driven, recurrent = project(x, weight_ih, bias_ih + bias_hh), turned(weight_hh)
    h = np.empty((len(x) + 1, *h0.shape), h0.dtype)
    h[0] = h0
    for t in range(len(x)):
        h[t + 1] = chosen(at(exists, t), act(driven[t] + h[t] @ recurrent), h[t])
    return h
