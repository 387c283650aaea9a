"""rnn: one hidden state, updated at every step.

The simplest network with a memory: each step reads the input and the previous state, and computes
the next state. All steps use the same weights, so a sequence may have any length. The gradient is
that of the unrolled network (back-propagation through time): a product of T factors W_hh act',
which vanishes or explodes exponentially. The LSTM was designed to avoid this.

Sources: Elman (1990), "Finding structure in time"; the gradient: Werbos (1990), "Backpropagation
through time: what it does and how to do it"; why it vanishes: Bengio, Simard and Frasconi (1994),
"Learning long-term dependencies with gradient descent is difficult".
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, relu, sigmoid, step
from seqlaws.reference.shapes import bind
from seqlaws.reference.steps import (
    along_time,
    bias_gradient,
    existing_steps,
    preactivation,
    reading_order,
    weight_gradient,
)

ACTIVATION: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "relu": relu,
    "sigmoid": sigmoid,
}
SLOPE = {  # act'(a), with h = act(a)
    "tanh": lambda a, h: 1 - h * h,
    "relu": lambda a, h: step(+a),  # the sign of what is stored may be asked
    "sigmoid": lambda a, h: h * (1 - h),
}


def rnn(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """RNN over x (B, T, I); h0 (B, H), weight_ih (H, I), weight_hh (H, H), biases (H,).

        a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
        h_t = act(a_t)                                  and y_t = h_t

    nonlinearity: act; "tanh", "relu" or "sigmoid".
    Returns y (B, T, H), zero where a step does not exist, and h_n (B, H).
    Raises ValueError for shapes that do not fit or an unknown nonlinearity.
    """
    parameters = weight_ih, weight_hh, bias_ih, bias_hh
    batch, time, hidden = sizes(x, h0, *parameters, nonlinearity)
    exists = existing_steps("rnn", lengths, batch, time)
    x = np.where(exists, x, 0)
    y, h = [np.zeros((batch, hidden))] * time, h0
    for t in reading_order(time, reverse):
        _, after = rnn_cell(x[:, t], h, *parameters, nonlinearity)
        h = np.where(exists[:, t], after, h)
        y[t] = np.where(exists[:, t], after, 0)
    return along_time(y, batch, hidden), +h


def rnn_vjp(
    dy: Array,
    dh_n: Array,
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
    lengths: Any = None,
    reverse: bool = False,
    *,
    seen: Array | None = None,
) -> tuple[Array, ...]:
    """Gradients of x, h0, the weights and the biases from dy (B, T, H) and dh_n (B, H).

        da_t     = (dy_t + dh_t) act'(a_t)              dh = dh_n after the step read last
        dh_{t-1} = W_hh^T da_t
        dx_t     = W_ih^T da_t
        dW_ih    = sum_t da_t x_t^T                     and over all rows of the batch
        dW_hh    = sum_t da_t h_{t-1}^T
        db_ih    = db_hh = sum_t da_t

        tanh'    = 1 - h^2,  sigmoid' = h (1 - h),  relu' = 1 where a > 0, else 0: also at 0

    seen: gradients at the pre-activations (B, T, H) of an implementation; each step back then
    starts from its gradient at the step after.
    """
    parameters = weight_ih, weight_hh, bias_ih, bias_hh
    batch, time, hidden = sizes(x, h0, *parameters, nonlinearity)
    bind("rnn_vjp", x=(x, "B T I"), h0=(h0, "B H"), dy=(dy, "B T H"), dh_n=(dh_n, "B H"))
    exists = existing_steps("rnn", lengths, batch, time)
    x, dy = np.where(exists, x, 0), np.where(exists, dy, 0)
    order = reading_order(time, reverse)
    before, slope, da = [h0] * time, [h0] * time, [h0] * time
    h = h0
    for t in order:
        a, after = rnn_cell(x[:, t], h, *parameters, nonlinearity)
        before[t], slope[t] = h, SLOPE[nonlinearity](a, after)
        h = np.where(exists[:, t], after, h)
    dh = dh_n
    for t in reversed(order):
        da[t] = np.where(exists[:, t], +((dy[:, t] + dh) * slope[t]), 0)
        da_t = da[t] if seen is None else seen[:, t]
        dh = np.where(exists[:, t], +(da_t @ weight_hh), dh)
    das, befores = along_time(da, batch, hidden), along_time(before, batch, hidden)
    dx, das = +(das @ weight_ih), das if seen is None else seen
    db = bias_gradient(das)
    return dx, +dh, weight_gradient(das, x), weight_gradient(das, befores), db, db


def rnn_cell(
    x: Array,
    h: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str,
) -> tuple[Array, Array]:
    """One step: x (..., I), h (..., H) to the pre-activation a and the new state, both (..., H)."""
    a = preactivation(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return a, +ACTIVATION[nonlinearity](a)


def rnn_steps(
    before: Array, exists: Array, order: range, x: Array, h0: Array, *parameters: Any
) -> tuple[Array]:
    """All steps at once, from the states `before` them (B, T, H) to those after (B, T, H)."""
    return (rnn_cell(x, before, *parameters)[1],)


def sizes(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str,
) -> tuple[int, int, int]:
    """B, T and H, once everything fits."""
    if nonlinearity not in ACTIVATION:
        raise ValueError(f"rnn: nonlinearity {nonlinearity!r}; known: {', '.join(ACTIVATION)}")
    s = bind(
        "rnn",
        x=(x, "B T I"),
        h0=(h0, "B H"),
        weight_ih=(weight_ih, "H I"),
        weight_hh=(weight_hh, "H H"),
        bias_ih=(bias_ih, "H"),
        bias_hh=(bias_hh, "H"),
    )
    return s["B"], s["T"], s["H"]
