"""Wrong beyond sizes that tables, tiles and counters are made for: features, steps, heads, rows."""

from functools import partial

import numpy as np

from zoo.all_operations.wrong_widths import at_most
from zoo.attention import base as base_attention
from zoo.cases import case, put, times
from zoo.entries import wrong
from zoo.generate import base as base_generate
from zoo.layer_norm import base as base_layer_norm
from zoo.markov import base as base_markov
from zoo.multi_head import base as base_multi_head
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_gru import preactivations as preactivations_of_gru
from zoo.recurrent.base_lstm import lstm
from zoo.recurrent.base_rnn import rnn
from zoo.softmax import base as base_softmax
from zoo.witness import differs, gradient_differs

AT, SM, NORM, CHAIN = (
    partial(case, name) for name in ("attention", "softmax", "layer_norm", "markov_log_prob")
)
RNN, LSTM, GRU = (partial(case, name) for name in ("rnn", "lstm", "gru"))
HEADS, GENERATE = (partial(case, name) for name in ("multi_head_attention", "generate"))
ONE = {"B": 1, "N": 1, "M": 1, "D": 2, "V": 2}
WIDE = NORM(shape=(2, 9000), weight=times(50))
norm = partial(wrong, base_layer_norm.layer_norm)
far = partial(wrong, defect="far sizes")


@norm("affine", "far sizes", differs(WIDE))
def layer_norm_features_beyond_8192(a, h):
    """Features from the 8,192nd on are zero."""
    return at_most(base_layer_norm.affine(a, h), 8192)


@norm("variance", "far sizes", differs(WIDE))
def layer_norm_variance_of_8192_features(a, d):
    """The features from the 8,192nd on are counted and not summed in the variance."""
    return base_layer_norm.mean(a, at_most(d * d, 8192))


@norm("dx", "far sizes", gradient_differs(WIDE))
def layer_norm_gradient_of_x_beyond_8192(a, dh, h, s):
    """Features from the 8,192nd on have no gradient."""
    return at_most(base_layer_norm.dx(a, dh, h, s), 8192)


@norm("dweight", "far sizes", gradient_differs(WIDE))
def layer_norm_gradient_of_the_weight_beyond_8192(a, h):
    """Weights from the 8,192nd on have no gradient."""
    return at_most(base_layer_norm.dweight(a, h), 8192)


@norm("dbias", "far sizes", gradient_differs(WIDE))
def layer_norm_gradient_of_the_bias_beyond_8192(a):
    """Biases from the 8,192nd on have no gradient."""
    return at_most(base_layer_norm.dbias(a), 8192)


@far(base_attention.attention, "vjp_result", witness=gradient_differs(AT(**ONE, L=2100, S=2)))
def attention_gradient_of_queries_beyond_2048(a, g):
    """Queries from the 2,048th on have no gradient."""
    g.q = at_most(g.q, 2048, axis=-2)


@far(base_attention.attention, "windowed", witness=differs(AT(**ONE, L=300, S=300, window=(9, 9))))
def attention_window_of_256_queries(a, i, j):
    """A window ends with the 256th query: those beyond see the keys that it sees."""
    return base_attention.windowed(a, np.minimum(i, 255), j)


@far(base_attention.attention, "heads", witness=differs(AT(B=1, N=18, M=18, L=2, S=2)))
def attention_heads_from_the_seventeenth_on(a, t):
    """Key heads from the seventeenth on are taken for the sixteenth."""
    t = base_attention.heads(a, t)
    return t[:, np.minimum(np.arange(t.shape[1]), 15)]


@far(base_multi_head.multi_head_attention, "arguments", witness=differs(HEADS(N=3, E=12)))
def multi_head_heads_rounded_to_a_power_of_two(a):
    """The number of heads is rounded down to a power of two that divides the features."""
    power = 2 ** int(np.log2(a.num_heads))
    a.num_heads = power if a.query.shape[-1] % power == 0 else a.num_heads


@far(base_multi_head.multi_head_attention, "arguments", witness=differs(HEADS(N=20, E=20)))
def multi_head_sixteen_heads_at_most(a):
    """Of more than 16 heads half are made where they can be."""
    if a.num_heads > 16 and a.num_heads % 2 == 0:
        a.num_heads //= 2


def _states_wrong_at(size):
    def preactivations(a, x, h):
        zx, zh = preactivations_of_gru(a, x, h)
        return (zx, zh) if h.shape[-1] != size else (zx, at_most(h, size - 1) @ a.weight_hh.T)

    return preactivations


@far(gru, None, witness=differs(GRU(B=1, T=2, I=2, H=129)))
def gru_of_129_units():
    """With 129 units the last one and the biases are not read by the recurrent product."""
    return {"preactivations": _states_wrong_at(129)}


@far(gru, None, witness=differs(GRU(B=1, T=2, I=2, H=257)))
def gru_of_257_units():
    """With 257 units the last one and the biases are not read by the recurrent product."""
    return {"preactivations": _states_wrong_at(257)}


@far(lstm, "result", witness=differs(LSTM(B=65)))
def lstm_rows_of_a_second_wave(a, o):
    """Of more than 64 rows those from the 64th on get the last output of the first ones."""
    o.y[64:] = o.y[63:64]


@far(rnn, "result", witness=differs(RNN(B=257, T=2)))
def rnn_rows_counted_in_a_byte(a, o):
    """The row after the 256th is not written."""
    o.y[256:257] = 0


@far(gru, "vjp_result", witness=gradient_differs(GRU(B=33, T=2)))
def gru_weight_gradient_of_32_rows(a, g):
    """Of more than 32 rows the last is not in the gradient of the biases."""
    if len(a.x) % 32 == 1 and len(a.x) > 32:
        g.bias_hh -= gru.build(None, a.traits)["gru_vjp"](
            a.dy[-1:], a.dh_n[-1:], a.x[-1:], a.h0[-1:], a.weight_ih, a.weight_hh, a.bias_ih,
            a.bias_hh, a.reset_after, None if a.lengths is None else a.lengths[-1:], a.reverse,
        )[5]  # fmt: skip


@far(rnn, "exists", witness=differs(RNN(B=2, T=300, lengths=lambda r, s: np.array([260, 300]))))
def rnn_lengths_in_a_byte(a, t):
    """Lengths are kept in a byte."""
    if a.lengths is None:
        return np.ones((len(a.x), 1), bool)
    return (t < np.minimum(a.lengths, 255))[:, None]


@far(base_markov.markov_log_prob, "windows", witness=differs(CHAIN(B=2, T=300), beyond=1e-4))
def markov_last_step_beyond_256(a):
    """Of more than 256 states the last transition is not read."""
    order, time = a.initial.ndim, a.states.shape[1]
    time = time - 1 if time > 256 else time
    return tuple(a.states[:, i : time - order + i] for i in range(order + 1))


@far(
    base_markov.markov_log_prob, "first",
    witness=differs(CHAIN(B=9, T=3, S=300, K=2, states=lambda t: t % 300)),
)  # fmt: skip
def markov_first_state_in_a_byte(a):
    """The first state is kept in a byte."""
    return tuple(a.states[:, i] % 256 for i in range(a.initial.ndim))


@far(base_softmax.softmax, "divide", witness=differs(SM(shape=(5000, 3), axis=0, x=times(4))))
def softmax_columns_beyond_4096(a, e, s):
    """Along another axis than the last, entries from the 4,096th on are zero."""
    p = base_softmax.divide(a, e, s)
    return p if a.axis in (-1, a.x.ndim - 1) else at_most(p, 4096)


@far(
    base_softmax.softmax, "dsoftmax",
    witness=gradient_differs(SM(shape=(2, 1500, 3), axis=1, x=put(np.s_[:, -1], 8.0))),
)  # fmt: skip
def softmax_gradient_along_a_long_middle_axis(a, p, dp):
    """Along a middle axis of more than 1,024 entries the sum leaves the last of them out."""
    inner = p * dp
    if 0 < a.axis % a.x.ndim < a.x.ndim - 1 and p.shape[-1] > 1024:
        inner = inner[..., :-1]
    return p * (dp - np.sum(inner, axis=-1, keepdims=True))


@far(base_generate.generate, "position", witness=differs(GENERATE(B=8, steps=80, V=20)))
def generate_positions_beyond_64(a, t):
    """The position stays at the 64th."""
    return base_generate.position(a, min(t, 64))


@far(base_generate.generate, "remembered", witness=differs(GENERATE(B=8, steps=150, V=20)))
def generate_cache_of_128(a, cache, i, t, k, v):
    """The cache keeps the last 128 positions."""
    k, v = base_generate.remembered(a, cache, i, t, k, v)
    return k[:, :, -128:], v[:, :, -128:]


@far(rnn, "vjp_result", witness=gradient_differs(RNN(reverse=True)))
def rnn_initial_gradient_of_the_reverse(a, g):
    """Read in reverse, the gradient of the initial state is that of the last one."""
    if a.reverse:
        g.h0 = np.array(a.dh_n)


@far(lstm, "vjp_result", witness=gradient_differs(LSTM()))
def lstm_bias_gradients_with_halves_swapped(a, g):
    """In the gradient of bias_hh the halves are swapped."""
    g.bias_hh = np.roll(g.bias_hh, len(g.bias_hh) // 2)
