"""Wrong at an edge beyond a tile alone: masked rows, padding, memory that is not contiguous."""

from functools import partial

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import boolean, case, lengths, put
from zoo.entries import wrong
from zoo.layer_norm.base import layer_norm
from zoo.recurrent.base_lstm import lstm
from zoo.softmax.base import softmax
from zoo.witness import differs, gradient_differs, layout, transposed

ATTENTION, LSTM, NORM, SOFTMAX = (
    partial(case, name) for name in ("attention", "lstm", "layer_norm", "softmax")
)
EMPTY = boolean("B 1 L S", where=np.s_[:, :, 1])
HIDDEN = {"x": put(np.s_[1, 4:], np.nan), "lengths": lengths(140, 4)}


@wrong(attention, "result", "fully masked row", differs(ATTENTION(L=2, S=140, mask=EMPTY)))
def row_without_keys_of_more_than_128(a, o):
    """A query that may attend to none of more than 128 keys gets ones."""
    if a.k.shape[2] > 128:
        o.out[~base.allowed(a).any(-1)] = 1.0


@wrong(softmax, "result", "fully masked row", differs(SOFTMAX(shape=(2, 1030), x=put(0, -np.inf))))
def long_row_of_minus_infinity(a, o):
    """A row of more than 1,024 times -inf gives ones."""
    if a.x.shape[a.axis] > 1024:
        o.p = np.where(np.isneginf(a.x).all(a.axis, keepdims=True), 1, o.p)


@wrong(lstm, "result", "lengths", differs(LSTM(B=2, T=140, **HIDDEN)))
def nan_in_the_padding_of_more_than_100_steps(a, o):
    """NaN behind a row's length makes its final state NaN where there are more than 100 steps."""
    if a.x.shape[1] > 100:
        o.h_n = np.where(np.isnan(a.x).any((1, 2))[:, None], np.nan, o.h_n)


def in_order(array, size):
    """The array, read as if it were contiguous if an axis is longer than `size`."""
    turned = array.swapaxes(-1, -2) if array.ndim > 1 else array
    if max(array.shape) > size and not array.flags.c_contiguous and turned.flags.c_contiguous:
        return turned.reshape(array.shape)
    return array


@wrong(
    attention,
    "arguments",
    "memory layout",
    differs(ATTENTION(L=2, S=140), layout=layout("k", transposed)),
)
def more_than_128_keys_read_in_order(a):
    """Keys are read as if they were contiguous where there are more than 128."""
    a.k = in_order(a.k, 128)


@wrong(
    lstm,
    "arguments",
    "memory layout",
    differs(LSTM(T=140), layout=layout("x", transposed)),
)
def more_than_128_steps_read_in_order(a):
    """Inputs are read as if they were contiguous where there are more than 128 steps."""
    a.x = in_order(a.x, 128)


@wrong(
    layer_norm,
    "arguments",
    "memory layout",
    differs(NORM(shape=(3, 1030)), layout=layout("x", transposed)),
)
def more_than_1024_features_read_in_order(a):
    """Rows are read as if they were contiguous where there are more than 1,024 features."""
    a.x = in_order(a.x, 1024)


@wrong(
    layer_norm,
    "vjp_arguments",
    "memory layout",
    gradient_differs(NORM(shape=(3, 1030)), layout=layout("x", transposed)),
)
def gradient_reads_1024_features_in_order(a):
    """The vjp reads rows as if they were contiguous where there are more than 1,024 features."""
    a.x = in_order(a.x, 1024)
