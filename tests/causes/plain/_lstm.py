"""Long short-term memory. Hochreiter and Schmidhuber (1997), forget gate: Gers et al. (2000).

i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o); g = tanh(a_g), a = W_ih x + b_ih + W_hh h + b_hh
c_t = f c_(t-1) + i g
h_t = o tanh(c_t)
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous
from seqlaws.impls.numpy_vectorized._recurrence import check, order, sigmoid, weight_gradient


def _gates(a: Array) -> tuple[Array, Array, Array, Array]:
    """i, f, g, o (..., H) from a (..., 4H)."""
    a_i, a_f, a_g, a_o = np.split(a, 4, axis=-1)
    return sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)


def _gates_backward(cotangents: tuple[Array, ...], gates: tuple[Array, ...]) -> Array:
    """The cotangent da (..., 4H) from the cotangents and the values of i, f, g, o."""
    (di, df, dg, do), (i, f, g, o) = cotangents, gates
    da = (di * i * (1 - i), df * f * (1 - f), dg * (1 - g * g), do * o * (1 - o))
    return np.concatenate(da, axis=-1)


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
    return _gates(x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh)


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
    da = _gates_backward((di, df, dg, do), gates)  # (B, 4H)
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
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    exists = check("4H", x, {"h0": h0, "c0": c0}, parameters, lengths)
    y = np.zeros((*x.shape[:2], *h0.shape[1:]), x.dtype)  # (B, T, H)
    h, c = h0.copy(), c0.copy()
    for step in _steps(x, h, c, parameters, exists, reverse):
        h, c = step.h, step.c
        y[:, step.t] = np.where(step.exists, h, 0)
    return y, h, c


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
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    cotangents = {"dy": (dy, "B T H"), "dh_n": (dh_n, "B H"), "dc_n": (dc_n, "B H")}
    exists = check("4H", x, {"h0": h0, "c0": c0}, parameters, lengths, **cotangents)
    tape = list(_steps(x, h0, c0, parameters, exists, reverse))
    before = np.zeros_like(dy)  # h_(t-1), (B, T, H)
    da = np.zeros((*x.shape[:2], weight_ih.shape[0]), x.dtype)  # (B, T, 4H)
    dh, dc = dh_n.copy(), dc_n.copy()
    for step in reversed(tape):
        i, f, g, o = step.gates
        dh_t = dy[:, step.t] + dh
        dc_t = dc + dh_t * o * (1 - step.tanh_c * step.tanh_c)
        dgates = (dc_t * g, dc_t * step.c_before, dc_t * i, dh_t * step.tanh_c)
        da_t = _gates_backward(dgates, step.gates)
        da[:, step.t] = np.where(step.exists, da_t, 0)
        before[:, step.t] = np.where(step.exists, step.h_before, 0)
        dh = np.where(step.exists, da_t @ weight_hh, dh)
        dc = np.where(step.exists, dc_t * f, dc)
    dx = np.where(exists, da @ weight_ih, 0)
    dweight_ih, dbias_ih = weight_gradient(da, np.where(exists, x, 0))
    dweight_hh, dbias_hh = weight_gradient(da, before)
    return dx, dh, dc, dweight_ih, dweight_hh, dbias_ih, dbias_hh


class _Step(NamedTuple):
    """One step t, its arrays (B, H) except `exists`, (B, 1)."""

    t: int
    exists: Array
    h_before: Array
    c_before: Array
    gates: tuple[Array, Array, Array, Array]
    tanh_c: Array
    h: Array
    c: Array


def _steps(
    x: Array, h: Array, c: Array, parameters: tuple[Array, ...], exists: Array, reverse: bool
) -> Iterator[_Step]:
    """The steps of the recurrence, in the order in which they are read."""
    x, weight_ih, weight_hh, bias_ih, bias_hh, h, c = contiguous(x, *parameters, h, c)
    driven = x @ weight_ih.T + bias_ih  # (B, T, 4H)
    for t in order(x.shape[1], reverse):
        h_before, c_before = h, c
        gates = _gates(driven[:, t] + h @ weight_hh.T + bias_hh)
        i, f, g, o = gates
        c_t = f * c + i * g
        tanh_c = np.tanh(c_t)
        h = np.where(exists[:, t], o * tanh_c, h)
        c = np.where(exists[:, t], c_t, c)
        yield _Step(t, exists[:, t], h_before, c_before, gates, tanh_c, h, c)
