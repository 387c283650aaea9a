"""Gated recurrent units, in NumPy."""

import numpy as np

from generated.numpy_functions import sigmoid, sigmoid_slope, tanh, tanh_slope
from generated.numpy_manners import guard, narrow, wide
from generated.numpy_products import fused, product, swapped
from generated.numpy_steps import (
    bias_gradient,
    carried,
    existing,
    order,
    parts,
    read,
    weight_gradient,
)


def mixed(z, n, h):
    """The update gate keeps what the candidate does not replace."""
    return (1 - z) * n + z * h


def mixed__by_difference(z, n, h):
    """The candidate, moved towards the state."""
    return n + z * (h - n)


def mixed__fused(z, n, h):
    """One of the products is fused with the sum."""
    return fused(z, h, (1 - z) * n)


def gru_driven(x, weight_ih, bias_ih, bias_hh):
    """The inputs' part of all steps, and the biases that remain."""
    return product(x, swapped(weight_ih)) + bias_ih, bias_hh


def gru_driven__gates_biased(x, weight_ih, bias_ih, bias_hh):
    """Both biases of the gates are added first; the candidate's own stays with the state."""
    k = 2 * (bias_hh.shape[0] // 3)
    rest = np.concatenate([np.zeros_like(bias_hh[:k]), bias_hh[k:]])
    both = np.concatenate([bias_ih[:k] + bias_hh[:k], bias_ih[k:]])
    return product(x, swapped(weight_ih)) + both, rest


def gru_step(a, h, weight_hh, bias_hh, reset_after):
    """Reset, update, candidate, what the reset gate multiplies, and the new state."""
    k = h.shape[-1]
    b = product(h, swapped(weight_hh[: 2 * k])) + bias_hh[: 2 * k]
    r, z = parts(sigmoid(a[..., : 2 * k] + b), 2)
    new, bias = weight_hh[2 * k :], bias_hh[2 * k :]
    m = product(h, swapped(new)) + bias if reset_after else h
    inside = r * m if reset_after else product(r * m, swapped(new)) + bias
    n = tanh(a[..., 2 * k :] + inside)
    return r, z, n, m, mixed(z, n, h)


def gru_step__all_products(a, h, weight_hh, bias_hh, reset_after):
    """One product of the state with all blocks."""
    a_r, a_z, a_n = parts(a, 3)
    b_r, b_z, b_n = parts(product(h, swapped(weight_hh)) + bias_hh, 3)
    r, z = sigmoid(a_r + b_r), sigmoid(a_z + b_z)
    if reset_after:
        n = tanh(fused(r, b_n, a_n))
        return r, z, n, b_n, mixed(z, n, h)
    k = h.shape[-1]
    n = tanh(product(r * h, swapped(weight_hh[2 * k :])) + (a_n + bias_hh[2 * k :]))
    return r, z, n, h, mixed(z, n, h)


def gru_tape(x, h, parameters, reset_after, exists, reverse):
    """What each step reads and makes, in the order of reading, and the last state."""
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    drive, bias = gru_driven(read(x, exists), weight_ih, bias_ih, bias_hh)
    tape = []
    for t in order(x.shape[1], reverse):
        r, z, n, m, new = gru_step(drive[:, t], h, weight_hh, bias, reset_after)
        tape.append((t, h, r, z, n, m, new))
        h = carried(exists[:, t], new, h)
    return tape, h


def guard_gru(states, weight_ih, weight_hh, bias_ih, bias_hh):
    """Check the arrays."""
    guard(
        **states,
        weight_ih=(weight_ih, "3H I"),
        weight_hh=(weight_hh, "3H H"),
        bias_ih=(bias_ih, "3H"),
        bias_hh=(bias_hh, "3H"),
    )


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
    guard_gru(states, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1])
    parameters = wide(weight_ih), wide(weight_hh), wide(bias_ih), wide(bias_hh)
    tape, h = gru_tape(wide(x), wide(h0), parameters, reset_after, exists, reverse)
    y = np.zeros((*x.shape[:2], h0.shape[1]), h.dtype)
    for t, *_, new in tape:
        y[:, t] = np.where(exists[:, t], new, y.dtype.type(0))
    return narrow(y, x), narrow(h, x)


def gru_gradient(dh, tape, weight_hh, reset_after):
    """Gradients at the pre-activations of both sides (B, 3H), and at the state before."""
    h, r, z, n, m = tape
    k = h.shape[-1]
    da_n = dh * (1 - z) * tanh_slope(n)
    da_z = dh * (h - n) * sigmoid_slope(z)
    if reset_after:
        db_n = da_n * r
        da_r = da_n * m * sigmoid_slope(r)
        db = np.concatenate([da_r, da_z, db_n], axis=-1)
        dh = dh * z + product(db, weight_hh)
    else:
        through = product(da_n, weight_hh[2 * k :])
        da_r = through * m * sigmoid_slope(r)
        db = np.concatenate([da_r, da_z, da_n], axis=-1)
        dh = dh * z + (through * r + product(db[..., : 2 * k], weight_hh[: 2 * k]))
    return np.concatenate([da_r, da_z, da_n], axis=-1), db, dh


def gru_gradient__expanded(dh, tape, weight_hh, reset_after):
    """The update gate's gradient of two products."""
    h, r, z, n, m = tape
    k = h.shape[-1]
    da_z = (dh * h - dh * n) * sigmoid_slope(z)
    da_n = dh * ((1 - z) * tanh_slope(n))
    through = da_n if reset_after else product(da_n, weight_hh[2 * k :])
    da_r = through * m * sigmoid_slope(r)
    db = np.concatenate([da_r, da_z, da_n * r if reset_after else da_n], axis=-1)
    new = product(db[..., 2 * k :], weight_hh[2 * k :]) if reset_after else through * r
    back = product(db[..., : 2 * k], weight_hh[: 2 * k]) + new
    return np.concatenate([da_r, da_z, da_n], axis=-1), db, fused(dh, z, back)


def gru_vjp(
    dy,
    dh_n,
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
    """Gradient of gru, by backpropagation through time."""
    states = {"x": (x, "B T I"), "h0": (h0, "B H"), "dy": (dy, "B T H"), "dh_n": (dh_n, "B H")}
    guard_gru(states, weight_ih, weight_hh, bias_ih, bias_hh)
    exists = existing(lengths, x.shape[0], x.shape[1])
    parameters = wide(weight_ih), wide(weight_hh), wide(bias_ih), wide(bias_hh)
    inputs, dys, dh, k = wide(x), wide(dy), wide(dh_n), h0.shape[1]
    tape, _ = gru_tape(inputs, wide(h0), parameters, reset_after, exists, reverse)
    da = np.zeros((*x.shape[:2], 3 * k), dh.dtype)
    db, before = np.zeros_like(da), np.zeros((*x.shape[:2], k), dh.dtype)
    reset, zero = np.zeros_like(before), da.dtype.type(0)
    for t, h, r, z, n, m, _ in reversed(tape):
        step = gru_gradient(dys[:, t] + dh, (h, r, z, n, m), parameters[1], reset_after)
        da[:, t] = np.where(exists[:, t], step[0], zero)
        db[:, t] = np.where(exists[:, t], step[1], zero)
        before[:, t], reset[:, t] = h, h if reset_after else r * h
        dh = carried(exists[:, t], step[2], dh)
    reset = np.where(exists, reset, zero)
    dx = np.where(exists, product(da, parameters[0]), zero)
    dweight_ih = weight_gradient(da, np.where(exists, inputs, zero))
    dgates = weight_gradient(db[..., : 2 * k], before)
    dweight_hh = np.concatenate([dgates, weight_gradient(db[..., 2 * k :], reset)])
    gradients = dx, dh, dweight_ih, dweight_hh, bias_gradient(da), bias_gradient(db)
    return tuple(narrow(gradient, x) for gradient in gradients)
