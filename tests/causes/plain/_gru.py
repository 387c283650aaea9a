"""Gated recurrent units. Cho et al. (2014), in PyTorch's form of the update.

r, z = sigmoid(W_ih x + b_ih + W_hh h_(t-1) + b_hh), row blocks reset and update
n = tanh(W_in x + b_in + r (W_hn h_(t-1) + b_hn))     reset_after
n = tanh(W_in x + b_in + W_hn (r h_(t-1)) + b_hn)     otherwise, as published
h_t = (1 - z) n + z h_(t-1)
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, contiguous
from seqlaws.impls.numpy_vectorized._recurrence import check, order, sigmoid, weight_gradient


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
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    exists = check("3H", x, {"h0": h0}, parameters, lengths)
    y = np.zeros((*x.shape[:2], *h0.shape[1:]), x.dtype)  # (B, T, H)
    h = h0.copy()
    for step in _steps(x, h, parameters, reset_after, exists, reverse):
        h = step.h
        y[:, step.t] = np.where(step.exists, h, 0)
    return y, h


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
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    cotangents = {"dy": (dy, "B T H"), "dh_n": (dh_n, "B H")}
    exists = check("3H", x, {"h0": h0}, parameters, lengths, **cotangents)
    tape = list(_steps(x, h0, parameters, reset_after, exists, reverse))
    hidden = h0.shape[1]
    gates, new = weight_hh[: 2 * hidden], weight_hh[2 * hidden :]  # (2H, H), (H, H)
    before, reset = np.zeros_like(dy), np.zeros_like(dy)  # what `gates` and `new` multiply
    da = np.zeros((*x.shape[:2], 3 * hidden), x.dtype)  # at W_ih x + b_ih, (B, T, 3H)
    db = np.zeros_like(da)  # at W_hh h + b_hh, (B, T, 3H)
    dh = dh_n.copy()
    for t, now, h, r, z, n, product, _ in reversed(tape):
        dh_t = dy[:, t] + dh
        da_n = dh_t * (1 - z) * (1 - n * n)
        da_z = dh_t * (h - n) * z * (1 - z)
        if reset_after:
            db_n = da_n * r
            dr = da_n * product
            dh_new = db_n @ new
        else:
            db_n = da_n
            dr = (db_n @ new) * h
            dh_new = (db_n @ new) * r
        da_r = dr * r * (1 - r)
        dh_gates = np.concatenate((da_r, da_z), axis=-1) @ gates
        da[:, t] = np.where(now, np.concatenate((da_r, da_z, da_n), axis=-1), 0)
        db[:, t] = np.where(now, np.concatenate((da_r, da_z, db_n), axis=-1), 0)
        before[:, t] = np.where(now, h, 0)
        reset[:, t] = np.where(now, h if reset_after else r * h, 0)
        dh = np.where(now, dh_t * z + dh_gates + dh_new, dh)
    dx = np.where(exists, da @ weight_ih, 0)
    dweight_ih, dbias_ih = weight_gradient(da, np.where(exists, x, 0))
    dgates, dbias_gates = weight_gradient(db[..., : 2 * hidden], before)
    dnew, dbias_new = weight_gradient(db[..., 2 * hidden :], reset)
    dweight_hh = np.concatenate((dgates, dnew))
    dbias_hh = np.concatenate((dbias_gates, dbias_new))
    return dx, dh, dweight_ih, dweight_hh, dbias_ih, dbias_hh


class _Step(NamedTuple):
    """One step t, its arrays (B, H) except `exists`, (B, 1)."""

    t: int
    exists: Array
    h_before: Array
    r: Array
    z: Array
    n: Array
    product: Array  # what r multiplies in n: W_hn h + b_hn if reset_after, h otherwise
    h: Array


def _steps(
    x: Array,
    h: Array,
    parameters: tuple[Array, ...],
    reset_after: bool,
    exists: Array,
    reverse: bool,
) -> Iterator[_Step]:
    """The steps of the recurrence, in the order in which they are read."""
    x, weight_ih, weight_hh, bias_ih, bias_hh, h = contiguous(x, *parameters, h)
    hidden = h.shape[1]
    gates, new = weight_hh[: 2 * hidden], weight_hh[2 * hidden :]  # (2H, H), (H, H)
    bias_gates, bias_new = bias_hh[: 2 * hidden], bias_hh[2 * hidden :]
    driven = x @ weight_ih.T + bias_ih  # (B, T, 3H)
    for t in order(x.shape[1], reverse):
        before = h
        a, a_n = driven[:, t, : 2 * hidden], driven[:, t, 2 * hidden :]
        r, z = np.split(sigmoid(a + h @ gates.T + bias_gates), 2, axis=-1)
        product = h @ new.T + bias_new if reset_after else h
        n = np.tanh(a_n + r * product if reset_after else a_n + (r * h) @ new.T + bias_new)
        h = np.where(exists[:, t], (1 - z) * n + z * h, h)
        yield _Step(t, exists[:, t], before, r, z, n, product, h)
