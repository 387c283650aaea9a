"""rnn, lstm with its gates, and gru in plain torch operations.

Parts as in base_recurrent and the bases of the cells, without those of the vjp; `inside(a, t)` is
what every tensor argument passes through first (16-bit dtypes to float32).
"""

from types import SimpleNamespace

import torch

from zoo.base import Base
from zoo.base_torch import wide
from zoo.recurrent import base as base_recurrent
from zoo.recurrent import base_gru, base_lstm, base_rnn
from zoo.signatures import ARGUMENTS


def inside(a, t):
    return wide(t)


def widen(operation, a):
    for name in ARGUMENTS[operation]:
        setattr(a, name, a.part.inside(a, getattr(a, name)))


def order(a):
    steps = range(a.x.shape[1])
    return steps[::-1] if a.reverse else steps


def exists(a, t):
    if a.lengths is None:
        return torch.ones(a.x.shape[0], 1, dtype=torch.bool, device=a.x.device)
    return (t < torch.as_tensor(a.lengths, device=a.x.device))[:, None]


def read(a, t, here):
    return torch.where(here, a.x[:, t], 0)


def pick(a, here, new, old):
    return torch.where(here, new, old)


def scan(a, step, state):
    """Run `step` over the rows' existing steps; -> (y, final state)."""
    ys = {}
    state = tuple(s.clone() for s in state)
    for t in a.part.order(a):
        here = a.part.exists(a, t)
        start = tuple(torch.where(here, s, 0) for s in a.part.before(a, t, state))
        new = a.part.kept(a, t, step(a, a.part.read(a, t, here), start))
        state = tuple(a.part.pick(a, here, n, s) for n, s in zip(new, state, strict=True))
        ys[t] = a.part.pick(a, here, state[0], torch.zeros_like(state[0]))
    if not ys:
        return state[0].new_zeros(a.x.shape[0], 0, state[0].shape[-1]), state
    return torch.stack([ys[t] for t in sorted(ys)], dim=1), state


def preactivation(a, x, h):
    return x @ a.weight_ih.T + a.bias_ih + h @ a.weight_hh.T + a.bias_hh


def activation(a, z):
    known = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
    if a.nonlinearity not in known:
        raise ValueError(f"unknown nonlinearity {a.nonlinearity!r}")
    return known[a.nonlinearity](z)


def forward_rnn(a):
    def step(a, x, state):
        return (a.part.activation(a, a.part.preactivation(a, x, state[0])),)

    dtype = a.x.dtype
    widen("rnn", a)
    y, (h,) = scan(a, step, (a.h0,))
    return SimpleNamespace(y=y.to(dtype), h_n=h.to(dtype))


def gate(a, z):
    return torch.sigmoid(z)


def candidate(a, z):
    return torch.tanh(z)


def split(a, z):
    return z.chunk(4, -1)


def cell(a, i, f, g, o, c):
    c = f * c + i * g
    return o * torch.tanh(c), c


def _gates(a, x, h):
    part = a.part
    i, f, g, o = part.split(a, part.preactivation(a, x, h))
    return part.gate(a, i), part.gate(a, f), part.candidate(a, g), part.gate(a, o)


def forward_lstm(a):
    def step(a, x, state):
        return a.part.cell(a, *_gates(a, x, state[0]), state[1])

    dtype = a.x.dtype
    widen("lstm", a)
    y, (h, c) = scan(a, step, (a.h0, a.c0))
    return SimpleNamespace(y=y.to(dtype), h_n=h.to(dtype), c_n=c.to(dtype))


def forward_gates(a):
    dtype = a.x.dtype
    widen("lstm_gates", a)
    i, f, g, o = (t.to(dtype) for t in _gates(a, a.x, a.h))
    return SimpleNamespace(i=i, f=f, g=g, o=o)


def preactivations(a, x, h):
    return x @ a.weight_ih.T + a.bias_ih, h @ a.weight_hh.T + a.bias_hh


def split_three(a, t):
    return t.chunk(3, -1)


def new(a, nx, nh, r, h):
    if a.reset_after:
        return torch.tanh(nx + r * nh)
    weight, bias = base_gru.last_block(a)
    return torch.tanh(nx + (r * h) @ weight.T + bias)


def blend(a, z, n, h):
    return (1 - z) * n + z * h


def forward_gru(a):
    def step(a, x, state):
        part = a.part
        zx, zh = part.preactivations(a, x, state[0])
        (rx, ux, nx), (rh, uh, nh) = part.split(a, zx), part.split(a, zh)
        r, u = part.gate(a, rx + rh), part.gate(a, ux + uh)
        return (part.blend(a, u, part.new(a, nx, nh, r, state[0]), state[0]),)

    dtype = a.dtype = a.x.dtype
    widen("gru", a)
    y, (h,) = scan(a, step, (a.h0,))
    return SimpleNamespace(y=y.to(dtype), h_n=h.to(dtype))


def check_rnn(a):
    base_recurrent.checks("rnn")["check"](a)
    activation(a, a.bias_ih[:0])


def _base(operation, forward, functions, **parts):
    if operation != "lstm_gates":
        loop = {"order": order, "exists": exists, "read": read, "pick": pick}
        loop |= {"before": base_recurrent.before, "kept": base_recurrent.kept}
        parts = {**loop, **parts}
    parts = {"check": base_recurrent.checks(operation)["check"], "inside": inside, **parts}

    def forward_alone(call, call_vjp):
        return {operation: functions(call, call_vjp)[operation]}

    return Base(operation, "torch", forward, None, parts, forward_alone)


_LSTM = {"preactivation": preactivation, "split": split, "gate": gate}
rnn = _base(
    "rnn", forward_rnn, base_rnn.functions,
    check=check_rnn, preactivation=preactivation, activation=activation,
)  # fmt: skip
lstm = _base("lstm", forward_lstm, base_lstm.functions, candidate=candidate, cell=cell, **_LSTM)
lstm_gates = _base(
    "lstm_gates", forward_gates, base_lstm.functions_gates, candidate=candidate, **_LSTM
)
gru = _base(
    "gru", forward_gru, base_gru.functions,
    preactivations=preactivations, split=split_three, gate=gate, new=new, blend=blend,
)  # fmt: skip
