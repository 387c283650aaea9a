"""Long short-term memory. Hochreiter and Schmidhuber (1997), forget gate: Gers et al. (2000).

i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o); g = tanh(a_g), a = W_ih x + b_ih + W_hh h + b_hh
c_t = f c_(t-1) + i g
h_t = o tanh(c_t)
"""

from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous
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


def _open(a: Array) -> Array:
    """Turn a (..., 4, H) into the gates i, f, g, o, in place."""
    sigmoid(a[..., :2, :], out=a[..., :2, :])
    np.tanh(a[..., 2, :], out=a[..., 2, :])
    sigmoid(a[..., 3, :], out=a[..., 3, :])
    return a


def _slopes(gates: Array) -> Array:
    """The derivatives of i, f, g, o (..., 4, H) by a, from their values."""
    slopes = gates * (1 - gates)
    g = gates[..., 2, :]
    slopes[..., 2, :] = 1 - g * g
    return slopes


@np.errstate(all="ignore")
def lstm_gates(
    x: Array, h: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array
) -> tuple[Array, Array, Array, Array]:
    """The gates i, f, g, o, each (B, H), of one step.

    x is (B, I), h (B, H), weight_ih (4H, I), weight_hh (4H, H), the biases (4H,), row blocks in
    the order i, f, g, o. Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype.
    """
    bind(
        x=(x, "B I"),
        h=(h, "B H"),
        weight_ih=(weight_ih, "4H I"),
        weight_hh=(weight_hh, "4H H"),
        bias_ih=(bias_ih, "4H"),
        bias_hh=(bias_hh, "4H"),
    )
    x, h, weight_ih, weight_hh = contiguous(x, h, weight_ih, weight_hh)
    a = x @ weight_ih.T + h @ weight_hh.T + (bias_ih + bias_hh)
    i, f, g, o = _open(a.reshape(len(h), 4, h.shape[1])).swapaxes(0, 1).copy()
    return i, f, g, o


@np.errstate(all="ignore")
def lstm_gates_vjp(
    di: Array,
    df: Array,
    dg: Array,
    do: Array,
    x: Array,
    h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
) -> tuple[Array, ...]:
    """Gradient of `lstm_gates`: dx, dh, dweight_ih, dweight_hh, dbias_ih, dbias_hh."""
    gates = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    bind(h=(h, "B H"), di=(di, "B H"), df=(df, "B H"), dg=(dg, "B H"), do=(do, "B H"))
    slopes = _slopes(np.stack(gates, axis=1))  # (B, 4, H)
    da = (np.stack((di, df, dg, do), axis=1) * slopes).reshape(len(h), len(bias_hh))  # (B, 4H)
    dweight_ih, dbias_ih = weight_gradient(da, x)
    dweight_hh, dbias_hh = weight_gradient(da, h)
    return da @ weight_ih, da @ weight_hh, dweight_ih, dweight_hh, dbias_ih, dbias_hh


@np.errstate(all="ignore")
def lstm(
    x: Array,
    h0: Array,
    c0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array, Array]:
    """Run the network over x (B, T, I) from h0, c0 (B, H); return y (B, T, H), h_n, c_n (B, H).

    weight_ih is (4H, I), weight_hh (4H, H), the biases (4H,), row blocks i, f, g, o; lengths
    integers (B,). Raises `ValueError` for a wrong shape or length, `TypeError` for a wrong dtype.
    """
    parameters = contiguous(weight_ih, weight_hh, bias_ih, bias_hh)
    exists = check("4H", x, {"h0": h0, "c0": c0}, parameters, lengths, reverse)
    _, h, c = _states(time_first(x, reverse), h0, c0, parameters, exists)
    return batch_first(chosen(exists, h[1:], 0), reverse), h[-1].copy(), c[-1].copy()


@np.errstate(all="ignore")
def lstm_vjp(
    dy: Array,
    dh_n: Array,
    dc_n: Array,
    x: Array,
    h0: Array,
    c0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, ...]:
    """Gradient of `lstm` by backpropagation through time.

    dy is (B, T, H), dh_n and dc_n (B, H); returns dx, dh0, dc0, dweight_ih, dweight_hh, dbias_ih,
    dbias_hh.
    """
    parameters = contiguous(weight_ih, weight_hh, bias_ih, bias_hh)
    cotangents = {"dy": (dy, "B T H"), "dh_n": (dh_n, "B H"), "dc_n": (dc_n, "B H")}
    exists = check("4H", x, {"h0": h0, "c0": c0}, parameters, lengths, reverse, **cotangents)
    x, dy = time_first(x, reverse), time_first(dy, reverse)
    weight_ih, weight_hh, *_ = parameters
    gates, h, c = _states(x, h0, c0, parameters, exists)
    slopes, tanh_c = _slopes(gates), np.tanh(c[1:])
    da = np.empty((*x.shape[:2], len(weight_hh)), x.dtype)  # (T, B, 4H)
    dh, dc = dh_n.copy(), dc_n.copy()
    for t in reversed(range(len(x))):
        i, f, g, o = gates[t].swapaxes(0, 1)  # each (B, H)
        dh_t = dy[t] + dh
        dc_t = dc + dh_t * o * (1 - tanh_c[t] * tanh_c[t])
        dgates = np.stack((dc_t * g, dc_t * c[t], dc_t * i, dh_t * tanh_c[t]), axis=1)
        dgates *= slopes[t]
        da[t] = chosen(at(exists, t), dgates.reshape(da[t].shape), 0)
        dh = chosen(at(exists, t), da[t] @ weight_hh, dh)
        dc = chosen(at(exists, t), dc_t * f, dc)
    dx = chosen(exists, product(da, weight_ih), 0)
    dweight_ih, dbias_ih = weight_gradient(da, chosen(exists, x, 0))
    dweight_hh, dbias_hh = weight_gradient(da, chosen(exists, h[:-1], 0))
    return batch_first(dx, reverse), dh, dc, dweight_ih, dweight_hh, dbias_ih, dbias_hh


def _states(
    x: Array, h0: Array, c0: Array, parameters: tuple[Array, ...], exists: Array | None
) -> tuple[Array, Array, Array]:
    """The gates i, f, g, o of each step of x (T, B, I), (T, B, 4, H), and the states h and c.

    The states are those before each step, and after the last: (T + 1, B, H).
    """
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    a, recurrent = project(x, weight_ih, bias_ih + bias_hh), turned(weight_hh)
    gates = a.reshape(*a.shape[:2], 4, h0.shape[1])  # of the same memory: opened step by step
    h, c = (np.empty((len(x) + 1, *state.shape), state.dtype) for state in (h0, c0))
    h[0], c[0] = h0, c0
    for t in range(len(x)):
        a[t] += h[t] @ recurrent
        i, f, g, o = _open(gates[t]).swapaxes(0, 1)  # each (B, H)
        c_t = f * c[t] + i * g
        h[t + 1] = chosen(at(exists, t), o * np.tanh(c_t), h[t])
        c[t + 1] = chosen(at(exists, t), c_t, c[t])
    return gates, h, c
