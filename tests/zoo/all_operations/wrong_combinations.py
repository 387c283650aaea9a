"""Wrong in NumPy only where several things come together, at large sizes, or at extreme values."""

from functools import partial

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import boolean, case, floating, lengths, times
from zoo.entries import wrong
from zoo.recurrent import base_rnn
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm
from zoo.recurrent.base_rnn import rnn
from zoo.softmax.base import softmax
from zoo.witness import behind_others, differs, gradient_differs, layout

AT = partial(case, "attention")
SM = partial(case, "softmax")
RNN, LSTM, GRU = (partial(case, name) for name in ("rnn", "lstm", "gru"))
ignored = partial(wrong, attention, "arguments", "option ignored")


@ignored(differs(AT(is_causal=True, window=(3, None), mask=boolean("L S"))))
def window_ignored_with_causal_and_mask(a):
    """The window is ignored where both is_causal and a mask are given."""
    a.window = None if a.is_causal and a.mask is not None else a.window


@ignored(differs(AT(is_causal=True, query_offset=2, window=(2, None), S=9)))
def query_offset_ignored_with_causal_window(a):
    """query_offset is ignored where is_causal and a window are given together."""
    a.query_offset = 0 if a.is_causal and a.window is not None else a.query_offset


@ignored(differs(AT(softcap=0.7, mask=floating(), is_causal=True)))
def softcap_ignored_with_causal_and_float_mask(a):
    """The soft cap is ignored where is_causal and a float mask are given together."""
    if a.is_causal and a.mask is not None and a.mask.dtype != bool:
        a.softcap = None


@ignored(differs(AT(scale=0.9, N=6, M=2, is_causal=True)))
def scale_ignored_with_causal_and_groups(a):
    """The scale is 1/sqrt(D) where heads are grouped under is_causal."""
    a.scale = None if a.is_causal and a.q.shape[1] != a.k.shape[1] else a.scale


@ignored(differs(AT(is_causal=True, N=4, M=1)))
def causal_ignored_with_one_key_head(a):
    """is_causal is ignored where all query heads share one key head."""
    a.is_causal = a.is_causal and (a.k.shape[1] > 1 or a.q.shape[1] == 1)


@ignored(differs(AT(mask=boolean("N 1 S"), L=33)))
def mask_of_keys_ignored_above_32_queries(a):
    """A mask with one row for all queries is ignored for more than 32 queries."""
    if a.mask is not None and a.mask.ndim >= 2 and a.mask.shape[-2] == 1 and a.q.shape[2] > 32:
        a.mask = None


@wrong(attention, "masked", "tile tail", differs(AT(S=257, L=2), 1e-4))
def key_256_dropped_at_257(a, s, allowed):
    """With 257 keys the last one is dropped."""
    return base.masked(a, s, allowed & ((np.arange(s.shape[-1]) != 256) | (s.shape[-1] != 257)))


@wrong(attention, "masked", "tile tail", differs(AT(S=127, L=2), 1e-4))
def last_key_twice_at_127(a, s, allowed):
    """With 127 keys the last one is counted as often as fills the tile: twice."""
    s = base.masked(a, s, allowed)
    if s.shape[-1] == 127:
        s[..., -1] += np.float32(np.log(2))
    return s


@wrong(attention, "result", "tile tail", differs(AT(L=128, S=5, is_causal=True)))
def query_127_wrong_at_128_when_causal(a, o):
    """With 128 queries and is_causal the last one gets the first one's output."""
    if a.is_causal and a.q.shape[2] == 128:
        o.out[:, :, 127] = o.out[:, :, 0]


@wrong(attention, "scores", "tile tail", differs(AT(D=64)))
def feature_63_dropped_at_64(a, q, k):
    """With 64 features the last one is left out of the scores."""
    return base.scores(a, q[..., :63], k[..., :63]) if q.shape[-1] == 64 else base.scores(a, q, k)


@wrong(attention, "cap", "overflow", differs(AT(softcap=0.05, q=times(9))))
def softcap_overflows(a, s):
    """The tanh of the soft cap is (e^2t - 1) / (e^2t + 1), NaN where t is beyond 44."""
    if a.softcap is None:
        return s
    e = np.exp(2 * s / a.softcap)
    return a.softcap * (e - 1) / (e + 1)


@wrong(rnn, "activation", "overflow", differs(RNN(x=times(100))))
def rnn_tanh_overflows(a, z):
    """tanh is (e^2z - 1) / (e^2z + 1), NaN where z is beyond 44."""
    if a.nonlinearity != "tanh":
        return base_rnn.activation(a, z)
    return (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1)


# The pre-activation is the bias, about 1e-4: 4 ulp of its tanh are 5e-7 of it, 2^-24 is 6e-4 of it.
@wrong(
    rnn, "activation", "overflow",
    differs(
        RNN(h0=times(0), x=times(0), bias_ih=times(1e-4), bias_hh=times(0), T=1),
        1e-4, relative=True,
    ),
)  # fmt: skip
def rnn_tanh_cancels(a, z):
    """tanh is 1 - 2 / (e^2z + 1), which cancels near 0."""
    if a.nonlinearity != "tanh":
        return base_rnn.activation(a, z)
    return 1 - 2 / (np.exp(2 * z) + 1)


@wrong(attention, "dsoftmax", "overflow", gradient_differs(AT(q=times(60))))
def vjp_without_maximum(a, p, dp):
    """The vjp recomputes the exponentials without the maximum: NaN beyond 88.7."""
    s = base.scores(a, a.q, base.heads(a, a.k))
    e = np.where(p > 0, np.exp(s), 0)
    total = e.sum(-1, keepdims=True)
    p = e / np.where(total == 0, 1, total)
    return base.dsoftmax(a, p, dp)


@wrong(lstm, "arguments", "option ignored", differs(LSTM(lengths=lengths(3, 5), reverse=True, B=2)))
def lstm_initial_states_ignored_in_reverse_with_lengths(a):
    """Both initial states are taken for zero in the reverse direction with lengths."""
    if a.reverse and a.lengths is not None:
        a.h0, a.c0 = np.zeros_like(a.h0), np.zeros_like(a.c0)


@wrong(gru, "arguments", "option ignored", differs(GRU(reverse=True, reset_after=False)))
def gru_reverse_ignored_with_reset_before(a):
    """The reverse direction is ignored with the reset gate before the product."""
    a.reverse = a.reverse and a.reset_after


@wrong(rnn, "arguments", "option ignored", differs(RNN(reverse=True, nonlinearity="relu", T=9)))
def rnn_reverse_ignored_with_relu(a):
    """The reverse direction is ignored with relu."""
    a.reverse = a.reverse and a.nonlinearity != "relu"


@wrong(lstm, "result", "one size only", differs(LSTM(B=1, T=1)))
def lstm_single_step_of_single_row(a, o):
    """One step of one row returns the initial cell state as c_n."""
    if a.x.shape[:2] == (1, 1):
        o.c_n = a.c0.copy()


@wrong(softmax, "arguments", "memory layout", differs(SM(), layout=layout("x", behind_others)))
def softmax_reads_from_the_start_of_the_buffer(a):
    """A slice that starts within a larger array is read from the start of that array."""
    whole = a.x.base
    if isinstance(whole, np.ndarray) and whole.ndim == a.x.ndim and a.x.strides == whole.strides:
        a.x = whole[tuple(slice(0, n) for n in a.x.shape)]


@wrong(lstm, "arguments", "memory layout", differs(LSTM(), layout=layout("h0", behind_others)))
def lstm_reads_h0_from_the_start_of_the_buffer(a):
    """An h0 that starts within a larger array is read from the start of that array."""
    whole = a.h0.base
    if isinstance(whole, np.ndarray) and whole.ndim == 2 and a.h0.strides == whole.strides:
        a.h0 = whole[: a.h0.shape[0], : a.h0.shape[1]]
