"""lstm: a cell state controlled by a forget gate, an input gate and an output gate.

An RNN overwrites its state at every step. An LSTM has a second state, the cell state c. At each
step c is multiplied by the forget gate, a number between 0 and 1, and the input gate decides how
much of a candidate is added. With forget gate 1 and input gate 0 it stays unchanged for any number
of steps. Backwards, a gradient along c is multiplied by the forget gates only. The output h is tanh
of the cell state, multiplied by the output gate.

Sources: Hochreiter and Schmidhuber (1997), "Long short-term memory"; the forget gate: Gers,
Schmidhuber and Cummins (2000), "Learning to forget: continual prediction with LSTM"; an account
with pictures: Olah (2015), "Understanding LSTM networks".
"""

from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, sigmoid
from seqlaws.reference.shapes import bind
from seqlaws.reference.steps import (
    along_time,
    bias_gradient,
    existing_steps,
    preactivation,
    reading_order,
    weight_gradient,
)


def lstm_gates(
    x: Array, h: Array, weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array
) -> tuple[Array, Array, Array, Array]:
    """Gates and candidate of one step.

        i = sigmoid(W_ii x + b_ii + W_hi h + b_hi)      input gate: how much is written
        f = sigmoid(W_if x + b_if + W_hf h + b_hf)      forget gate: how much is kept
        g =    tanh(W_ig x + b_ig + W_hg h + b_hg)      candidate: what is written
        o = sigmoid(W_io x + b_io + W_ho h + b_ho)      output gate: how much is shown

    x (B, I), h (B, H), weight_ih (4H, I), weight_hh (4H, H), biases (4H,).
    Returns i, f, g, o, each (B, H). Raises ValueError for shapes that do not fit.
    """
    bind(
        "lstm_gates",
        x=(x, "B I"),
        h=(h, "B H"),
        **described(weight_ih, weight_hh, bias_ih, bias_hh),
    )
    i, f, g, o = gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return +i, +f, +g, +o


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
    """Gradients of x, h, the weights and the biases from di, df, dg, do (B, H).

        da    = [di i (1 - i), df f (1 - f), dg (1 - g^2), do o (1 - o)]
        dx    = W_ih^T da
        dh    = W_hh^T da
        dW_ih = sum da x^T
        dW_hh = sum da h^T
        db_ih = db_hh = sum da

    The sums are over the rows of the batch.
    """
    cotangents = {"di": di, "df": df, "dg": dg, "do": do}
    bind(
        "lstm_gates_vjp",
        x=(x, "B I"),
        h=(h, "B H"),
        **described(weight_ih, weight_hh, bias_ih, bias_hh),
        **{name: (d, "B H") for name, d in cotangents.items()},
    )
    i, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    da = preactivation_gradient(di, df, dg, do, i, f, g, o)
    das = da[:, None]
    dweights = weight_gradient(das, x[:, None]), weight_gradient(das, h[:, None])
    db = bias_gradient(das)
    return +(da @ weight_ih), +(da @ weight_hh), *dweights, db, db


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
    """LSTM over the steps of x; products of vectors are entry by entry.

        i_t = sigmoid(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)    input gate: how much is written
        f_t = sigmoid(W_if x_t + b_if + W_hf h_{t-1} + b_hf)    forget gate: how much is kept
        g_t =    tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)    candidate: what is written
        o_t = sigmoid(W_io x_t + b_io + W_ho h_{t-1} + b_ho)    output gate: how much is shown
        c_t = f_t c_{t-1} + i_t g_t                             cell state
        h_t = o_t tanh(c_t)                                     hidden state, and y_t = h_t

    x (B, T, I), h0 and c0 (B, H), weight_ih (4H, I), weight_hh (4H, H), biases (4H,).
    Returns y (B, T, H), zero where a step does not exist, h_n and c_n (B, H).
    Raises ValueError for shapes that do not fit.
    """
    parameters = weight_ih, weight_hh, bias_ih, bias_hh
    batch, time, hidden = sizes(x, h0, c0, *parameters)
    exists = existing_steps("lstm", lengths, batch, time)
    x = np.where(exists, x, 0)
    y, h, c = [np.zeros((batch, hidden))] * time, h0, c0
    for t in reading_order(time, reverse):
        i, f, g, o = gates(x[:, t], h, *parameters)
        c_after, _, h_after = carry(i, f, g, o, c)
        c, h = np.where(exists[:, t], c_after, c), np.where(exists[:, t], h_after, h)
        y[t] = np.where(exists[:, t], h_after, 0)
    return along_time(y, batch, hidden), +h, +c


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
    *,
    seen: Array | None = None,
) -> tuple[Array, ...]:
    """Gradients of x, h0, c0, weights, biases from dy (B, T, H) and dh_n, dc_n (B, H).

        dh       = dy_t + dh_t                          dh_t = dh_n, dc_t = dc_n at the end
        dc       = dc_t + dh o_t (1 - tanh(c_t)^2)
        da_t     = [dc g_t i_t (1 - i_t), dc c_{t-1} f_t (1 - f_t),
                    dc i_t (1 - g_t^2), dh tanh(c_t) o_t (1 - o_t)]
        dc_{t-1} = dc f_t                               along the cell state
        dh_{t-1} = W_hh^T da_t
        dx_t     = W_ih^T da_t
        dW_ih    = sum_t da_t x_t^T                     and over all rows of the batch
        dW_hh    = sum_t da_t h_{t-1}^T
        db_ih    = db_hh = sum_t da_t

    seen: gradients at the pre-activations (B, T, 4H) of an implementation; each step back then
    starts from its gradient at the step after.
    """
    parameters = weight_ih, weight_hh, bias_ih, bias_hh
    batch, time, hidden = sizes(x, h0, c0, *parameters)
    bind(
        "lstm_vjp",
        x=(x, "B T I"),
        h0=(h0, "B H"),
        dy=(dy, "B T H"),
        dh_n=(dh_n, "B H"),
        dc_n=(dc_n, "B H"),
    )
    exists = existing_steps("lstm", lengths, batch, time)
    x, dy = np.where(exists, x, 0), np.where(exists, dy, 0)
    order = reading_order(time, reverse)
    tape: list[Any] = [()] * time
    before, da = [h0] * time, [np.zeros((batch, 4 * hidden))] * time
    h, c = h0, c0
    for t in order:
        i, f, g, o = gates(x[:, t], h, *parameters)
        c_after, s, h_after = carry(i, f, g, o, c)
        before[t], tape[t] = h, (+i, +f, +g, +o, +s, c)
        c, h = np.where(exists[:, t], c_after, c), np.where(exists[:, t], h_after, h)
    dh, dc = dh_n, dc_n
    for t in reversed(order):
        i, f, g, o, s, c = tape[t]
        da_t, dc_t = carry_gradient(dy[:, t] + dh, dc, i, f, g, o, s, c)
        da[t] = np.where(exists[:, t], da_t, 0)
        da_t = da[t] if seen is None else seen[:, t]
        dc = np.where(exists[:, t], +(dc_t * f), dc)
        dh = np.where(exists[:, t], +(da_t @ weight_hh), dh)
    das, befores = along_time(da, batch, 4 * hidden), along_time(before, batch, hidden)
    dx, das = +(das @ weight_ih), das if seen is None else seen
    db = bias_gradient(das)
    return dx, +dh, +dc, weight_gradient(das, x), weight_gradient(das, befores), db, db


def gates(x: Array, h: Array, *parameters: Array) -> tuple[Array, Array, Array, Array]:
    """i, f, g, o (..., H) of one step: x (..., I), h (..., H)."""
    a = preactivation(x, h, *parameters)
    n = h.shape[-1]
    i, f, g, o = a[..., :n], a[..., n : 2 * n], a[..., 2 * n : 3 * n], a[..., 3 * n :]
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


def lstm_steps(
    before: Array, exists: Array, order: range, x: Array, h0: Array, c0: Array, *parameters: Array
) -> tuple[Array, Array]:
    """All steps at once, from the hidden states `before` them (B, T, H) to those after, and c_n.

    The cell state is carried from step to step, in the order in which they are read.
    """
    batch, time, hidden = before.shape
    i, f, g, o = gates(x, before, *parameters)
    after, c = [h0] * time, c0
    for t in order:
        c_after, _, after[t] = carry(i[:, t], f[:, t], g[:, t], o[:, t], c)
        c = np.where(exists[:, t], c_after, c)
    return along_time(after, batch, hidden), +c


def carry(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, Array, Array]:
    """The new cell state, its tanh, and the new hidden state, each (..., H)."""
    c = +(f * c + i * g)
    s = np.tanh(c)
    return c, s, +(o * s)


def carry_gradient(
    dh: Array, dc: Array, i: Array, f: Array, g: Array, o: Array, s: Array, c: Array
) -> tuple[Array, Array]:
    """From dh_t, dc_t to da_t (..., 4H) and the whole gradient dc_t of the cell state after t.

    s is tanh(c_t), c the cell state before the step.
    """
    dc = dc + dh * o * (1 - s * s)
    return preactivation_gradient(dc * g, dc * c, dc * i, dh * s, i, f, g, o), dc


def preactivation_gradient(
    di: Array, df: Array, dg: Array, do: Array, i: Array, f: Array, g: Array, o: Array
) -> Array:
    """Through the gates' slopes: sigmoid' = s (1 - s), tanh' = 1 - t^2; (..., 4H)."""
    slopes = di * (i * (1 - i)), df * (f * (1 - f)), dg * (1 - g * g), do * (o * (1 - o))
    return +np.concatenate(slopes, axis=-1)


def described(
    weight_ih: Array, weight_hh: Array, bias_ih: Array, bias_hh: Array
) -> dict[str, tuple[Array, str]]:
    """The parameters with their letters."""
    return {
        "weight_ih": (weight_ih, "4H I"),
        "weight_hh": (weight_hh, "4H H"),
        "bias_ih": (bias_ih, "4H"),
        "bias_hh": (bias_hh, "4H"),
    }


def sizes(x: Array, h0: Array, c0: Array, *parameters: Array) -> tuple[int, int, int]:
    """B, T and H, once everything fits."""
    states = {"x": (x, "B T I"), "h0": (h0, "B H"), "c0": (c0, "B H")}
    s = bind("lstm", **states, **described(*parameters))
    return s["B"], s["T"], s["H"]
