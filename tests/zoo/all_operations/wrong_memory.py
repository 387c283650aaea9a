"""Right numbers, wrong manners, in NumPy: calls that remember, noise, neighbours, threads."""

import time
from functools import partial

import numpy as np

from zoo import manners as show
from zoo.attention.base import allowed, attention, heads, scores
from zoo.buffers import into_buffer
from zoo.cases import case, put
from zoo.entries import wrong
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm
from zoo.recurrent.base_rnn import rnn
from zoo.softmax.base import softmax

AT = partial(case, "attention")
SM = partial(case, "softmax")
RNN, LSTM, GRU = (partial(case, name) for name in ("rnn", "lstm", "gru"))

_MEMORY: dict = {}


def _remember(key, value):
    return _MEMORY.setdefault(key, value)


@wrong(lstm, None, "remembers calls", show.differs_after(LSTM(), LSTM(seed=1)))
def lstm_goes_on_from_last_call():
    """A call starts from the final state of the call before, if its shape is the same."""

    def arguments(a):
        a.h0, a.c0 = _MEMORY.get(("lstm", a.h0.shape), (a.h0, a.c0))

    def result(a, o):
        _MEMORY["lstm", a.h0.shape] = (o.h_n.copy(), o.c_n.copy())

    return {"arguments": arguments, "result": result}


@wrong(rnn, "arguments", "remembers calls", show.differs_after(RNN(), RNN(seed=1)))
def rnn_keeps_first_weights(a):
    """The weights of the first call of a shape are kept, as if they never changed."""
    a.weight_hh = _remember(("rnn", a.weight_hh.shape), a.weight_hh.copy())


@wrong(
    attention, "allowed", "remembers calls",
    show.differs_after(AT(is_causal=True), AT(is_causal=True, query_offset=2)),
)  # fmt: skip
def attention_keeps_causal_mask_by_shape(a):
    """The mask is kept for each shape and set of flags, with the query_offset of the first call."""
    if not a.is_causal or a.mask is not None or a.window is not None:
        return allowed(a)
    return _remember(("causal", a.q.shape[:3], a.k.shape[2]), allowed(a))


@wrong(
    gru,
    "vjp_result",
    "remembers calls",
    show.unsteady(GRU(), vjp=True),
    diagnosis="gradients accumulate",
)
def gru_vjp_accumulates(a, g):
    """The gradient of weight_ih is added to that of the calls before."""
    total = _remember(("gru", a.weight_ih.shape), np.zeros_like(a.weight_ih))
    total += g.weight_ih
    g.weight_ih = total.copy()


_CALLS = {"sum": 0, "third": 0}


@wrong(softmax, "total", "remembers calls", show.unsteady(SM(shape=(4, 50)), calls=6))
def softmax_sums_backwards_every_second_call(a, e):
    """Each second call sums in the opposite order, so the last bits alternate."""
    _CALLS["sum"] += 1
    e = e[..., ::-1] if _CALLS["sum"] % 2 else e
    return np.cumsum(e, axis=-1)[..., -1:]


@wrong(gru, "result", "remembers calls", show.unsteady(GRU(), calls=6))
def gru_every_third_call_off(a, o):
    """Each third call is off by one unit in the last place."""
    _CALLS["third"] += 1
    if _CALLS["third"] % 3 == 0:
        o.y = np.where(o.y == 0, o.y, np.nextafter(o.y, np.float32(2)))


_NOISE = np.random.default_rng()


@wrong(attention, "result", "not deterministic", show.unsteady(AT()))
def attention_noise(a, o):
    """A noise of 1e-7 relative is put on the output."""
    o.out = o.out * (1 + 3e-7 * _NOISE.standard_normal(o.out.shape)).astype(o.out.dtype)


@wrong(lstm, "result", "not deterministic", show.unsteady(LSTM(T=30), calls=40))
def lstm_depends_on_the_clock(a, o):
    """Now and then, by the clock, the final cell state is one unit in the last place off."""
    if time.perf_counter_ns() // 1000 % 4 == 0:
        o.c_n = np.nextafter(o.c_n, np.float32(9))


@wrong(
    attention, "softmax", "depends on neighbours",
    show.depends_on_neighbours(AT(S=40), AT(S=40, q=lambda t: np.concatenate([t[:1], 2 * t[1:]]))),
)  # fmt: skip
def attention_maximum_over_batch(a, s):
    """The maximum over the whole batch is subtracted where it is within 20 of a row's own."""
    m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
    near = (m > m.max(initial=-np.inf) - 20) & np.isfinite(m)
    e = np.exp(s - np.where(near, m.max(initial=-np.inf), np.where(np.isfinite(m), m, 0)))
    total = e.sum(-1, keepdims=True)
    return np.where(np.isnan(m), np.nan, e / np.where(total == 0, 1, total))


@wrong(
    attention, "scores", "depends on neighbours",
    show.depends_on_neighbours(AT(D=40), AT(D=40, v=put(np.s_[1, 0, 0], np.nan))),
)  # fmt: skip
def attention_slow_path_for_nan(a, q, k):
    """A NaN anywhere in the values sends the whole batch down a path that sums otherwise."""
    if np.isfinite(a.v).all():
        return scores(a, q, k)
    return scores(a, q[..., ::2], k[..., ::2]) + scores(a, q[..., 1::2], k[..., 1::2])


@wrong(
    lstm, "arguments", "depends on neighbours",
    show.depends_on_neighbours(LSTM(), LSTM(x=put(np.s_[1], 8.0))),
)  # fmt: skip
def lstm_inputs_on_a_common_grid(a):
    """The inputs are rounded to a grid set by the largest of the batch, with 24 bits."""
    if a.x.size and np.isfinite(a.x).all() and (top := np.abs(a.x).max()) > 0:
        grid = np.ldexp(np.float32(1), int(np.frexp(top)[1]) - 24)
        a.x = (np.round(a.x / grid) * grid).astype(a.x.dtype)


# Two threads with arguments of one shape; the scratch array lives as long as a call.
@wrong(
    lstm, "arguments", "not thread safe",
    show.disturbed_by_threads([LSTM(T=60, seed=0), LSTM(T=60, seed=1)]),
)  # fmt: skip
def lstm_input_in_shared_scratch(a):
    """The input is copied to a scratch array that all threads share."""
    a.x = into_buffer(a.x, "threads")


@wrong(
    attention, "heads", "not thread safe",
    show.disturbed_by_threads([AT(L=64, S=64, seed=0), AT(L=64, S=64, seed=1)]),
)  # fmt: skip
def attention_heads_in_shared_scratch(a, t):
    """The repeated heads are put into scratch arrays that all threads share."""
    return into_buffer(heads(a, t), "keys" if t is a.k else "values")


@wrong(
    rnn, "arguments", "not thread safe", show.disturbed_by_threads([RNN(T=60), RNN(T=60, seed=1)])
)
def rnn_weights_in_shared_scratch(a):
    """weight_hh is copied to a scratch array that all threads share."""
    a.weight_hh = into_buffer(a.weight_hh, "rnn threads")
