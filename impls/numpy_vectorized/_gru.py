"""Gated recurrent units. Cho et al. (2014), in PyTorch's form of the update.

r, z = sigmoid(W_ih x + b_ih + W_hh h_(t-1) + b_hh), row blocks reset and update
n = tanh(W_in x + b_in + r (W_hn h_(t-1) + b_hn))     reset_after
n = tanh(W_in x + b_in + W_hn (r h_(t-1)) + b_hn)     otherwise, as published
h_t = (1 - z) n + z h_(t-1)
"""

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


@np.errstate(all="ignore")
def gru(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reset_after: bool = True,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """Run the network over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

    weight_ih is (3H, I), weight_hh (3H, H), the biases (3H,), row blocks reset, update, new;
    lengths integers (B,). Raises `ValueError` for a wrong shape or length, `TypeError` for a wrong
    dtype.
    """
    parameters = contiguous(weight_ih, weight_hh, bias_ih, bias_hh)
    exists = check("3H", x, {"h0": h0}, parameters, lengths, reverse)
    _, _, h = _states(time_first(x, reverse), h0, parameters, reset_after, exists)
    return batch_first(chosen(exists, h[1:], 0), reverse), h[-1].copy()


@np.errstate(all="ignore")
def gru_vjp(
    dy: Array,
    dh_n: Array,
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reset_after: bool = True,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, ...]:
    """Gradient of `gru` by backpropagation through time.

    dy is (B, T, H), dh_n (B, H); returns dx, dh0, dweight_ih, dweight_hh, dbias_ih, dbias_hh.
    """
    parameters = contiguous(weight_ih, weight_hh, bias_ih, bias_hh)
    cotangents = {"dy": (dy, "B T H"), "dh_n": (dh_n, "B H")}
    exists = check("3H", x, {"h0": h0}, parameters, lengths, reverse, **cotangents)
    x, dy = time_first(x, reverse), time_first(dy, reverse)
    weight_ih, weight_hh, *_ = parameters
    gates, reset, h = _states(x, h0, parameters, reset_after, exists)
    two = 2 * h0.shape[1]  # the rows of r and z in a weight; those of n follow
    da = np.empty((*x.shape[:2], len(weight_hh)), x.dtype)  # at W_ih x + b_ih, (T, B, 3H)
    db = np.empty_like(da)  # at W_hh h + b_hh, (T, B, 3H)
    dh = dh_n.copy()
    for t in reversed(range(len(x))):
        r, z, n = gates[t].swapaxes(0, 1)  # each (B, H)
        dh_t = dy[t] + dh
        da_n = dh_t * (1 - z) * (1 - n * n)
        da_z = dh_t * (h[t] - n) * z * (1 - z)
        db_n = da_n * r if reset_after else da_n
        dproduct = db_n @ weight_hh[two:]
        da_r = (da_n * reset[t] if reset_after else dproduct * h[t]) * r * (1 - r)
        da[t] = chosen(at(exists, t), np.concatenate((da_r, da_z, da_n), axis=-1), 0)
        db[t] = chosen(at(exists, t), np.concatenate((da_r, da_z, db_n), axis=-1), 0)
        through = dh_t * z + da[t, :, :two] @ weight_hh[:two]
        through += dproduct if reset_after else dproduct * r
        dh = chosen(at(exists, t), through, dh)
    dx = chosen(exists, product(da, weight_ih), 0)
    dweight_ih, dbias_ih = weight_gradient(da, chosen(exists, x, 0))
    before = chosen(exists, h[:-1], 0)
    read = before if reset_after else chosen(exists, gates[:, :, 0] * h[:-1], 0)  # by the rows of n
    dgates, dbias_gates = weight_gradient(db[..., :two], before)
    dnew, dbias_new = weight_gradient(db[..., two:], read)
    dweight_hh, dbias_hh = np.concatenate((dgates, dnew)), np.concatenate((dbias_gates, dbias_new))
    return batch_first(dx, reverse), dh, dweight_ih, dweight_hh, dbias_ih, dbias_hh


def _states(
    x: Array, h0: Array, parameters: tuple[Array, ...], reset_after: bool, exists: Array | None
) -> tuple[Array, Array, Array]:
    """The gates r, z, n of each step of x (T, B, I), (T, B, 3, H); what r multiplies; the states.

    With `reset_after` r multiplies W_hn h + b_hn, (T, B, H), else the state. The states are those
    before each step, and after the last: (T + 1, B, H).
    """
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    two = 2 * h0.shape[1]
    bias = bias_ih + bias_hh
    if reset_after:
        bias[two:] = bias_ih[two:]
    a = project(x, weight_ih, bias)
    recurrent, new = turned(weight_hh[:two]), turned(weight_hh[two:])
    gates = a.reshape(*a.shape[:2], 3, h0.shape[1])  # of the same memory: opened step by step
    reset = np.empty(gates[:, :, 0].shape, a.dtype)
    h = np.empty((len(x) + 1, *h0.shape), h0.dtype)
    h[0] = h0
    for t in range(len(x)):
        r, z, n = gates[t].swapaxes(0, 1)  # each (B, H)
        a[t, :, :two] += h[t] @ recurrent
        sigmoid(a[t, :, :two], out=a[t, :, :two])
        if reset_after:
            reset[t] = h[t] @ new + bias_hh[two:]
            n += r * reset[t]
        else:
            n += (r * h[t]) @ new
        np.tanh(n, out=n)
        h[t + 1] = chosen(at(exists, t), (1 - z) * n + z * h[t], h[t])
    return gates, reset, h
