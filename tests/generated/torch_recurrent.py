"""Recurrent networks, in torch."""

import torch

from generated.torch_functions import nonlinear, sigmoid, tanh
from generated.torch_manners import guard, narrow, wide
from generated.torch_steps import along_time, carried, driven, existing, order, read, stepped
from generated.torch_sums import fused, product, swapped


def guard_recurrent(rows, states, weight_ih, weight_hh, bias_ih, bias_hh):
    """Check the arrays."""
    guard(
        **states,
        weight_ih=(weight_ih, f"{rows}H I"),
        weight_hh=(weight_hh, f"{rows}H H"),
        bias_ih=(bias_ih, f"{rows}H"),
        bias_hh=(bias_hh, f"{rows}H"),
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
    states = {"x": (x, "B T I"), "h0": (h0, "B H")}
    guard_recurrent(1, states, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1], x.device)
    inputs, h, weight = read(wide(x), exists), wide(h0), wide(weight_hh)
    drive, bias = driven(inputs, wide(weight_ih), wide(bias_ih), wide(bias_hh))
    after = [h] * x.shape[1]
    for t in order(x.shape[1], reverse):
        after[t] = nonlinear(nonlinearity, stepped(drive[:, t], h, weight, bias))
        h = carried(exists[:, t], after[t], h)
    return narrow(along_time(after, h, exists), x), narrow(h, x)


def gates(a):
    """Input, forget, candidate and output of the pre-activations."""
    i, f, g, o = a.chunk(4, -1)
    return sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)


def gates__unflattened(a):
    """The gates are an axis."""
    i, f, g, o = a.unflatten(-1, (4, a.shape[-1] // 4)).unbind(-2)
    return sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)


def gates__regrouped(a):
    """The three sigmoids side by side."""
    i, f, g, o = a.tensor_split(4, -1)
    i, f, o = sigmoid(torch.cat([i, f, o], -1)).tensor_split(3, -1)
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


def lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Compute the gates of one step."""
    states = {"x": (x, "B I"), "h": (h, "B H")}
    guard_recurrent(4, states, weight_ih, weight_hh, bias_ih, bias_hh)
    drive, bias = driven(wide(x)[:, None], wide(weight_ih), wide(bias_ih), wide(bias_hh))
    i, f, g, o = gates(stepped(drive[:, 0], wide(h), wide(weight_hh), bias))
    return narrow(i, x), narrow(f, x), narrow(g, x), narrow(o, x)


def lstm(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None, reverse=False):
    """Run the network over x."""
    states = {"x": (x, "B T I"), "h0": (h0, "B H"), "c0": (c0, "B H")}
    guard_recurrent(4, states, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1], x.device)
    inputs, h, c, weight = read(wide(x), exists), wide(h0), wide(c0), wide(weight_hh)
    drive, bias = driven(inputs, wide(weight_ih), wide(bias_ih), wide(bias_hh))
    after = [h] * x.shape[1]
    for t in order(x.shape[1], reverse):
        i, f, g, o = gates(stepped(drive[:, t], h, weight, bias))
        new_c = cell(i, f, g, c)
        after[t] = o * tanh(new_c)
        h, c = carried(exists[:, t], after[t], h), carried(exists[:, t], new_c, c)
    return narrow(along_time(after, h, exists), x), narrow(h, x), narrow(c, x)


def mixed(z, n, h):
    """The update gate keeps what the candidate does not replace."""
    return (1 - z) * n + z * h


def mixed__by_difference(z, n, h):
    """The candidate, moved towards the state."""
    return n + z * (h - n)


def mixed__fused(z, n, h):
    """One of the products is fused with the sum."""
    return fused(z, h, (1 - z) * n)


def gru_step(a, h, weight_hh, bias_hh, reset_after):
    """The new state of the inputs' part and the state."""
    a_r, a_z, a_n = a.chunk(3, -1)
    b_r, b_z, b_n = (product(h, swapped(weight_hh)) + bias_hh).chunk(3, -1)
    r, z = sigmoid(a_r + b_r), sigmoid(a_z + b_z)
    if reset_after:
        return mixed(z, tanh(a_n + r * b_n), h)
    k = 2 * h.shape[-1]
    b_n = product(r * h, swapped(weight_hh[k:])) + bias_hh[k:]
    return mixed(z, tanh(a_n + b_n), h)


def gru_step__gates_first(a, h, weight_hh, bias_hh, reset_after):
    """One product for the gates, one for the candidate."""
    k = 2 * h.shape[-1]
    b = product(h, swapped(weight_hh[:k])) + bias_hh[:k]
    r, z = sigmoid(a[..., :k] + b).chunk(2, -1)
    read_ = h if reset_after else r * h
    b_n = torch.nn.functional.linear(read_, weight_hh[k:], bias_hh[k:])
    return mixed(z, tanh(fused(r, b_n, a[..., k:]) if reset_after else a[..., k:] + b_n), h)


def gru(
    x,
    h0,
    weight_ih,
    weight_hh,
    bias_ih,
    bias_hh,
    reset_after=True,
    lengths=None,
    reverse=False,
):
    """Run the network over x."""
    states = {"x": (x, "B T I"), "h0": (h0, "B H")}
    guard_recurrent(3, states, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1], x.device)
    inputs, h, weight, bias = read(wide(x), exists), wide(h0), wide(weight_hh), wide(bias_hh)
    drive = product(inputs, swapped(wide(weight_ih))) + wide(bias_ih)
    after = [h] * x.shape[1]
    for t in order(x.shape[1], reverse):
        after[t] = gru_step(drive[:, t], h, weight, bias, reset_after)
        h = carried(exists[:, t], after[t], h)
    return narrow(along_time(after, h, exists), x), narrow(h, x)
