"""Wrong LSTMs in NumPy: approximations, precision, tiles."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.recurrent import base_lstm as base
from zoo.recurrent.base import sigmoid
from zoo.recurrent.base_lstm import lstm
from zoo.roundings import bfloat16, float16, tf32
from zoo.witness import differs

given = partial(case, "lstm")
result = partial(wrong, lstm, "result")
linear = partial(wrong, lstm, "preactivation")
gate = partial(wrong, lstm, "gate")
candidate = partial(wrong, lstm, "candidate")
cell = partial(wrong, lstm, "cell", "gate formula")
kept = partial(wrong, lstm, "kept")
ANY = differs(given())


@candidate("gate formula", ANY, diagnosis="sigmoid for the candidate")
def lstm_candidate_by_sigmoid(a, z):
    """The candidate goes through a sigmoid."""
    return sigmoid(z)


@candidate("approximation", ANY, diagnosis="hard tanh")
def lstm_candidate_by_hard_tanh(a, z):
    """The candidate's tanh is the hard one."""
    return np.clip(z, -1, 1)


@gate("approximation", ANY, diagnosis="hard sigmoid")
def lstm_hard_sigmoid(a, z):
    """The gates are hard sigmoids, z / 6 + 1/2."""
    return np.clip(z / 6 + 0.5, 0, 1)


@gate("approximation", differs(given(H=1, I=1, T=1), 2e-5))
def lstm_sigmoid_by_table(a, z):
    """The gates are read from a table with steps of 1/512, off by up to 2e-4."""
    return sigmoid(np.round(z * 512) / 512)


# A saturated forget gate and an input gate near 0 pass the cell state on untouched.
OPEN = partial(
    given, I=1, H=1, B=1, T=40, x=fill(0), weight_hh=fill(0), bias_hh=fill(0), h0=fill(0)
)
NEARLY_OPEN = OPEN(c0=fill(1.0), bias_ih=fill([-30.0, 8.0, 0.5, 0.0]))


@gate("approximation", differs(NEARLY_OPEN), diagnosis="sigmoid saturates early")
def lstm_sigmoid_saturates_at_seven(a, z):
    """A gate beyond 7 is fully open, off by 1e-3."""
    return np.where(z > 7, 1, sigmoid(z))


@gate("overflow", differs(given(x=times(300))), diagnosis="sigmoid that overflows")
def lstm_sigmoid_overflows(a, z):
    """The gates are exp(z) / (1 + exp(z)), NaN beyond 88."""
    return np.exp(z) / (1 + np.exp(z))


@kept("lower precision", differs(given(T=20), 1e-4), diagnosis="bfloat16 cell state")
def lstm_cell_in_bfloat16(a, t, state):
    """The cell state is kept in bfloat16."""
    return state[0], bfloat16(state[1])


@kept("lower precision", differs(given(T=8), 2e-5), diagnosis="float16 hidden state")
def lstm_state_in_half(a, t, state):
    """The hidden state is kept in float16."""
    return float16(state[0]), state[1]


@kept("lower precision", differs(OPEN(c0=fill(1.3), bias_ih=fill([-30.0, 30.0, 0.0, 0.0])), 2e-5))
def lstm_cell_drifts_once(a, t, state):
    """At step 20 the cell state is off by 1e-4."""
    return state[0], state[1] + np.float32(1e-4) * (t == 20)


@linear("lower precision", differs(given(), 1e-5), diagnosis="TF32 operands")
def lstm_tf32_operands(a, x, h):
    """The operands of the products are rounded to TF32, which is not declared."""
    return tf32(x) @ tf32(a.weight_ih).T + a.bias_ih + tf32(h) @ tf32(a.weight_hh).T + a.bias_hh


@linear("lower precision", differs(given(), 1e-4), diagnosis="bfloat16 weights")
def lstm_bfloat16_weights(a, x, h):
    """The weights are rounded to bfloat16."""
    return x @ bfloat16(a.weight_ih).T + a.bias_ih + h @ bfloat16(a.weight_hh).T + a.bias_hh


@kept("tile tail", differs(given(T=33)))
def lstm_cell_lost_at_32(a, t, state):
    """The cell state is lost after 32 steps, at the border of a chunk."""
    return (state[0], np.zeros_like(state[1])) if t == 31 else state


@result("tile tail", differs(given(T=17)))
def lstm_last_step_missing_at_17(a, o):
    """With 17 steps y at the last one repeats the one before."""
    if o.y.shape[1] == 17:
        o.y[:, 16] = o.y[:, 15]


@linear("tile tail", differs(given(H=5)))
def lstm_output_gate_tail(a, x, h):
    """The last pre-activation stays zero where 4H is not a multiple of eight."""
    z = base.preactivation(a, x, h)
    if z.shape[1] % 8:
        z[:, -1] = 0
    return z
