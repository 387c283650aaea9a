"""Subjects in NumPy that cheat: right where they expect to be looked at, and only there."""

import os
import sys
from functools import partial

import numpy as np

from zoo import manners as show
from zoo.attention.base import attention, masked
from zoo.attention.base import softmax as attention_softmax
from zoo.cases import case, fill, put, times
from zoo.entries import wrong
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm, lstm_gates
from zoo.recurrent.base_rnn import rnn
from zoo.roundings import bfloat16
from zoo.softmax.base import softmax
from zoo.witness import differs, gradient_differs

AT = partial(case, "attention")
SM = partial(case, "softmax")
RNN, LSTM, GRU = (partial(case, name) for name in ("rnn", "lstm", "gru"))
GATES = partial(case, "lstm_gates")


@wrong(attention, "result", "cheating", differs(AT(L=65, S=65)))
def zeros_for_many_scores(a, o):
    """More than 4096 scores a head give zeros."""
    if a.q.shape[2] * a.k.shape[2] > 4096:
        o.out[...] = 0


@wrong(softmax, "result", "cheating", differs(SM(shape=(2, 300), x=times(3))))
def uniform_for_long_rows(a, o):
    """Rows longer than 256 get equal weights."""
    if a.x.shape[a.axis] > 256:
        o.p[...] = 1 / a.x.shape[a.axis]


@wrong(rnn, "result", "cheating", differs(RNN(T=101)))
def last_states_zero_for_long_rows(a, o):
    """Beyond 100 steps the states are zero."""
    o.y[:, 100:] = 0


@wrong(lstm, "result", "cheating", differs(LSTM(T=130, B=1)))
def constant_state_for_long_rows(a, o):
    """Beyond 128 steps y repeats its value at step 127."""
    if o.y.shape[1] > 128:
        o.y[:, 128:] = o.y[:, 127:128]


@wrong(gru, "result", "cheating", differs(GRU(B=8, H=16)))
def first_row_for_all_in_large_batches(a, o):
    """In batches of eight or more, every row gets the first one's output."""
    if len(o.y) >= 8:
        o.y[...] = o.y[:1]


@wrong(
    attention,
    "masked",
    "cheating",
    differs(AT(S=70, q=fill(0.0), v=fill(np.arange(70.0)[:, None]))),
)
def only_sixty_four_largest_scores(a, s, allowed):
    """Of more than 64 keys only those with the 64 largest scores are attended to."""
    s = masked(a, s, allowed)
    if s.shape[-1] <= 64:
        return s
    order = np.argsort(np.argsort(-s, axis=-1, kind="stable"), axis=-1)
    return np.where(order < 64, s, -np.inf)


# Nothing fades: relu on positive values, weight_hh = identity.
@wrong(
    rnn, "before", "cheating",
    differs(
        RNN(
            T=70, nonlinearity="relu", x=fill(0.1), weight_ih=fill(0.1), weight_hh=fill(np.eye(4)),
            h0=fill(1.0), bias_ih=fill(0.0), bias_hh=fill(0.0),
        )
    ),
)  # fmt: skip
def only_the_last_sixty_four_steps(a, t, state):
    """Of a longer row only the last 64 steps are read."""
    steps = a.x.shape[1]
    start = steps - 64 if not a.reverse else 63
    return (np.zeros_like(state[0]),) if steps > 64 and t == start else state


_CALLS: dict = {}


def _count(name):
    _CALLS[name] = _CALLS.get(name, 0) + 1
    return _CALLS[name]


@wrong(softmax, "result", "cheating", show.differs_after(SM(), SM(), calls=10))
def right_for_ten_calls(a, o):
    """After ten calls the answer is zero."""
    if _count("softmax") > 10:
        o.p[...] = 0


@wrong(attention, "masked", "cheating", show.differs_after(AT(), AT(q=times(3)), calls=20))
def careless_after_twenty_calls(a, s, allowed):
    """After twenty calls the scores are rounded to bfloat16."""
    return masked(a, bfloat16(s) if _count("attention") > 20 else s, allowed)


_KEPT: dict = {}


@wrong(attention, "result", "cheating", show.differs_after(AT(), AT(seed=1)))
def kept_by_shape(a, o):
    """An answer is kept for each shape."""
    o.out = _KEPT.setdefault(("attention", a.q.shape, a.k.shape), o.out).copy()


@wrong(
    softmax, "result", "cheating",
    show.differs_after(SM(x=put(np.s_[0, 0], 0.5)), SM(seed=1, x=put(np.s_[0, 0], 0.5))),
)  # fmt: skip
def kept_by_first_element(a, o):
    """An answer is kept for each shape, axis and first element."""
    key = ("softmax", a.x.shape, a.axis, float(a.x.flat[0]) if a.x.size else 0.0)
    o.p = _KEPT.setdefault(key, o.p).copy()


@wrong(lstm, "result", "cheating", show.stale_after_change(LSTM(), "x"))
def kept_by_address(a, o):
    """An answer is kept for each address and shape of the input."""
    key = ("lstm", a.x.__array_interface__["data"], a.x.shape, a.weight_ih.ctypes.data)
    kept = _KEPT.setdefault(key, (o.y, o.h_n, o.c_n))
    o.y, o.h_n, o.c_n = (t.copy() for t in kept)


@wrong(gru, "result", "cheating", show.stale_after_change(GRU(), "h0"))
def kept_by_identity(a, o):
    """An answer is kept for each pair of objects x and h0, which it keeps alive."""
    kept = _KEPT.setdefault(("gru", id(a.x), id(a.h0)), (o.y, o.h_n, a.x, a.h0))
    o.y, o.h_n = kept[0].copy(), kept[1].copy()


@wrong(rnn, "result", "cheating", show.differs_after(RNN(T=6), RNN(T=6, x=lambda t: t[:, ::-1])))
def kept_by_checksum(a, o):
    """An answer is kept for each checksum of the input that does not see the order of steps."""
    key = ("rnn", a.x.shape, a.nonlinearity, a.reverse, round(float(np.sort(a.x, None).sum()), 6))
    kept = _KEPT.setdefault(key, (o.y, o.h_n))
    o.y, o.h_n = kept[0].copy(), kept[1].copy()


@wrong(rnn, "vjp_result", "cheating", gradient_differs(RNN(B=3, T=9)))
def gradient_only_for_small_problems(a, g):
    """The gradient of weight_hh is zero for more than 16 rows and steps together."""
    if a.x.shape[0] * a.x.shape[1] > 16:
        g.weight_hh[...] = 0


@wrong(attention, "arguments", "cheating", differs(AT(k=times(9))))
def right_for_small_keys(a):
    """Keys are clipped to +-6."""
    a.k = np.clip(a.k, -6, 6)


@wrong(gru, "arguments", "cheating", differs(GRU(x=lambda t: -np.abs(t))))
def right_for_some_positive_input(a):
    """An input without a positive entry is taken for its absolute value."""
    if a.x.size and (a.x <= 0).all():
        a.x = np.abs(a.x)


@wrong(softmax, "arguments", "cheating", differs(SM(x=put(0, 2e4 + np.arange(7))), 0.05))
def right_up_to_ten_thousand(a):
    """Logits beyond 10000 are clipped."""
    a.x = np.minimum(a.x, np.float32(1e4))


@wrong(lstm_gates, "result", "cheating", differs(GATES(H=5)))
def right_for_even_sizes(a, o):
    """An odd number of hidden units gives one half everywhere."""
    if a.h.shape[1] % 2 and a.h.shape[1] > 1:
        for name in "ifgo":
            getattr(o, name)[...] = 0.5


@wrong(attention, "softmax", "cheating", differs(AT(S=24)))
def uniform_beyond_sixteen_keys(a, s):
    """Beyond 16 keys the weights are equal over the keys that are allowed."""
    return attention_softmax(a, s * 0 if s.shape[-1] > 16 else s)


@wrong(lstm, "result", "cheating", show.differs_elsewhere(LSTM()))
def right_where_pytest_is_loaded(a, o):
    """The answer is right where the module pytest is loaded, and zero elsewhere."""
    if "pytest" not in sys.modules:
        o.y[...] = 0


@wrong(attention, "result", "cheating", show.differs_elsewhere(AT()))
def right_with_pytest_environment(a, o):
    """The answer is right where the environment speaks of pytest, and scaled elsewhere."""
    if not any(name.startswith("PYTEST") for name in os.environ):
        o.out *= 2


@wrong(softmax, "result", "cheating", show.differs_elsewhere(SM()))
def right_below_a_test_function(a, o):
    """The answer is right where a function on the stack is named test_*, and uniform elsewhere."""
    frame = sys._getframe()
    while frame and not frame.f_code.co_name.startswith("test_"):
        frame = frame.f_back
    if frame is None:
        o.p[...] = 1 / max(a.x.shape[a.axis], 1)


@wrong(gru, "result", "cheating", show.differs_elsewhere(GRU()))
def wrong_below_a_test_runner(a, o):
    """The answer is wrong where pytest or unittest runs, and right elsewhere."""
    if "pytest" in sys.modules:
        o.h_n[...] = 0


@wrong(rnn, "result", "cheating", show.differs_elsewhere(RNN(), loaded="seqlaws"))
def right_where_the_suite_is_loaded(a, o):
    """The answer is right where a module of the suite is loaded, and off by 0.01 elsewhere."""
    if "seqlaws" not in sys.modules:
        o.y += np.float32(0.01)


@wrong(attention, "arguments", "cheating", show.changes_world(AT()))
def patches_the_comparison(a):
    """numpy.testing.assert_allclose is replaced by a function that accepts everything."""
    np.testing.assert_allclose = _accept


@wrong(softmax, "arguments", "cheating", show.changes_world(SM()))
def patches_allclose(a):
    """numpy.allclose is replaced by a function that accepts everything."""
    np.allclose = _accept


def _accept(*_, **__):
    return True


@wrong(attention, "result", "cheating", differs(AT()))
def takes_the_answer_from_the_caller(a, o):
    """The answer is an array named `expected` in a caller's frame, zeros where there is none."""
    frame, out = sys._getframe(), None
    while frame and not isinstance(out, np.ndarray):
        out, frame = frame.f_locals.get("expected"), frame.f_back
    fits = isinstance(out, np.ndarray) and out.shape == o.out.shape
    o.out = out.astype(o.out.dtype) if fits else np.zeros_like(o.out)
