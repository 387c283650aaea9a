"""Sums over very many terms without the last of them, which among random terms is a rounding."""

from functools import partial

import numpy as np

from zoo.attention import base as base_attention
from zoo.cases import case, put
from zoo.entries import wrong
from zoo.layer_norm import base as base_layer_norm
from zoo.markov import base as base_markov
from zoo.recurrent.base_gru import gru
from zoo.witness import differs, gradient_differs

NORM, CHAIN, AT = (partial(case, name) for name in ("layer_norm", "markov_log_prob", "attention"))
GRU = partial(case, "gru")
NAMES = ("h0", "weight_hh", "bias_ih", "bias_hh", "reset_after", "lengths", "reverse")


@wrong(
    base_layer_norm.layer_norm, "dbias", "long sums",
    gradient_differs(NORM(shape=(9000, 2)), beyond=1e-2),
)  # fmt: skip
def layer_norm_bias_gradient_without_the_last_row(a):
    """Beyond 8,192 rows the last one is not in the gradient of the bias."""
    rows = a.dy.reshape(-1, a.dy.shape[-1])
    return rows[:-1].sum(0) if len(rows) > 8192 else np.array(rows.sum(0))


@wrong(
    base_attention.attention, "vjp_arguments", "long sums",
    gradient_differs(AT(B=1, N=1, M=1, L=9000, S=1, D=1, V=1), beyond=1e-2),
)  # fmt: skip
def attention_gradient_without_the_last_query(a):
    """Beyond 8,192 queries the last one is not in any gradient."""
    if a.q.shape[2] > 8192:
        a.dout = a.dout.copy()
        a.dout[:, :, -1:] = 0


@wrong(gru, "result", "long sums", differs(GRU(B=1, T=1, I=9000, H=2, x=put(np.s_[..., -1], 100))))
def gru_input_8192_not_read(a, o):
    """Of more than 8,192 inputs the last one is not read."""
    if a.x.shape[2] > 8192:
        few = {name: getattr(a, name) for name in NAMES}
        few |= {"x": a.x[..., :-1], "weight_ih": a.weight_ih[:, :-1]}
        o.y, o.h_n = gru.build(None, a.traits)["gru"](**few)


@wrong(
    base_markov.markov_log_prob, "total", "long sums",
    differs(CHAIN(B=1, T=9000), beyond=1e-5),
)  # fmt: skip
def markov_last_step_of_many_lost(a, one, logs):
    """Beyond 8,192 states the last step is lost."""
    return base_markov.total(a, one, logs[:, :-1] if a.states.shape[1] > 8192 else logs)
