"""lstm: a cell state that the forget gate carries, the input gate feeds, the output gate shows.

Hochreiter and Schmidhuber (1997), "Long short-term memory"; the forget gate: Gers, Schmidhuber
and Cummins (2000), "Learning to forget". No peepholes; row blocks of the weights in the order
input, forget, candidate, output.
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
    """i, f, o = sigmoid(a), g = tanh(a), with a = W_ih x + b_ih + W_hh h + b_hh, block by block.

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
    """Cotangents (B, H) of i, f, g, o to the gradients of x, h, the weights and the biases."""
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
    """c_t = f c_{t-1} + i g, h_t = o tanh(c_t), over the steps of x.

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
    """dy (B, T, H), dh_n, dc_n (B, H) to the gradients of x, h0, c0, the weights, the biases.

    seen: the gradient at the pre-activations (B, T, 4H) as somebody has it; each step back then
    starts from what was seen of the step after it.
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
