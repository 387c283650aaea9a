"""Wrong beyond two thousand hidden units or features alone."""

from functools import partial

import numpy as np

from zoo.cases import case
from zoo.entries import wrong
from zoo.multi_head.base import multi_head_attention
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm
from zoo.recurrent.base_rnn import rnn
from zoo.witness import differs, gradient_differs

RNN, LSTM, GRU, HEADS = (
    partial(case, name) for name in ("rnn", "lstm", "gru", "multi_head_attention")
)
MANY, LIMIT = 2050, 2048
FEW = {"B": 1, "T": 2, "I": 1}


@wrong(rnn, "preactivation", "tile tail", differs(RNN(H=MANY, **FEW)))
def rnn_units_beyond_2048_do_not_feed_back(a, x, h):
    """Units beyond 2,048 are left out of the product with weight_hh."""
    back = h[:, :LIMIT] @ a.weight_hh.T[:LIMIT]
    return x @ a.weight_ih.T + a.bias_ih + back + a.bias_hh


@wrong(gru, "result", "tile tail", differs(GRU(H=MANY, **FEW)))
def gru_final_units_beyond_2048_are_not_written(a, o):
    """The final state is zero in units beyond 2,048."""
    o.h_n = np.array(o.h_n)
    o.h_n[:, LIMIT:] = 0


@wrong(lstm, "vjp_result", "gradient", gradient_differs(LSTM(H=MANY, **FEW)))
def lstm_weight_gradient_of_2048_columns(a, g):
    """The gradient of weight_hh is zero in columns beyond 2,048."""
    g.weight_hh = np.array(g.weight_hh)
    g.weight_hh[:, LIMIT:] = 0


@wrong(multi_head_attention, "arguments", "tile tail", differs(HEADS(E=MANY, N=5)))
def heads_features_beyond_2048_have_no_bias(a):
    """The projections' biases are read up to feature 2,048."""
    e = a.in_proj_bias.shape[0] // 3
    a.in_proj_bias = np.where(np.arange(3 * e) % max(e, 1) < LIMIT, a.in_proj_bias, 0)
