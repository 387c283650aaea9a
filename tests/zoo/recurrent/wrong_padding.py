"""Wrong recurrences in NumPy: what lies behind a row's length, and long rows."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, lengths, put
from zoo.entries import wrong
from zoo.recurrent import base as loop
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm
from zoo.recurrent.base_rnn import rnn
from zoo.roundings import bfloat16
from zoo.witness import differs, gradient_differs

LENGTHS = lengths(3, 5)
NAN, LARGE = put(np.s_[0, 3:], np.nan), put(np.s_[0, 3:], 1e6)
RNN, LSTM, GRU = (partial(case, name, lengths=LENGTHS) for name in ("rnn", "lstm", "gru"))


def _raw(a, t, here):
    return a.x[:, t]


def _blend(a, here, new, old):
    here = here.astype(new.dtype)
    return here * new + (1 - here) * old


@wrong(rnn, None, "leak", differs(RNN(x=NAN)), diagnosis="0 * NaN")
def rnn_padding_times_zero():
    """Steps behind a row's length are computed and multiplied with 0, so a NaN there stays."""
    return {"read": _raw, "pick": _blend}


@wrong(lstm, None, "leak", differs(LSTM(x=NAN)), diagnosis="0 * NaN")
def lstm_padding_times_zero():
    """Steps behind a row's length are computed and multiplied with 0, so a NaN there stays."""
    return {"read": _raw, "pick": _blend}


@wrong(gru, None, "leak", differs(GRU(x=put(np.s_[0, 3:], np.inf), reverse=True)))
def gru_padding_times_zero_in_reverse():
    """In the reverse direction the padding is multiplied with 0, so an infinity there stays."""
    return {
        "read": lambda a, t, here: a.x[:, t] if a.reverse else loop.read(a, t, here),
        "pick": lambda a, *given: _blend(a, *given) if a.reverse else loop.pick(a, *given),
    }


@wrong(rnn, "read", "leak", gradient_differs(RNN(x=NAN)), diagnosis="0 * NaN in the gradient")
def rnn_padding_reaches_the_gradient(a, t, here):
    """The input behind a row's length is multiplied with a gradient of 0, so a NaN there stays."""
    return a.x[:, t]


@wrong(lstm, "read", "leak", gradient_differs(LSTM(x=NAN, reverse=True)))
def lstm_padding_reaches_the_gradient(a, t, here):
    """The input behind a row's length is multiplied with a gradient of 0, so a NaN there stays."""
    return a.x[:, t]


@wrong(gru, "vjp_arguments", "leak", gradient_differs(GRU()))
def gru_cotangent_of_padding_counts(a):
    """The cotangent of y behind a row's length, where y is zero, is added at its last step."""
    if a.lengths is not None:
        a.dy = a.dy.copy()
        for dy, n in zip(a.dy, np.asarray(a.lengths), strict=True):
            if 0 < n < len(dy):
                dy[n - 1] += dy[n:].sum(0)


@wrong(lstm, "result", "lengths", differs(LSTM(x=LARGE)))
def lstm_padding_seen_by_final_cell(a, o):
    """c_n of a shorter row gets a thousandth of the input behind its end."""
    if a.lengths is not None:
        behind = np.arange(a.x.shape[1]) >= np.asarray(a.lengths)[:, None]
        o.c_n = o.c_n + np.float32(1e-3) * np.where(behind[..., None], a.x, 0).sum((1, 2))[:, None]


@wrong(
    rnn,
    "exists",
    "lengths",
    differs(RNN(lengths=lengths(0, 5))),
    diagnosis="a length of 0 taken for none given",
)
def rnn_empty_row_reads_everything(a, t):
    """A length of 0 is taken for none given."""
    if a.lengths is None:
        return loop.exists(a, t)
    n = np.asarray(a.lengths)
    return (t < np.where(n == 0, a.x.shape[1], n))[:, None]


@wrong(gru, "exists", "lengths", differs(GRU(lengths=lengths(5, 3))), diagnosis="lengths sorted")
def gru_lengths_of_sorted_rows(a, t):
    """The lengths are sorted in descending order, as packing wants, the rows are not."""
    if a.lengths is None:
        return loop.exists(a, t)
    return (t < np.sort(a.lengths))[:, None]


@wrong(lstm, "exists", "lengths", differs(LSTM(B=3, lengths=lengths(5, 5, 2))))
def lstm_lengths_ignored_if_first_row_is_full(a, t):
    """Where the first row has full length, all are taken to have it."""
    full = a.lengths is not None and len(a.lengths) and a.lengths[0] == a.x.shape[1]
    return np.ones((len(a.x), 1), bool) if full else loop.exists(a, t)


@wrong(rnn, "exists", "lengths", differs(RNN(T=20, lengths=lengths(17, 20))))
def rnn_lengths_rounded_to_eights(a, t):
    """Lengths above 8 are rounded up to a multiple of eight."""
    if a.lengths is None:
        return loop.exists(a, t)
    n = np.asarray(a.lengths)
    return (t < np.where(n > 8, -(-n // 8) * 8, n))[:, None]


# 600 steps of a recurrence that contracts (weights of norm below 1): off by some 1e-6.
@wrong(rnn, "kept", "lower precision", differs(case("rnn", T=600), 1e-4))
def rnn_bfloat16_beyond_512_steps(a, t, state):
    """From step 512 on the state is kept in bfloat16."""
    return (bfloat16(state[0]),) if t >= 512 else state


# A forget gate of 1 and an input gate of 0 pass the cell state on untouched, exactly.
OPEN = partial(
    case, "lstm", I=1, H=1, B=1, x=fill(0), weight_hh=fill(0), bias_hh=fill(0), h0=fill(0),
    c0=fill(1.0), bias_ih=fill([-200.0, 100.0, 0.0, 0.0]),
)  # fmt: skip


@wrong(lstm, "kept", "approximation", differs(OPEN(T=1000)), diagnosis="cell state decays")
def lstm_cell_decays(a, t, state):
    """The cell state loses a hundred-thousandth at each step."""
    return state[0], state[1] * np.float32(1 - 1e-5)


@wrong(lstm, "kept", "tile tail", differs(OPEN(T=1000)))
def lstm_cell_lost_after_999_steps(a, t, state):
    """Step 999 starts the cell state anew."""
    return (state[0], 0 * state[1]) if t == 999 else state


@wrong(gru, "result", "tile tail", differs(case("gru", T=257)))
def gru_step_256_not_written(a, o):
    """With 257 steps the last one is not written."""
    if a.x.shape[1] == 257:
        o.y[:, 256] = 0


ALIKE = {"B": 2, "lengths": lengths(3, 3)}


@wrong(lstm, "exists", "lengths", differs(case("lstm", **ALIKE)))
def lstm_lengths_ignored_if_all_are_one(a, t):
    """Where all rows have one length, it is taken for that of the sequence."""
    alike = a.lengths is not None and len(a.lengths) > 1 and len(set(np.asarray(a.lengths))) == 1
    return np.ones((len(a.x), 1), bool) if alike else loop.exists(a, t)


@wrong(gru, "result", "lengths", differs(case("gru", **ALIKE)))
def gru_final_state_of_equal_lengths_is_zero(a, o):
    """Where all rows have one length below T, the final state is what stands at T - 1: zero."""
    alike = a.lengths is not None and len(a.lengths) > 1 and len(set(np.asarray(a.lengths))) == 1
    if alike and 0 < a.lengths[0] < a.x.shape[1] and not a.reverse:
        o.h_n = o.y[:, -1].copy()


@wrong(rnn, "exists", "lengths", differs(case("rnn", T=300, lengths=lengths(299, 280))))
def rnn_lengths_end_at_256(a, t):
    """A length above 256 is that of the sequence."""
    if a.lengths is None:
        return loop.exists(a, t)
    n = np.asarray(a.lengths)
    return (t < np.where(n > 256, a.x.shape[1], n))[:, None]
