"""Activations that are clipped, or exact in a part of their range alone."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.recurrent.base import sigmoid
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm, lstm_gates
from zoo.recurrent.base_rnn import rnn
from zoo.witness import differs, gradient_differs

GATES, LSTM, GRU, RNN = (partial(case, name) for name in ("lstm_gates", "lstm", "gru", "rnn"))


def clipped(z, most):
    return sigmoid(np.clip(z, -most, most))


def far(value):
    """Gates whose pre-activations are near a value."""
    return GATES(bias_ih=fill(value), x=times(0.1), h=times(0.1))


@wrong(lstm_gates, "gate", "clipped", differs(far(-9.0), 1e-3, relative=True))
def gates_of_a_hard_sigmoid_beyond_8(a, z):
    """Beyond 8 the sigmoid is 0 or 1."""
    return np.where(z < -8, 0, np.where(z > 8, 1, sigmoid(z))).astype(z.dtype)


@wrong(lstm_gates, "gate", "clipped", differs(far(-12.0), 1e-3, relative=True))
def gates_clipped_at_10(a, z):
    """The sigmoid's argument is clipped at -10 and 10."""
    return clipped(z, 10)


@wrong(lstm_gates, "gate", "clipped", differs(far(-23.0), 1e-3, relative=True))
def gates_clipped_at_20(a, z):
    """The sigmoid's argument is clipped at -20 and 20."""
    return clipped(z, 20)


@wrong(lstm_gates, "gate", "clipped", differs(far(-34.0), 1e-3, relative=True))
def gates_clipped_at_30(a, z):
    """The sigmoid's argument is clipped at -30 and 30."""
    return clipped(z, 30)


@wrong(
    lstm, "gate", "clipped",
    differs(LSTM(T=1, bias_ih=fill(-30.0), c0=fill(1e6)), 1e-3, relative=True),
)  # fmt: skip
def lstm_gates_clipped_at_20(a, z):
    """The sigmoid's argument is clipped at -20 and 20."""
    return clipped(z, 20)


@wrong(
    gru, "gate", "clipped",
    differs(GRU(T=1, bias_ih=fill(-23.0), h0=fill(1e7), weight_hh=fill(0)), 1e-3, relative=True),
)  # fmt: skip
def gru_gates_clipped_at_20(a, z):
    """The sigmoid's argument is clipped at -20 and 20."""
    return clipped(z, 20)


@wrong(
    rnn, "activation", "clipped",
    differs(RNN(T=1, bias_ih=fill(-12.0), nonlinearity="sigmoid"), 1e-3, relative=True),
)  # fmt: skip
def rnn_sigmoid_clipped_at_10(a, z):
    """The sigmoid's argument is clipped at -10 and 10."""
    known = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "sigmoid": sigmoid}
    return clipped(z, 10) if a.nonlinearity == "sigmoid" else known[a.nonlinearity](z)


@wrong(lstm, "read", "clipped", differs(LSTM(x=fill(30.0), weight_ih=times(0.01))))
def lstm_inputs_clipped_at_20(a, t, here):
    """Inputs are clipped at -20 and 20."""
    return np.where(here, np.clip(a.x[:, t], -20, 20), 0)


@wrong(gru, "vjp_result", "clipped", gradient_differs(GRU(x=fill(9.0), weight_ih=times(0.01))))
def gru_gradient_of_inputs_beyond_8(a, g):
    """Inputs beyond 8 have no gradient."""
    g.x = np.where(np.abs(a.x) > 8, 0, g.x)


@wrong(lstm, "vjp_result", "clipped", gradient_differs(LSTM(c0=fill(6.0))))
def lstm_gradient_of_cells_beyond_5(a, g):
    """An initial cell state beyond 5 has no gradient."""
    g.c0 = np.where(np.abs(a.c0) > 5, 0, g.c0)


@wrong(rnn, "vjp_result", "clipped", gradient_differs(RNN(h0=fill(-9.0), weight_hh=times(0.01))))
def rnn_gradient_of_states_beyond_8(a, g):
    """An initial state beyond 8 has no gradient."""
    g.h0 = np.where(np.abs(a.h0) > 8, 0, g.h0)
