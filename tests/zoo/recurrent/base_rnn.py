"""The simple recurrent network in plain NumPy: h = act(W x + b + U h + c).

Parts besides those of base_recurrent: preactivation(a, x, h) and activation(a, z) in the forward,
slope(a, z, y) in the vjp.
"""

from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.recurrent import base as loop


def preactivation(a, x, h):
    return x @ a.weight_ih.T + a.bias_ih + h @ a.weight_hh.T + a.bias_hh


def activation(a, z):
    if a.nonlinearity == "tanh":
        return np.tanh(z)
    if a.nonlinearity == "relu":
        return np.maximum(z, 0)
    if a.nonlinearity == "sigmoid":
        return loop.sigmoid(z)
    raise ValueError(f"unknown nonlinearity {a.nonlinearity!r}")


def slope(a, z, y):
    if a.nonlinearity == "tanh":
        return 1 - y * y
    if a.nonlinearity == "relu":
        return np.where(z > 0, 1, np.where(np.isnan(z), z, 0)).astype(z.dtype)
    return y * (1 - y)


def step(a, x, state):
    return (a.part.activation(a, a.part.preactivation(a, x, state[0])),)


def step_vjp(a, x, state, dstate):
    z = preactivation(a, x, state[0])
    dz = dstate[0] * a.part.slope(a, z, activation(a, z))
    return loop.linear_gradient(a, x, state[0], dz, dz, (dz @ a.weight_hh,))


def check(a):
    loop.checks("rnn")["check"](a)
    activation(a, a.bias_ih[:0])  # refuses an unknown nonlinearity, even where no step follows


def forward(a):
    y, (h,) = loop.scan(a, step, (a.h0,))
    return SimpleNamespace(y=y, h_n=h)


def gradient(a):
    g, (g.h0,) = loop.scan_vjp(a, step, step_vjp, (a.h0,), (a.dh_n,))
    return g


def functions(call, call_vjp):
    def rnn(
        x, h0, weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity="tanh", lengths=None,
        reverse=False,
    ):  # fmt: skip
        return call(
            x=x, h0=h0, weight_ih=weight_ih, weight_hh=weight_hh, bias_ih=bias_ih, bias_hh=bias_hh,
            nonlinearity=nonlinearity, lengths=lengths, reverse=reverse,
        )  # fmt: skip

    def rnn_vjp(
        dy, dh_n, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity="tanh",
        lengths=None, reverse=False,
    ):  # fmt: skip
        return call_vjp(
            dy=dy, dh_n=dh_n, x=x, h0=h0, weight_ih=weight_ih, weight_hh=weight_hh,
            bias_ih=bias_ih, bias_hh=bias_hh, nonlinearity=nonlinearity, lengths=lengths,
            reverse=reverse,
        )  # fmt: skip

    return {"rnn": rnn, "rnn_vjp": rnn_vjp}


PARTS = {
    **loop.PARTS,
    **loop.checks("rnn"),
    "check": check,
    "preactivation": preactivation,
    "activation": activation,
    "slope": slope,
}
rnn = Base(
    "rnn", "numpy", forward, gradient, PARTS, functions,
    forward_only=("preactivation", "activation", "before", "kept", "pick"),
)  # fmt: skip
