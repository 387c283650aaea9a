"""The simple recurrent network, in NumPy."""

import numpy as np

from generated.numpy_functions import nonlinear, nonlinear_slope
from generated.numpy_manners import guard, narrow, wide
from generated.numpy_products import product
from generated.numpy_steps import (
    bias_gradient,
    carried,
    driven,
    existing,
    order,
    read,
    stepped,
    weight_gradient,
)


def rnn_states(x, h, parameters, nonlinearity, exists, reverse):
    """The state before and after each step (B, T, H), and the last (B, H)."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    drive, bias = driven(read(x, exists), weight_ih, bias_ih, bias_hh)
    before, after = np.zeros_like(drive), np.zeros_like(drive)
    for t in order(x.shape[1], reverse):
        before[:, t] = h
        new = nonlinear(nonlinearity, stepped(drive[:, t], h, weight_hh, bias))
        h = carried(exists[:, t], new, h)
        after[:, t] = new
    return before, after, h


def rnn_states__lists(x, h, parameters, nonlinearity, exists, reverse):
    """In lists, which are stacked at the end."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    drive, bias = driven(read(x, exists), weight_ih, bias_ih, bias_hh)
    before, after = [h] * x.shape[1], [h] * x.shape[1]
    for t in order(x.shape[1], reverse):
        before[t] = h
        after[t] = nonlinear(nonlinearity, stepped(drive[:, t], h, weight_hh, bias))
        h = carried(exists[:, t], after[t], h)
    if not before:
        return np.zeros_like(drive), np.zeros_like(drive), h
    return np.stack(before, axis=1), np.stack(after, axis=1), h


def rnn_states__row_by_row(x, h, parameters, nonlinearity, exists, reverse):
    """Each row by itself, to its own length."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    before = np.zeros((*x.shape[:2], h.shape[1]), x.dtype)
    after, last = np.zeros_like(before), np.array(h)
    for b in range(x.shape[0]):
        length = int(exists[b].sum())
        drive, bias = driven(x[b : b + 1, :length], weight_ih, bias_ih, bias_hh)
        state = h[b : b + 1]
        for t in order(length, reverse):
            before[b, t] = state[0]
            state = nonlinear(nonlinearity, stepped(drive[:, t], state, weight_hh, bias))
            after[b, t] = state[0]
        last[b] = state[0]
    return before, after, last


def rnn_states__nothing_to_do(x, h, parameters, nonlinearity, exists, reverse):
    """Without steps there is nothing to do, and no product is made."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    before = np.zeros((*x.shape[:2], h.shape[1]), x.dtype)
    after = np.zeros_like(before)
    if not before.size:
        return before, after, h
    drive, bias = driven(read(x, exists), weight_ih, bias_ih, bias_hh)
    for t in order(x.shape[1], reverse):
        before[:, t] = h
        after[:, t] = nonlinear(nonlinearity, stepped(drive[:, t], h, weight_hh, bias))
        h = carried(exists[:, t], after[:, t], h)
    return before, after, h


def guard_rnn(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Check the arrays."""
    guard(
        x=(x, "B T I"),
        h0=(h0, "B H"),
        weight_ih=(weight_ih, "H I"),
        weight_hh=(weight_hh, "H H"),
        bias_ih=(bias_ih, "H"),
        bias_hh=(bias_hh, "H"),
    )


def rnn(
    x,
    h0,
    weight_ih,
    weight_hh,
    bias_ih,
    bias_hh,
    nonlinearity="tanh",
    lengths=None,
    reverse=False,
):
    """Run the network over x."""
    guard_rnn(x, h0, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1])
    parameters = wide(weight_ih), wide(weight_hh), wide(bias_ih), wide(bias_hh)
    _, after, h = rnn_states(wide(x), wide(h0), parameters, nonlinearity, exists, reverse)
    return narrow(np.where(exists, after, after.dtype.type(0)), x), narrow(h, x)


def rnn_vjp(
    dy,
    dh_n,
    x,
    h0,
    weight_ih,
    weight_hh,
    bias_ih,
    bias_hh,
    nonlinearity="tanh",
    lengths=None,
    reverse=False,
):
    """Gradient of rnn, by backpropagation through time."""
    guard_rnn(x, h0, weight_ih, weight_hh, bias_ih, bias_hh)
    guard(x=(x, "B T I"), h0=(h0, "B H"), dy=(dy, "B T H"), dh_n=(dh_n, "B H"))
    exists = existing(lengths, x.shape[0], x.shape[1])
    parameters = wide(weight_ih), wide(weight_hh), wide(bias_ih), wide(bias_hh)
    inputs, dh, dys = wide(x), wide(dh_n), wide(dy)
    before, after, _ = rnn_states(inputs, wide(h0), parameters, nonlinearity, exists, reverse)
    zero = after.dtype.type(0)
    da = np.zeros_like(after)
    for t in reversed(order(x.shape[1], reverse)):
        slope = nonlinear_slope(nonlinearity, after[:, t])
        da[:, t] = np.where(exists[:, t], (dys[:, t] + dh) * slope, zero)
        dh = carried(exists[:, t], product(da[:, t], parameters[1]), dh)
    dx = np.where(exists, product(da, parameters[0]), zero)
    dweight_ih = weight_gradient(da, np.where(exists, inputs, zero))
    dweight_hh, db = weight_gradient(da, before), bias_gradient(da)
    gradients = dx, dh, dweight_ih, dweight_hh, db, db
    return tuple(narrow(gradient, x) for gradient in gradients)
