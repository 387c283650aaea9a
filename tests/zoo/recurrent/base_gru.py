"""The gated recurrent unit in plain NumPy (Cho et al. 2014), with both places of the reset gate.

    r, z = sigmoid of the first two blocks of W x + b + U h + c
    n = tanh(W x + b + r (U h + c))   or, reset before,   tanh(W x + b + U (r h) + c)
    h = (1 - z) n + z h

Parts besides those of base_recurrent, all in the forward alone:
    preactivations(a, x, h) -> W x + b and U h + c, (B,3H) each; split(a, t) three blocks;
    gate(a, z) sigmoid; new(a, nx, nh, r, h) the candidate; blend(a, z, n, h) the next state
"""

from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.recurrent import base as loop


def preactivations(a, x, h):
    return x @ a.weight_ih.T + a.bias_ih, h @ a.weight_hh.T + a.bias_hh


def split(a, t):
    return np.split(t, 3, axis=-1)


def gate(a, z):
    return loop.sigmoid(z)


def last_block(a):
    """weight_hh and bias_hh of the candidate."""
    n = a.h0.shape[-1]
    return a.weight_hh[2 * n :], a.bias_hh[2 * n :]


def new(a, nx, nh, r, h):
    if a.reset_after:
        return np.tanh(nx + r * nh)
    weight, bias = last_block(a)
    return np.tanh(nx + (r * h) @ weight.T + bias)


def blend(a, z, n, h):
    return (1 - z) * n + z * h


def _stages(a, x, h):
    part = a.part
    zx, zh = part.preactivations(a, x, h)
    (rx, ux, nx), (rh, uh, nh) = part.split(a, zx), part.split(a, zh)
    r, u = part.gate(a, rx + rh), part.gate(a, ux + uh)
    return r, u, part.new(a, nx, nh, r, h), nh


def step(a, x, state):
    _, u, n, _ = _stages(a, x, state[0])
    return (a.part.blend(a, u, n, state[0]),)


def step_vjp(a, x, state, dstate):
    (h,), (dh,) = state, dstate
    r, u, c, nh = _stages(a, x, h)
    weight, _ = last_block(a)
    dn = dh * (1 - u) * (1 - c * c)
    du = dh * (h - c) * u * (1 - u)
    dr = (dn * nh if a.reset_after else (dn @ weight) * h) * r * (1 - r)
    dz_x = np.concatenate([dr, du, dn], axis=-1)
    dz_h = np.concatenate([dr, du, dn * r if a.reset_after else dn], axis=-1)
    if a.reset_after:
        return loop.linear_gradient(a, x, h, dz_x, dz_h, (dh * u + dz_h @ a.weight_hh,))
    n = 2 * h.shape[-1]  # the last block was fed r h, not h
    back = dh * u + dz_h[:, :n] @ a.weight_hh[:n] + (dn @ weight) * r
    g = loop.linear_gradient(a, x, h, dz_x, dz_h, (back,))
    g.weight_hh[n:] = dn.T @ (r * h)
    return g


def forward(a):
    y, (h,) = loop.scan(a, step, (a.h0,))
    return SimpleNamespace(y=y, h_n=h)


def gradient(a):
    g, (g.h0,) = loop.scan_vjp(a, step, step_vjp, (a.h0,), (a.dh_n,))
    return g


def functions(call, call_vjp):
    def gru(
        x, h0, weight_ih, weight_hh, bias_ih, bias_hh, reset_after=True, lengths=None,
        reverse=False,
    ):  # fmt: skip
        return call(
            x=x, h0=h0, weight_ih=weight_ih, weight_hh=weight_hh, bias_ih=bias_ih, bias_hh=bias_hh,
            reset_after=reset_after, lengths=lengths, reverse=reverse,
        )  # fmt: skip

    def gru_vjp(
        dy, dh_n, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, reset_after=True, lengths=None,
        reverse=False,
    ):  # fmt: skip
        return call_vjp(
            dy=dy, dh_n=dh_n, x=x, h0=h0, weight_ih=weight_ih, weight_hh=weight_hh,
            bias_ih=bias_ih, bias_hh=bias_hh, reset_after=reset_after, lengths=lengths,
            reverse=reverse,
        )  # fmt: skip

    return {"gru": gru, "gru_vjp": gru_vjp}


CELL = {part.__name__: part for part in (preactivations, split, gate, new, blend)}
gru = Base(
    "gru", "numpy", forward, gradient, {**loop.PARTS, **loop.checks("gru"), **CELL}, functions,
    forward_only=(*CELL, "before", "kept", "pick"),
)  # fmt: skip
