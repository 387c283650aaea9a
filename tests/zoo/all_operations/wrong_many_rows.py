"""Wrong in rows beyond the programs of a grid, or beyond some of the second of three axes."""

from functools import partial

import numpy as np

from zoo.cases import case
from zoo.entries import wrong
from zoo.layer_norm.base import layer_norm
from zoo.markov.base import markov_log_prob
from zoo.recurrent.base_gru import gru
from zoo.softmax.base import softmax
from zoo.witness import differs, gradient_differs

NORM, GRU, ROWS, CHAIN = (
    partial(case, name) for name in ("layer_norm", "gru", "softmax", "markov_log_prob")
)
PROGRAMS, MANY = 65_535, 65_600


def of_a_grid(array):
    """The array, zero in the rows from the limit of a grid on."""
    array = np.array(array)
    array[PROGRAMS:] = 0
    return array


@wrong(softmax, "result", "many rows", differs(ROWS(shape=(MANY, 2))))
def softmax_rows_beyond_a_grid(a, o):
    """Rows beyond 65,535 are not written."""
    if a.axis in (-1, a.x.ndim - 1) and o.p.size:
        o.p = of_a_grid(o.p.reshape(-1, o.p.shape[-1])).reshape(o.p.shape)


@wrong(gru, "result", "many rows", differs(GRU(B=MANY, T=1, I=1, H=1)))
def gru_final_states_beyond_a_grid(a, o):
    """Final states of rows beyond 65,535 are not written."""
    o.h_n = of_a_grid(o.h_n)


@wrong(markov_log_prob, "result", "many rows", differs(CHAIN(B=MANY, T=2, S=2)))
def markov_chains_beyond_a_grid(a, o):
    """Chains beyond 65,535 have a logarithm of 0."""
    o.log_prob = of_a_grid(o.log_prob)


@wrong(layer_norm, "dbias", "many rows", gradient_differs(NORM(shape=(MANY, 2)), beyond=1e-3))
def layer_norm_bias_gradient_beyond_a_grid(a):
    """Positions beyond 65,535 are left out of the gradient of the bias."""
    rows = a.dy.reshape(-1, a.dy.shape[-1])
    return rows[:PROGRAMS].sum(axis=0)


@wrong(layer_norm, "dbias", "many rows", gradient_differs(NORM(shape=(5, 40, 3))))
def layer_norm_bias_gradient_of_32_positions_of_each_row(a):
    """Of three axes and more, positions beyond 32 of the second are left out of the bias' sum."""
    dy = a.dy[:, :32] if a.dy.ndim > 2 else a.dy
    return dy.reshape(-1, a.dy.shape[-1]).sum(axis=0)


@wrong(softmax, "result", "many rows", differs(ROWS(shape=(3, 130, 2))))
def softmax_of_128_rows_of_each_batch_entry(a, o):
    """Of three axes, rows beyond 128 of the second are not written."""
    if a.axis in (-1, 2) and o.p.ndim == 3:
        o.p = np.array(o.p)
        o.p[:, 128:] = 0
