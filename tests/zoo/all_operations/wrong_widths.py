"""Wrong beyond the widths of models and vocabularies, which tiles divide or do not."""

from functools import partial

import numpy as np

from zoo.attention import base as base_attention
from zoo.cases import case, fill, put, times
from zoo.decoder import base as base_decoder
from zoo.encoder import base as base_encoder
from zoo.entries import wrong
from zoo.generate import base as base_generate
from zoo.layer_norm import base as base_layer_norm
from zoo.markov import base as base_markov
from zoo.multi_head import base as base_multi_head
from zoo.positions import base as base_positions
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm, lstm_gates
from zoo.recurrent.base_rnn import rnn
from zoo.softmax import base as base_softmax
from zoo.witness import differs, gradient_differs

AT, SM, NORM, ROTARY, CHAIN = (
    partial(case, name)
    for name in ("attention", "softmax", "layer_norm", "rotary_embedding", "markov_log_prob")
)
RNN, LSTM, GATES, GRU = (partial(case, name) for name in ("rnn", "lstm", "lstm_gates", "gru"))
HEADS, ENCODER, DECODER, GENERATE = (
    partial(case, name)
    for name in ("multi_head_attention", "encoder_layer", "decoder_layer", "generate")
)
FEW = {"B": 1, "N": 1, "M": 1, "D": 2, "V": 2}


def at_most(array, count, axis=-1):
    """The array, zero along an axis beyond so many entries."""
    index = np.arange(array.shape[axis]).reshape([-1] + [1] * (-1 - axis))
    return np.where(index < count, array, 0).astype(array.dtype)


@wrong(base_softmax.softmax, "result", "wide", differs(SM(shape=(8200, 2))))
def softmax_rows_beyond_8192_zero(a, o):
    """Rows from the 8,192nd on are zero."""
    if o.p.ndim == 2 and a.axis % 2 == 1:
        o.p[8192:] = 0


@wrong(
    base_softmax.softmax, "dsoftmax", "wide",
    gradient_differs(SM(shape=(1, 5000), x=fill(0)), beyond=1e-7),
)  # fmt: skip
def softmax_gradient_of_long_rows_without_the_sum(a, p, dp):
    """The gradient of a row of more than 4,096 entries leaves the sum of its tail out."""
    inner = np.sum((p * dp)[..., :4096], axis=-1, keepdims=True)
    return p * (dp - inner)


@wrong(
    base_layer_norm.layer_norm, "variance", "wide", differs(NORM(shape=(1, 8200), weight=times(50)))
)
def layer_norm_variance_of_4096_features(a, d):
    """The features from the 4,096th on are counted and not summed in the variance."""
    return base_layer_norm.variance(a, at_most(d, 4096))


@wrong(
    base_layer_norm.layer_norm,
    "dx",
    "wide",
    gradient_differs(NORM(shape=(1, 2100), weight=times(50))),
)
def layer_norm_gradient_of_the_last_block(a, dh, h, s):
    """Beyond 2,048 features the sum of dh h has the last block of 128 alone."""
    n = dh.shape[-1]
    inner = dh * h
    if n > 2048:
        inner = np.where(np.arange(n) >= (n - 1) // 128 * 128, inner, 0)
    return (dh - base_layer_norm.mean(a, dh) - h * base_layer_norm.mean(a, inner)) / s


@wrong(
    base_layer_norm.layer_norm, "over_positions", "wide",
    gradient_differs(NORM(shape=(9000, 2)), beyond=1e-2),
)  # fmt: skip
def layer_norm_positions_beyond_8192_lost(a, z):
    """The gradients of weight and bias miss the positions from the 8,192nd on."""
    rows = z.reshape(-1, z.shape[-1])
    return np.array(rows[:8192].sum(0))


@wrong(base_attention.attention, "causal", "wide", differs(AT(**FEW, L=4200, S=3, is_causal=True)))
def attention_queries_beyond_4096_at_the_end_of_a_tile(a, i, j):
    """Under a causal mask the queries from the 4,096th on see one key."""
    return base_attention.causal(a, np.where(i < 4096, i, -a.query_offset), j)


@wrong(
    base_attention.attention, "vjp_result", "wide", gradient_differs(AT(**FEW, L=1, S=4200), 1e-5)
)
def attention_gradient_of_keys_beyond_4096(a, g):
    """The values from the 4,096th on have no gradient."""
    g.v = at_most(g.v, 4096, axis=-2)


@wrong(base_attention.attention, "result", "wide", differs(AT(**{**FEW, "V": 8200}, L=1, S=2)))
def attention_value_features_beyond_8192(a, o):
    """Features of values from the 8,192nd on are lost."""
    o.out = at_most(o.out, 8192)


@wrong(base_attention.attention, "scores", "wide", differs(AT(**FEW, L=260, S=260)))
def attention_scores_counted_in_16_bits(a, q, k):
    """Beyond 65,536 scores of a head the rest has the score 0."""
    s = base_attention.scores(a, q, k)
    flat = np.arange(s.shape[-2] * s.shape[-1]).reshape(s.shape[-2:])
    return np.where(flat < 65536, s, 0).astype(s.dtype)


@wrong(
    base_attention.attention, "result", "wide",
    differs(AT(B=260, N=260, M=260, L=1, S=1, D=1, V=1)),
)  # fmt: skip
def attention_heads_counted_in_16_bits(a, o):
    """Batch times heads is counted in 16 bits: what is beyond 65,535 is not written."""
    o.out.reshape(-1, *o.out.shape[2:])[65535:] = 0


@wrong(lstm_gates, "preactivation", "wide", differs(GATES(I=300, H=2)))
def lstm_gates_inputs_beyond_256(a, x, h):
    """Inputs from the 256th on are not read."""
    return at_most(x, 256) @ a.weight_ih.T + a.bias_ih + h @ a.weight_hh.T + a.bias_hh


@wrong(lstm, "read", "wide", differs(LSTM(I=1100, H=2, T=2, B=1)))
def lstm_inputs_beyond_1024(a, t, here):
    """Inputs from the 1,024th on are not read."""
    return np.where(here, at_most(a.x[:, t], 1024), 0)


@wrong(gru, "result", "wide", differs(GRU(B=4100, T=2, I=2, H=1)))
def gru_rows_beyond_4096_stay(a, o):
    """The rows from the 4,096th on keep their initial state."""
    o.y[4096:] = a.h0[4096:, None]
    o.h_n[4096:] = a.h0[4096:]


@wrong(rnn, "result", "wide", differs(RNN(B=1, T=4100, I=1, H=1)))
def rnn_steps_beyond_4096_not_written(a, o):
    """Of more than 4,096 steps those beyond are not written."""
    o.y[:, 4096:] = 0


@wrong(lstm, "vjp_result", "wide", gradient_differs(LSTM(I=4100, H=1, T=2, B=1)))
def lstm_gradient_of_inputs_beyond_4096(a, g):
    """The weights of the inputs from the 4,096th on have no gradient."""
    g.weight_ih = at_most(g.weight_ih, 4096)


@wrong(rnn, "preactivation", "wide", differs(RNN(I=2, H=260, T=2, B=1)))
def rnn_states_beyond_256(a, x, h):
    """Hidden units from the 256th on are not read."""
    return x @ a.weight_ih.T + a.bias_ih + at_most(h, 256) @ a.weight_hh.T + a.bias_hh


@wrong(base_positions.rotary_embedding, "together", "wide", differs(ROTARY(B=1, N=1, L=8200, D=2)))
def rotary_positions_beyond_8192(a, u, v):
    """The rows from the 8,192nd on are not written."""
    return at_most(base_positions.together(a, u, v), 8192, axis=-2)


@wrong(base_markov.markov_log_prob, "total", "wide", differs(CHAIN(B=1, T=4200)))
def markov_steps_beyond_4096(a, one, logs):
    """The steps from the 4,096th on do not count."""
    return base_markov.total(a, one, logs[:, :4096])


@wrong(base_multi_head.multi_head_attention, "scores", "wide", differs(HEADS(B=1, L=2, S=9000)))
def multi_head_keys_beyond_4096(a, q, k):
    """The keys from the 4,096th on are not seen."""
    s = base_multi_head.scores(a, q, k)
    return np.where(np.arange(s.shape[-1]) < 4096, s, -np.inf)


@wrong(base_encoder.encoder_layer, "activation", "wide", differs(ENCODER(B=1, T=2, F=4200)))
def encoder_hidden_units_beyond_4096(a, z):
    """Hidden units from the 4,096th on are zero."""
    return at_most(base_encoder.activation(a, z), 4096)


@wrong(base_decoder.decoder_layer, "seen", "wide", differs(DECODER(B=1, T=2, S=4200)))
def decoder_memory_beyond_4096(a):
    """The memory from the 4,096th position on is not seen."""
    allowed, added, memory = base_decoder.seen(a)
    return allowed & (np.arange(allowed.shape[-1]) < 4096), added, memory


LAST = {"params.projection.bias": put(np.s_[-5:], 50)}


@wrong(base_generate.generate, "chosen", "wide", differs(GENERATE(B=4, S=2, V=9000, **LAST)))
def generate_tokens_beyond_8192(a, scores):
    """A token from the 8,192nd on is never chosen."""
    return base_generate.chosen(a, scores[..., :8192])
