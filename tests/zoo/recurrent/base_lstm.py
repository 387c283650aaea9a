"""The LSTM and its gates in plain NumPy (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    i, f, g, o = sigmoid, sigmoid, tanh, sigmoid of the four blocks of W x + b + U h + c
    c = f c + i g        h = o tanh(c)

Parts besides those of base_recurrent, all in the forward alone:
    preactivation(a, x, h), split(a, z) four blocks, gate(a, z) sigmoid, candidate(a, z) tanh,
    cell(a, i, f, g, o, c) -> (h, c)
"""

from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.recurrent import base as loop


def preactivation(a, x, h):
    return x @ a.weight_ih.T + a.bias_ih + h @ a.weight_hh.T + a.bias_hh


def split(a, z):
    return np.split(z, 4, axis=-1)


def gate(a, z):
    return loop.sigmoid(z)


def candidate(a, z):
    return np.tanh(z)


def cell(a, i, f, g, o, c):
    c = f * c + i * g
    return o * np.tanh(c), c


def _gates(a, x, h):
    part = a.part
    i, f, g, o = part.split(a, part.preactivation(a, x, h))
    return part.gate(a, i), part.gate(a, f), part.candidate(a, g), part.gate(a, o)


def step(a, x, state):
    return a.part.cell(a, *_gates(a, x, state[0]), state[1])


def _blocks(i, f, g, o, di, df, dg, do):
    parts = (di * i * (1 - i), df * f * (1 - f), dg * (1 - g * g), do * o * (1 - o))
    return np.concatenate(parts, axis=-1)


def step_vjp(a, x, state, dstate):
    (h, c), (dh, dc) = state, dstate
    i, f, g, o = _gates(a, x, h)
    s = np.tanh(f * c + i * g)
    dc = dc + dh * o * (1 - s * s)
    dz = _blocks(i, f, g, o, dc * g, dc * c, dc * i, dh * s)
    return loop.linear_gradient(a, x, h, dz, dz, (dz @ a.weight_hh, dc * f))


def forward(a):
    y, (h, c) = loop.scan(a, step, (a.h0, a.c0))
    return SimpleNamespace(y=y, h_n=h, c_n=c)


def gradient(a):
    g, (g.h0, g.c0) = loop.scan_vjp(a, step, step_vjp, (a.h0, a.c0), (a.dh_n, a.dc_n))
    return g


def forward_gates(a):
    with np.errstate(all="ignore"):
        i, f, g, o = _gates(a, a.x, a.h)
    return SimpleNamespace(i=i, f=f, g=g, o=o)


def gradient_gates(a):
    with np.errstate(all="ignore"):
        dz = _blocks(*_gates(a, a.x, a.h), a.di, a.df, a.dg, a.do)
        g = loop.linear_gradient(a, a.x, a.h, dz, dz, ())
        g.h = dz @ a.weight_hh
    return g


def functions(call, call_vjp):
    def lstm(
        x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None, reverse=False
    ):  # fmt: skip
        return call(
            x=x, h0=h0, c0=c0, weight_ih=weight_ih, weight_hh=weight_hh, bias_ih=bias_ih,
            bias_hh=bias_hh, lengths=lengths, reverse=reverse,
        )  # fmt: skip

    def lstm_vjp(
        dy, dh_n, dc_n, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None,
        reverse=False,
    ):  # fmt: skip
        return call_vjp(
            dy=dy, dh_n=dh_n, dc_n=dc_n, x=x, h0=h0, c0=c0, weight_ih=weight_ih,
            weight_hh=weight_hh, bias_ih=bias_ih, bias_hh=bias_hh, lengths=lengths,
            reverse=reverse,
        )  # fmt: skip

    return {"lstm": lstm, "lstm_vjp": lstm_vjp}


def functions_gates(call, call_vjp):
    def lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
        return call(
            x=x, h=h, weight_ih=weight_ih, weight_hh=weight_hh, bias_ih=bias_ih, bias_hh=bias_hh
        )

    def lstm_gates_vjp(di, df, dg, do, x, h, weight_ih, weight_hh, bias_ih, bias_hh):
        return call_vjp(
            di=di, df=df, dg=dg, do=do, x=x, h=h, weight_ih=weight_ih, weight_hh=weight_hh,
            bias_ih=bias_ih, bias_hh=bias_hh,
        )  # fmt: skip

    return {"lstm_gates": lstm_gates, "lstm_gates_vjp": lstm_gates_vjp}


CELL = {part.__name__: part for part in (preactivation, split, gate, candidate, cell)}
lstm = Base(
    "lstm", "numpy", forward, gradient, {**loop.PARTS, **loop.checks("lstm"), **CELL}, functions,
    forward_only=(*CELL, "before", "kept", "pick"),
)  # fmt: skip
lstm_gates = Base(
    "lstm_gates", "numpy", forward_gates, gradient_gates, {**loop.checks("lstm_gates"), **CELL},
    functions_gates, forward_only=tuple(CELL),
)  # fmt: skip
