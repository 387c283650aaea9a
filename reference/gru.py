"""gru: one state with an update gate and a reset gate.

A simpler LSTM with one state and two gates. The update gate decides both what is kept and what is
written: h is a weighted mean of the old state and a candidate. The reset gate decides how much of
the old state the candidate depends on: with reset gate 0 it depends on the input only.

Sources: Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder", with
reset_after=False; the form of cuDNN, PyTorch and Keras, with reset_after=True: Appleyard, Kocisky
and Blunsom (2016), "Optimizing performance of recurrent neural networks on GPUs".
"""

from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, either, sigmoid, transpose
from seqlaws.reference.shapes import bind
from seqlaws.reference.steps import (
    along_time,
    bias_gradient,
    existing_steps,
    preactivation,
    reading_order,
    weight_gradient,
)


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
    """GRU over x (B, T, I); h0 (B, H), weight_ih (3H, I), weight_hh (3H, H), biases (3H,).

        r_t = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)    reset gate
        z_t = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)    update gate: how much is kept
        n_t = tanh(W_in x_t + b_in + r_t (W_hn h_{t-1} + b_hn))     with reset_after
        n_t = tanh(W_in x_t + b_in + W_hn (r_t h_{t-1}) + b_hn)     without
        h_t = (1 - z_t) n_t + z_t h_{t-1}                       and y_t = h_t

    reset_after: True if the reset gate multiplies W_hn h + b_hn, False if it multiplies h.
    Returns y (B, T, H), zero where a step does not exist, and h_n (B, H).
    Raises ValueError for shapes that do not fit.
    """
    parameters = weight_ih, weight_hh, bias_ih, bias_hh
    batch, time, hidden = sizes(x, h0, *parameters)
    exists = existing_steps("gru", lengths, batch, time)
    x = np.where(exists, x, 0)
    y, h = [np.zeros((batch, hidden))] * time, h0
    for t in reading_order(time, reverse):
        *_, after = gru_cell(x[:, t], h, *parameters, reset_after)
        h = np.where(exists[:, t], after, h)
        y[t] = np.where(exists[:, t], after, 0)
    return along_time(y, batch, hidden), +h


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
    *,
    seen: Array | None = None,
) -> tuple[Array, ...]:
    """Gradients of x, h0, the weights and the biases from dy (B, T, H) and dh_n (B, H).

        dh       = dy_t + dh_t                          dh_t = dh_n at the end
        da_n     = dh (1 - z_t) (1 - n_t^2)
        da_z     = dh (h_{t-1} - n_t) z_t (1 - z_t)
        da_r     = da_n (W_hn h_{t-1} + b_hn) r_t (1 - r_t)         with reset_after
        da_r     = (W_hn^T da_n) h_{t-1} r_t (1 - r_t)              without
        dh_{t-1} = dh z_t + W_hr^T da_r + W_hz^T da_z
                   + W_hn^T (r_t da_n)  with reset_after,  + r_t (W_hn^T da_n)  without
        dx_t     = W_ih^T [da_r, da_z, da_n]
        dW_ih    = sum_t [da_r, da_z, da_n] x_t^T       and over all rows of the batch
        dW_hh    = sum_t [da_r, da_z, r_t da_n] h_{t-1}^T           with reset_after
        dW_hn    = sum_t da_n (r_t h_{t-1})^T                       without
        db_ih    = sum_t [da_r, da_z, da_n],  db_hh likewise, with r_t da_n if reset_after

    seen: gradients at the pre-activations on the side of x (B, T, 3H) of an implementation; each
    step back then starts from its gradient at the step after.
    """
    parameters = weight_ih, weight_hh, bias_ih, bias_hh
    batch, time, hidden = sizes(x, h0, *parameters)
    bind("gru_vjp", x=(x, "B T I"), h0=(h0, "B H"), dy=(dy, "B T H"), dh_n=(dh_n, "B H"))
    exists = existing_steps("gru", lengths, batch, time)
    x, dy = np.where(exists, x, 0), np.where(exists, dy, 0)
    order = reading_order(time, reverse)
    wide = np.zeros((batch, 3 * hidden))
    tape: list[Any] = [()] * time
    before, reset = [h0] * time, [h0] * time
    da_ih, da_hh = [wide] * time, [wide] * time
    h = h0
    for t in order:
        r, z, n, m, after = gru_cell(x[:, t], h, *parameters, reset_after)
        before[t], reset[t], tape[t] = h, +(r * h), (+r, +z, +n, +m, h)
        h = np.where(exists[:, t], after, h)
    dh = dh_n
    for t in reversed(order):
        whole = dy[:, t] + dh
        d_ih = gru_cell_gradient(whole, tape[t], weight_hh, reset_after)
        da_t = d_ih if seen is None else seen[:, t]
        d_hh, dh_t = gru_cell_carry(whole, da_t, tape[t], weight_hh, reset_after)
        da_ih[t], da_hh[t] = np.where(exists[:, t], d_ih, 0), np.where(exists[:, t], d_hh, 0)
        dh = np.where(exists[:, t], dh_t, dh)
    das_ih, das_hh = (along_time(da, batch, 3 * hidden) for da in (da_ih, da_hh))
    dx, das_ih = +(das_ih @ weight_ih), das_ih if seen is None else seen
    befores, resets = (along_time(s, batch, hidden) for s in (before, reset))
    dweight_hh = weight_gradient(das_hh, befores)
    if not reset_after:  # the new block multiplies r * h
        new = weight_gradient(das_hh[..., 2 * hidden :], resets)
        dweight_hh = np.concatenate([dweight_hh[: 2 * hidden], new], axis=0)
    dweight_ih, db_ih, db_hh = (
        weight_gradient(das_ih, x),
        bias_gradient(das_ih),
        bias_gradient(das_hh),
    )
    return dx, +dh, dweight_ih, dweight_hh, db_ih, db_hh


def gru_cell(
    x: Array,
    h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reset_after: bool,
) -> tuple[Array, Array, Array, Array, Array]:
    """r, z, n, m and the new state, each (..., H); m is what the reset gate multiplies.

    m = W_hn h + b_hn if reset_after, else h; r h may then be stored before it is multiplied.
    """
    k = h.shape[-1]
    a = preactivation(
        x, h, weight_ih[: 2 * k], weight_hh[: 2 * k], bias_ih[: 2 * k], bias_hh[: 2 * k]
    )
    r, z = sigmoid(a[..., :k]), sigmoid(a[..., k:])
    w_in, w_hn, b_in, b_hn = (
        weight_ih[2 * k :],
        weight_hh[2 * k :],
        bias_ih[2 * k :],
        bias_hh[2 * k :],
    )
    if reset_after:
        m = h @ transpose(w_hn) + b_hn
        n = np.tanh(x @ transpose(w_in) + b_in + r * m)
    else:
        m = h
        n = np.tanh(preactivation(x, +(r * h), w_in, w_hn, b_in, b_hn))
    return r, z, n, m, +either((1 - z) * n + z * h, n + z * (h - n))


def gru_steps(
    before: Array, exists: Array, order: range, x: Array, h0: Array, *parameters: Any
) -> tuple[Array]:
    """All steps at once, from the states `before` them (B, T, H) to those after (B, T, H)."""
    return (gru_cell(x, before, *parameters)[-1],)


def gru_cell_gradient(
    dh: Array, tape: tuple[Array, ...], weight_hh: Array, reset_after: bool
) -> Array:
    """From dh_t to the gradient da at the pre-activations, on the side of x (..., 3H).

    tape: r, z, n and m of the step, and the state before it.
    """
    r, z, n, m, h = tape
    da_n = +(dh * (1 - z) * (1 - n * n))
    da_z = either(dh * (h - n), dh * h - dh * n) * (z * (1 - z))
    d_reset = da_n * m if reset_after else (da_n @ weight_hh[2 * h.shape[-1] :]) * m
    return +np.concatenate([d_reset * (r * (1 - r)), da_z, da_n], axis=-1)


def gru_cell_carry(
    dh: Array, da: Array, tape: tuple[Array, ...], weight_hh: Array, reset_after: bool
) -> tuple[Array, Array]:
    """From dh_t and da to the gradient on the side of h (..., 3H), and to dh_{t-1}."""
    r, z, _, _, h = tape
    k = h.shape[-1]
    if reset_after:
        d_hh = np.concatenate([da[..., : 2 * k], +(da[..., 2 * k :] * r)], axis=-1)
        return d_hh, +(dh * z + d_hh @ weight_hh)
    through_reset = (da[..., 2 * k :] @ weight_hh[2 * k :]) * r
    return da, +(dh * z + through_reset + da[..., : 2 * k] @ weight_hh[: 2 * k])


def sizes(
    x: Array, h0: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array
) -> tuple[int, int, int]:
    """B, T and H, once everything fits."""
    s = bind(
        "gru",
        x=(x, "B T I"),
        h0=(h0, "B H"),
        weight_ih=(weight_ih, "3H I"),
        weight_hh=(weight_hh, "3H H"),
        bias_ih=(bias_ih, "3H"),
        bias_hh=(bias_hh, "3H"),
    )
    return s["B"], s["T"], s["H"]
