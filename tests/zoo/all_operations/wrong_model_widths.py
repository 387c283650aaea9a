"""Wrong from the widths of small models on: units, features, steps, ranks and tokens."""

from functools import partial

import numpy as np

from zoo.all_operations.wrong_widths import at_most
from zoo.cases import case, fill, put
from zoo.decoder import base as base_decoder
from zoo.encoder import base as base_encoder
from zoo.entries import wrong
from zoo.generate import base as base_generate
from zoo.layer_norm import base as base_layer_norm
from zoo.multi_head import base as base_multi_head
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm, lstm_gates
from zoo.recurrent.base_rnn import rnn
from zoo.softmax import base as base_softmax
from zoo.witness import differs, gradient_differs

SMALL = {"B": 1, "T": 2, "I": 2, "N": 1}
GENERATE = partial(case, "generate", B=4, steps=3, N=1)


@wrong(lstm, "preactivation", "wide", differs(case("lstm", **SMALL, H=600)))
def lstm_units_beyond_512(a, x, h):
    """Hidden units from the 512th on are not read."""
    return x @ a.weight_ih.T + a.bias_ih + at_most(h, 512) @ a.weight_hh.T + a.bias_hh


@wrong(lstm_gates, "preactivation", "wide", differs(case("lstm_gates", B=1, I=2, H=600)))
def lstm_gates_units_beyond_512(a, x, h):
    """Hidden units from the 512th on are not read."""
    return x @ a.weight_ih.T + a.bias_ih + at_most(h, 512) @ a.weight_hh.T + a.bias_hh


@wrong(gru, "result", "wide", differs(case("gru", **SMALL, H=1100)))
def gru_units_beyond_1024_stay(a, o):
    """The hidden units from the 1,024th on keep their initial state."""
    o.y[..., 1024:] = a.h0[:, None, 1024:]
    o.h_n[..., 1024:] = a.h0[:, 1024:]


@wrong(rnn, "vjp_result", "wide", gradient_differs(case("rnn", **SMALL, H=1100), beyond=1e-2))
def rnn_gradient_of_units_beyond_1024(a, g):
    """The recurrent weights of the hidden units from the 1,024th on have no gradient."""
    g.weight_hh = at_most(g.weight_hh, 1024)


@wrong(
    base_encoder.encoder_layer, "norm", "wide",
    differs(case("encoder_layer", B=1, T=2, E=600, F=2, N=1)),
)  # fmt: skip
def encoder_norm_of_512_features(a, x, number):
    """Features from the 512th on are not normalised."""
    y = base_encoder.norm(a, x, number)
    return np.where(np.arange(x.shape[-1]) < 512, y, x)


@wrong(
    base_encoder.encoder_layer, "activation", "wide",
    differs(case("encoder_layer", B=1, T=600, E=4, F=2, N=1)),
)  # fmt: skip
def encoder_steps_beyond_512_without_hidden_units(a, z):
    """The hidden units of steps from the 512th on are zero."""
    return at_most(base_encoder.activation(a, z), 512, axis=-2)


@wrong(
    base_decoder.decoder_layer, "activation", "wide",
    differs(case("decoder_layer", B=1, T=600, S=2, E=4, F=2, N=1)),
)  # fmt: skip
def decoder_steps_beyond_512_without_hidden_units(a, z):
    """The hidden units of steps from the 512th on are zero."""
    return at_most(base_decoder.activation(a, z), 512, axis=-2)


@wrong(
    base_multi_head.multi_head_attention, "scores", "wide",
    differs(case("multi_head_attention", B=1, L=2, S=3, E=600, N=1)),
)  # fmt: skip
def multi_head_scores_of_512_features(a, q, k):
    """The scores are those of the first 512 features of a head."""
    return base_multi_head.scores(a, q, at_most(k, 512))


@wrong(
    base_multi_head.multi_head_attention,
    "scores",
    "wide",
    differs(case("multi_head_attention", B=1, L=2, S=3, E=1100, N=1)),
)
def multi_head_scores_of_1000_features(a, q, k):
    """The scores are those of the first 1,000 features of a head."""
    return base_multi_head.scores(a, q, at_most(k, 1000))


@wrong(base_softmax.softmax, "result", "wide", differs(case("softmax", shape=(2,) * 6, axis=0)))
def softmax_along_the_last_of_six_axes(a, o):
    """An array of six axes or more gets the softmax along its last axis."""
    if a.x.ndim >= 6:
        o.p[...] = base_softmax.probabilities(a, a.x)


@wrong(base_layer_norm.layer_norm, "affine", "wide", differs(case("layer_norm", shape=(2,) * 6)))
def layer_norm_of_six_axes_without_weights(a, h):
    """An array of six axes or more is normalised, and not scaled and shifted."""
    return h if h.ndim >= 6 else base_layer_norm.affine(a, h)


@wrong(
    base_generate.generate, "source", "wide",
    differs(GENERATE(S=600, V=9, memory=put(np.s_[:, 512:], 9))),
)  # fmt: skip
def generate_memory_beyond_512(a, i):
    """The memory from the 512th row on is not read."""
    return a.memory[:, :512]


@wrong(
    base_generate.generate, "activation", "wide",
    differs(GENERATE(F=4200, V=33, **{"params.layers.0.linear1.bias": fill(8.0)})),
)  # fmt: skip
def generate_hidden_units_beyond_4096(a, z):
    """Hidden units from the 4,096th on are zero."""
    return at_most(base_generate.activation(a, z), 4096)


@wrong(base_generate.generate, "scores", "wide", differs(GENERATE(E=600, V=33)))
def generate_logits_of_512_features(a, x):
    """The logits are made of the first 512 features."""
    return base_generate.scores(a, at_most(x, 512))


FEW = {"params.projection.weight": put(np.s_[:, :-9], 0)}  # features that the logits are made of


@wrong(
    base_generate.generate,
    "weight",
    "wide",
    differs(case("generate", B=60, steps=3, N=1, E=1100, V=33, S=3, **FEW)),
)
def generate_layers_of_1000_features(a, i, name):
    """The matrices of a layer read the first 1,000 features."""
    weight = base_generate.weight(a, i, name)
    return at_most(weight, 1000) if weight.ndim == 2 else weight


LAST = {"params.projection.bias": put(np.s_[-5:], 50)}


@wrong(base_generate.generate, "kept", "wide", differs(GENERATE(S=2, V=70_001, **LAST)))
def generate_tokens_in_16_bits(a, tokens):
    """Tokens are kept in 16 bits."""
    return np.asarray(tokens).astype(np.uint16).astype(np.int64)
