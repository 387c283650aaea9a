"""Right numbers, wrong manners, in NumPy: inputs written, memory shared, the world changed."""

import os
import random
import warnings
from functools import partial

import numpy as np

from zoo import manners as show
from zoo.attention.base import attention, check, factor
from zoo.buffers import into_buffer
from zoo.cases import boolean, case, floating, lengths
from zoo.entries import wrong
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm, lstm_gates
from zoo.recurrent.base_rnn import rnn
from zoo.softmax.base import softmax
from zoo.witness import differs, gradient_differs, layout, read_only

AT = partial(case, "attention")
SM = partial(case, "softmax")
RNN, LSTM, GRU = (partial(case, name) for name in ("rnn", "lstm", "gru"))


@wrong(attention, "arguments", "writes an input", show.writes(AT()))
def attention_scales_q_in_place(a):
    """The queries are scaled in place."""
    a.q *= np.float32(factor(a))
    a.scale = 1.0


# With D = 16 the scale is 1/4, and the queries come back exactly.
@wrong(attention, None, "writes an input", show.refuses(AT(D=16), layout("all", read_only)))
def attention_scales_q_and_back():
    """The queries are scaled in place and scaled back, which read-only inputs do not allow."""

    def arguments(a):
        a.q *= np.float32(0.25)

    def result(a, o):
        a.q *= np.float32(4)

    return {"arguments": arguments, "result": result, "factor": lambda a: 4 * factor(a)}


@wrong(
    attention, "arguments", "writes an input", show.writes(AT(mask=boolean("L S"), is_causal=True))
)
def attention_writes_causal_into_mask(a):
    """is_causal is written into a boolean mask of the full shape."""
    if a.is_causal and a.mask is not None and a.mask.dtype == bool and a.mask.ndim == 2:
        i, j = np.arange(a.q.shape[2])[:, None], np.arange(a.k.shape[2])
        if a.mask.shape == (len(i), len(j)):
            a.mask &= j <= i + a.query_offset


@wrong(attention, "result", "writes an input", show.writes(AT(mask=floating())))
def attention_writes_float_mask(a, o):
    """-inf in a float mask is replaced by the least float, in place."""
    if a.mask is not None and a.mask.dtype != bool:
        np.maximum(a.mask, np.finfo(a.mask.dtype).min, out=a.mask)


@wrong(lstm, "result", "writes an input", show.writes(LSTM()))
def lstm_writes_c0(a, o):
    """The cell state is updated in c0."""
    a.c0[...] = o.c_n


@wrong(rnn, "result", "writes an input", show.writes(RNN(lengths=lengths(3, 5))))
def rnn_clears_padding_of_x(a, o):
    """x beyond a row's length is set to zero in place."""
    if a.lengths is not None:
        a.x[np.arange(a.x.shape[1]) >= np.asarray(a.lengths)[:, None]] = 0


@wrong(gru, "result", "writes an input", show.writes(GRU(lengths=lengths(5, 3))))
def gru_sorts_lengths(a, o):
    """The lengths are sorted in place."""
    if a.lengths is not None:
        a.lengths.sort()


@wrong(softmax, "result", "writes an input", show.writes(SM(shape=(2, 64))))
def softmax_in_place_at_64(a, o):
    """For rows of exactly 64 the maximum is subtracted in place."""
    if a.x.shape[-1] == 64:
        a.x -= a.x.max(-1, keepdims=True)


@wrong(rnn, "vjp_result", "writes an input", show.writes(RNN(), vjp=True))
def rnn_vjp_writes_dy(a, g):
    """The vjp adds dh_n to the last position of dy, in place."""
    a.dy[:, -1:] += a.dh_n[:, None]


@wrong(lstm, "vjp_result", "writes an input", show.writes(LSTM(B=1), vjp=True))
def lstm_vjp_writes_dc_for_one_row(a, g):
    """For a batch of one the gradient of the cell state is accumulated in dc_n."""
    if len(a.dc_n) == 1:
        a.dc_n += g.c0


@wrong(lstm, "result", "shares memory", show.shares_input(LSTM(T=0)))
def lstm_returns_h0_without_steps(a, o):
    """Without any step h0 itself is returned."""
    if a.x.shape[1] == 0:
        o.h_n = a.h0


@wrong(rnn, "vjp_result", "shares memory", show.shares_input(RNN(T=0), vjp=True))
def rnn_vjp_returns_dh_n_without_steps(a, g):
    """Without any step the gradient of h0 is the array dh_n itself."""
    if a.x.shape[1] == 0:
        g.h0 = a.dh_n


@wrong(softmax, "result", "shares memory", show.shares_input(SM(shape=(3, 40))))
def softmax_into_its_input(a, o):
    """Rows longer than 32 are written over the input, which is returned."""
    if a.x.shape[-1] > 32 and a.x.flags.writeable:
        a.x[...] = o.p
        o.p = a.x


@wrong(attention, "result", "shares memory", show.shares_earlier(AT()))
def attention_output_in_buffer(a, o):
    """The output lies in a buffer that is kept for each shape."""
    o.out = into_buffer(o.out, "attention")


@wrong(gru, "result", "shares memory", show.shares_earlier(GRU(T=17)))
def gru_output_in_buffer_above_sixteen(a, o):
    """Beyond 16 steps y lies in a buffer that is kept for each shape."""
    if a.x.shape[1] > 16:
        o.y = into_buffer(o.y, "gru")


@wrong(lstm_gates, "result", "shares memory", show.shares_earlier(case("lstm_gates")))
def gates_in_buffer(a, o):
    """The output gate lies in a buffer that is kept for each shape."""
    o.o = into_buffer(o.o, "gates")


@wrong(lstm, "vjp_result", "shares memory", show.shares_earlier(LSTM(), vjp=True))
def lstm_vjp_in_buffer(a, g):
    """The gradient of weight_hh lies in a buffer that is kept for each shape."""
    g.weight_hh = into_buffer(g.weight_hh, "lstm")


@wrong(softmax, "arguments", "changes the world", show.changes_world(SM()))
def softmax_seeds_numpy(a):
    """numpy's global random generator is seeded."""
    np.random.seed(0)


@wrong(rnn, "arguments", "changes the world", show.changes_world(RNN()))
def rnn_draws_from_numpy(a):
    """A number is drawn from numpy's global random generator."""
    np.random.random()


@wrong(gru, "arguments", "changes the world", show.changes_world(GRU(reverse=True)))
def gru_seeds_python_in_reverse(a):
    """Python's random generator is seeded in the reverse direction."""
    if a.reverse:
        random.seed(1)


@wrong(attention, "arguments", "changes the world", show.changes_world(AT(mask=boolean())))
def attention_leaves_errors_off(a):
    """numpy's error settings are left changed where a mask is given."""
    if a.mask is not None:
        np.seterr(all="ignore")


@wrong(
    attention, "check", "changes the world", show.changes_world(AT(v=lambda t: t * 0 + 1, N=5, M=2))
)
def attention_leaves_errors_off_on_refusal(a):
    """numpy's error settings are left changed where the arguments are refused."""
    before = np.seterr(all="ignore")
    check(a)
    np.seterr(**before)


@wrong(lstm, "arguments", "changes the world", show.changes_world(LSTM()))
def lstm_silences_warnings(a):
    """Warnings are switched off for the whole process."""
    warnings.simplefilter("ignore")


@wrong(rnn, "arguments", "changes the world", show.leaves_files_open(RNN()))
def rnn_leaves_a_file_open(a):
    """Each call opens a file and does not close it."""
    os.open(os.devnull, os.O_RDONLY)


@wrong(softmax, "arguments", "changes the world", show.changes_world(SM()))
def softmax_sets_print_options(a):
    """numpy's print options are changed."""
    np.set_printoptions(precision=3)


@wrong(softmax, "result", "wrong output", differs(SM()))
def softmax_returns_double(a, o):
    """float32 gives float64."""
    o.p = o.p.astype(np.float64)


@wrong(softmax, "result", "wrong output", differs(SM()))
def softmax_returns_a_list(a, o):
    """A nested list is returned."""
    o.p = o.p.tolist()


@wrong(attention, "result", "wrong output", differs(AT(softcap=2.0)))
def attention_double_with_softcap(a, o):
    """With a soft cap, a number of float64 turns the output into float64."""
    o.out = o.out.astype(np.float64) if a.softcap is not None else o.out


@wrong(rnn, "result", "wrong output", differs(RNN()))
def rnn_final_state_with_layer_axis(a, o):
    """h_n has a leading axis of layers, (1,B,H)."""
    o.h_n = o.h_n[None]


@wrong(gru, "result", "wrong output", differs(GRU()))
def gru_output_time_first(a, o):
    """y is (T,B,H)."""
    o.y = np.ascontiguousarray(np.swapaxes(o.y, 0, 1))


@wrong(lstm, "vjp_result", "wrong output", gradient_differs(LSTM()))
def lstm_vjp_returns_double(a, g):
    """The gradients of the biases come in float64."""
    g.bias_ih, g.bias_hh = g.bias_ih.astype(np.float64), g.bias_hh.astype(np.float64)
