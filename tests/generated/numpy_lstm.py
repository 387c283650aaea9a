"""Long short-term memory, in NumPy."""

import numpy as np

from generated.numpy_functions import sigmoid, sigmoid_slope, tanh, tanh_slope
from generated.numpy_manners import guard, narrow, wide
from generated.numpy_products import fused, product
from generated.numpy_steps import (
    bias_gradient,
    carried,
    driven,
    existing,
    order,
    parts,
    read,
    stepped,
    weight_gradient,
)


def gates(a):
    """Input, forget, candidate and output of the pre-activations."""
    i, f, g, o = parts(a, 4)
    return sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)


def gates__all_at_once(a):
    """One sigmoid of all, and a hyperbolic tangent of the third part."""
    i, f, _, o = parts(sigmoid(a), 4)
    return i, f, tanh(parts(a, 4)[2]), o


def gates__regrouped(a):
    """The three sigmoids side by side."""
    i, f, g, o = parts(a, 4)
    three = sigmoid(np.concatenate([i, f, o], axis=-1))
    i, f, o = parts(three, 3)
    return i, f, tanh(g), o


def cell(i, f, g, c):
    """The new cell state."""
    return f * c + i * g


def cell__fused(i, f, g, c):
    """One of the products is fused with the sum."""
    return fused(f, c, i * g)


def cell__fused_the_other_way(i, f, g, c):
    """The other product is fused."""
    return fused(i, g, f * c)


def gate_gradient(di, df, dg, do, i, f, g, o):
    """Through the slopes, side by side."""
    slopes = di * sigmoid_slope(i), df * sigmoid_slope(f), dg * tanh_slope(g), do * sigmoid_slope(o)
    return np.concatenate(slopes, axis=-1)


def gate_gradient__filled(di, df, dg, do, i, f, g, o):
    """Into one array."""
    n = i.shape[-1]
    da = np.zeros((*i.shape[:-1], 4 * n), i.dtype)
    da[..., :n] = di * sigmoid_slope(i)
    da[..., n : 2 * n] = df * sigmoid_slope(f)
    da[..., 2 * n : 3 * n] = dg * tanh_slope(g)
    da[..., 3 * n :] = do * sigmoid_slope(o)
    return da


def guard_lstm(states, weight_ih, weight_hh, bias_ih, bias_hh):
    """Check the arrays."""
    guard(
        **states,
        weight_ih=(weight_ih, "4H I"),
        weight_hh=(weight_hh, "4H H"),
        bias_ih=(bias_ih, "4H"),
        bias_hh=(bias_hh, "4H"),
    )


def lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Compute the gates of one step."""
    guard_lstm({"x": (x, "B I"), "h": (h, "B H")}, weight_ih, weight_hh, bias_ih, bias_hh)
    drive, bias = driven(wide(x)[:, None], wide(weight_ih), wide(bias_ih), wide(bias_hh))
    four = gates(stepped(drive[:, 0], wide(h), wide(weight_hh), bias))
    return tuple(narrow(gate, x) for gate in four)


def lstm_gates_vjp(di, df, dg, do, x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Gradient of lstm_gates."""
    guard_lstm({"x": (x, "B I"), "h": (h, "B H")}, weight_ih, weight_hh, bias_ih, bias_hh)
    cotangents = {"di": di, "df": df, "dg": dg, "do": do}
    guard(h=(h, "B H"), **{name: (d, "B H") for name, d in cotangents.items()})
    inputs, state = wide(x)[:, None], wide(h)[:, None]
    drive, bias = driven(inputs, wide(weight_ih), wide(bias_ih), wide(bias_hh))
    four = gates(stepped(drive[:, 0], wide(h), wide(weight_hh), bias))
    da = gate_gradient(wide(di), wide(df), wide(dg), wide(do), *four)
    dx, dh = product(da, wide(weight_ih)), product(da, wide(weight_hh))
    das = da[:, None]
    db = bias_gradient(das)
    gradients = dx, dh, weight_gradient(das, inputs), weight_gradient(das, state), db, db
    return tuple(narrow(gradient, x) for gradient in gradients)


def lstm_tape(x, h, c, parameters, exists, reverse):
    """What each step reads and makes, in the order of reading, and the last states."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    drive, bias = driven(read(x, exists), weight_ih, bias_ih, bias_hh)
    tape = []
    for t in order(x.shape[1], reverse):
        i, f, g, o = gates(stepped(drive[:, t], h, weight_hh, bias))
        new_c = cell(i, f, g, c)
        s = tanh(new_c)
        new_h = o * s
        tape.append((t, h, c, i, f, g, o, s, new_h))
        h, c = carried(exists[:, t], new_h, h), carried(exists[:, t], new_c, c)
    return tape, h, c


def lstm(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None, reverse=False):
    """Run the network over x."""
    states = {"x": (x, "B T I"), "h0": (h0, "B H"), "c0": (c0, "B H")}
    guard_lstm(states, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1])
    parameters = wide(weight_ih), wide(weight_hh), wide(bias_ih), wide(bias_hh)
    tape, h, c = lstm_tape(wide(x), wide(h0), wide(c0), parameters, exists, reverse)
    y = np.zeros((*x.shape[:2], h0.shape[1]), h.dtype)
    for t, *_, new_h in tape:
        y[:, t] = np.where(exists[:, t], new_h, y.dtype.type(0))
    return narrow(y, x), narrow(h, x), narrow(c, x)


def lstm__row_by_row(
    x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None, reverse=False
):
    """Run the network over each row by itself, to its own length."""
    states = {"x": (x, "B T I"), "h0": (h0, "B H"), "c0": (c0, "B H")}
    guard_lstm(states, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1])
    parameters = wide(weight_ih), wide(weight_hh), wide(bias_ih), wide(bias_hh)
    y, h_n, c_n = np.zeros((*x.shape[:2], h0.shape[1]), x.dtype), h0.copy(), c0.copy()
    for b in range(x.shape[0]):
        row, n = slice(b, b + 1), int(exists[b].sum())
        own = wide(x)[row, :n], wide(h0)[row], wide(c0)[row]
        tape, h, c = lstm_tape(*own, parameters, exists[row, :n], reverse)
        for t, *_, new_h in tape:
            y[row, t] = new_h
        h_n[row], c_n[row] = h, c
    return y, h_n, c_n


def lstm_vjp(
    dy,
    dh_n,
    dc_n,
    x,
    h0,
    c0,
    weight_ih,
    weight_hh,
    bias_ih,
    bias_hh,
    lengths=None,
    reverse=False,
):
    """Gradient of lstm, by backpropagation through time."""
    states = {"x": (x, "B T I"), "h0": (h0, "B H"), "c0": (c0, "B H"), "dy": (dy, "B T H")}
    states |= {"dh_n": (dh_n, "B H"), "dc_n": (dc_n, "B H")}
    guard_lstm(states, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1])
    parameters = wide(weight_ih), wide(weight_hh), wide(bias_ih), wide(bias_hh)
    inputs, dys, dh, dc = wide(x), wide(dy), wide(dh_n), wide(dc_n)
    tape, _, _ = lstm_tape(inputs, wide(h0), wide(c0), parameters, exists, reverse)
    da = np.zeros((*x.shape[:2], bias_ih.shape[0]), dh.dtype)
    before = np.zeros((*x.shape[:2], h0.shape[1]), dh.dtype)
    zero = da.dtype.type(0)
    for t, h, c, i, f, g, o, s, _ in reversed(tape):
        whole = dys[:, t] + dh
        through = dc + whole * o * tanh_slope(s)
        da_t = gate_gradient(through * g, through * c, through * i, whole * s, i, f, g, o)
        da[:, t], before[:, t] = np.where(exists[:, t], da_t, zero), h
        dc = carried(exists[:, t], through * f, dc)
        dh = carried(exists[:, t], product(da[:, t], parameters[1]), dh)
    dx = np.where(exists, product(da, parameters[0]), zero)
    dweight_ih = weight_gradient(da, np.where(exists, inputs, zero))
    dweight_hh, db = weight_gradient(da, before), bias_gradient(da)
    gradients = dx, dh, dc, dweight_ih, dweight_hh, db, db
    return tuple(narrow(gradient, x) for gradient in gradients)
