"""Subjects in NumPy that answer what the contract says must be refused: shape, rank, dtype, name.

Each replaces `check`, which is all that refuses; what NumPy itself then raises is a refusal too.
"""

from functools import partial

import numpy as np

from zoo.attention import base as base_attention
from zoo.cases import case, lengths
from zoo.entries import wrong
from zoo.manners import accepts
from zoo.recurrent import base_gru, base_lstm, base_rnn
from zoo.recurrent.base import checks
from zoo.softmax import base as base_softmax

AT, SM, RNN, LSTM, GRU = (
    partial(case, name) for name in ("attention", "softmax", "rnn", "lstm", "gru")
)
attention = partial(wrong, base_attention.attention, "check", "refusal")
softmax = partial(wrong, base_softmax.softmax, "check", "refusal")
rnn = partial(wrong, base_rnn.rnn, "check", "refusal")
lstm = partial(wrong, base_lstm.lstm, "check", "refusal")
gru = partial(wrong, base_gru.gru, "check", "refusal")
lstm_check, gru_check = (checks(name)["check"] for name in ("lstm", "gru"))


def array(name, change):
    """Spoil the array `name`."""
    return lambda arrays, options: arrays.update({name: change(arrays[name])})


def option(name, value):
    return lambda arrays, options: options.update({name: value})


def lenient(a, check, **changes):
    """Take some arguments for what they are not, and check the rest."""
    vars(a).update(changes)
    check(a)


@rnn(accepts(RNN(), array("h0", lambda t: t[:1])))
def rnn_h0_broadcast(a):
    """An initial state (1,H) is broadcast to the batch."""
    lenient(a, base_rnn.check, h0=np.broadcast_to(a.h0, (len(a.x), a.h0.shape[-1])))


@rnn(accepts(RNN(), array("bias_ih", lambda t: t[:1])))
def rnn_bias_broadcast(a):
    """A bias of one entry is broadcast to all units."""
    lenient(a, base_rnn.check, bias_ih=np.broadcast_to(a.bias_ih, a.bias_hh.shape))


@rnn(accepts(RNN(B=1), array("x", lambda t: t[0])))
def rnn_unbatched_input(a):
    """An input of two axes is taken for a batch of one."""
    lenient(a, base_rnn.check, x=a.x[None] if a.x.ndim == 2 else a.x)


@rnn(accepts(RNN(), option("nonlinearity", "gelu")))
def rnn_unknown_nonlinearity_is_tanh(a):
    """An unknown nonlinearity is taken for tanh."""
    known = a.nonlinearity in ("tanh", "relu", "sigmoid")
    lenient(a, base_rnn.check, nonlinearity=a.nonlinearity if known else "tanh")


@lstm(accepts(LSTM(lengths=lengths(3, 5)), option("lengths", np.array([2.5, 5.0]))))
def lstm_fractional_lengths(a):
    """Lengths that are not integers are cut."""
    lenient(a, lstm_check, lengths=None if a.lengths is None else np.asarray(a.lengths).astype(int))


@lstm(accepts(LSTM(), array("c0", lambda t: t[:, :1])))
def lstm_c0_broadcast(a):
    """A cell state (B,1) is broadcast to all units."""
    lenient(a, lstm_check, c0=np.broadcast_to(a.c0, a.h0.shape))


@lstm(accepts(LSTM(), array("weight_ih", lambda t: np.concatenate([t, t[:, :1]], axis=1))))
def lstm_weight_columns_cut(a):
    """A weight_ih with more columns than features is cut."""
    lenient(a, lstm_check, weight_ih=a.weight_ih[:, : a.x.shape[-1]])


@gru(accepts(GRU(), array("h0", lambda t: t[None])))
def gru_state_with_layer_axis(a):
    """An initial state (1,B,H) is taken for (B,H)."""
    lenient(a, gru_check, h0=a.h0[0] if a.h0.ndim == 3 else a.h0)


@gru(accepts(GRU(), array("x", lambda t: t.astype(np.int64))))
def gru_integer_input(a):
    """An input of integers is converted."""
    lenient(a, gru_check, x=a.x.astype(a.h0.dtype) if a.x.dtype.kind == "i" else a.x)


@gru(accepts(GRU(), array("weight_hh", lambda t: t.astype(np.float64))))
def gru_weights_of_other_dtype(a):
    """A weight_hh of another floating dtype is converted."""
    lenient(a, gru_check, weight_hh=a.weight_hh.astype(a.h0.dtype))


def without_a_batch(arrays, options):
    arrays.update({name: array[0] for name, array in arrays.items()})


@attention(accepts(AT(), without_a_batch))
def attention_of_one_entry(a):
    """Queries, keys and values of three axes are taken for a batch of one."""
    single = a.q.ndim == 3
    lenient(a, base_attention.check, **{n: vars(a)[n][None] for n in "qkv" if single})


@softmax(accepts(SM(), array("x", lambda t: t + np.complex64(0))))
def softmax_of_complex_numbers(a):
    """Of complex numbers the real part is taken."""
    lenient(a, base_softmax.check, x=a.x.real if a.x.dtype.kind == "c" else a.x)


@softmax(accepts(SM(), array("x", lambda t: t.astype(np.int32))))
def softmax_of_integers(a):
    """Integers are converted to float32."""
    lenient(a, base_softmax.check, x=a.x.astype(np.float32) if a.x.dtype.kind == "i" else a.x)


@attention(accepts(AT(), array("q", lambda t: t[0])))
def attention_without_batch(a):
    """Queries of three axes are taken for a batch of one, which is then broadcast."""
    q = np.broadcast_to(a.q, (len(a.k), *a.q.shape[-3:])) if a.q.ndim == 3 else a.q
    lenient(a, base_attention.check, q=q)


@attention(accepts(AT(), array("k", lambda t: t[:1])))
def attention_batch_broadcast(a):
    """Keys of one batch entry are broadcast to the batch of the queries."""
    lenient(a, base_attention.check, k=np.broadcast_to(a.k, (len(a.q), *a.k.shape[1:])))


@attention(accepts(AT(), array("v", lambda t: np.concatenate([t, t[:, :, :1]], axis=2))))
def attention_values_cut(a):
    """Values beyond the number of keys are cut off."""
    lenient(a, base_attention.check, v=a.v[:, :, : a.k.shape[2]])


def _two_heads(arrays, options):
    arrays.update(k=arrays["k"][:, :2], v=arrays["v"][:, :2])


@attention(accepts(AT(N=3, M=3), _two_heads))
def attention_key_heads_filled_up(a):
    """Where key heads do not divide the query heads, the last one is repeated."""
    n, m = a.q.shape[1], a.k.shape[1]
    heads = np.minimum(np.arange(n), m - 1) if m and n % m else np.arange(m)
    lenient(a, base_attention.check, k=a.k[:, heads], v=a.v[:, heads])


@attention(accepts(AT(), option("mask", np.ones((5, 7), np.int64))))
def attention_integer_mask(a):
    """A mask of integers is taken for a boolean one."""
    odd = a.mask is not None and a.mask.dtype.kind == "i"
    lenient(a, base_attention.check, mask=a.mask.astype(bool) if odd else a.mask)


@attention(accepts(AT(), option("mask", np.zeros((5, 7), np.float64))))
def attention_mask_of_other_dtype(a):
    """A float64 mask is added to float32 scores."""
    odd = a.mask is not None and a.mask.dtype.kind == "f"
    lenient(a, base_attention.check, mask=a.mask.astype(a.q.dtype) if odd else a.mask)


@attention(accepts(AT(S=7), option("mask", np.ones((5, 6), bool))))
def attention_short_mask_padded(a):
    """A mask with too few keys is filled up with False."""
    if a.mask is not None and a.mask.ndim and 1 < a.mask.shape[-1] < a.k.shape[2]:
        pad = [(0, 0)] * (a.mask.ndim - 1) + [(0, a.k.shape[2] - a.mask.shape[-1])]
        lenient(a, base_attention.check, mask=np.pad(a.mask, pad))
    else:
        base_attention.check(a)
