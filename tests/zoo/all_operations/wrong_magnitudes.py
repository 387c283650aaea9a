"""Wrong for large or small numbers of one argument alone, most often in a gradient."""

from functools import partial

import numpy as np

from zoo.attention import base as base_attention
from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.layer_norm import base as base_layer_norm
from zoo.markov import base as base_markov
from zoo.multi_head import base as base_multi_head
from zoo.positions import base as base_positions
from zoo.softmax import base as base_softmax
from zoo.witness import differs, gradient_differs

AT, SM, NORM = (partial(case, name) for name in ("attention", "softmax", "layer_norm"))
HEADS, ROTARY = (partial(case, name) for name in ("multi_head_attention", "rotary_embedding"))
CHAIN = partial(case, "markov_log_prob", B=1, T=3)
SMALL_QUERIES = {"q": times(1e-3), "k": times(1e3)}
TINY_KEYS = {"q": times(2.0**22), "k": times(2.0**-22)}


@wrong(
    base_attention.attention, "vjp_result", "magnitude",
    gradient_differs(AT(**SMALL_QUERIES)),
)  # fmt: skip
def attention_gradient_of_keys_beyond_100(a, g):
    """Keys beyond 100 have no gradient."""
    g.k = np.where(np.abs(a.k) > 100, 0, g.k)


@wrong(
    base_attention.attention, "vjp_result", "magnitude",
    gradient_differs(AT(**SMALL_QUERIES)),
)  # fmt: skip
def attention_gradient_of_small_queries(a, g):
    """Queries below 1/256 have no gradient."""
    g.q = np.where(np.abs(a.q) < 2.0**-8, 0, g.q)


@wrong(base_attention.attention, "result", "magnitude", differs(AT(v=times(300))))
def attention_outputs_clipped_at_100(a, o):
    """Outputs are clipped at -100 and 100."""
    o.out = np.clip(o.out, -100, 100)


@wrong(base_softmax.softmax, "dsoftmax", "magnitude", gradient_differs(SM(x=lambda x: x + 50)))
def softmax_gradient_of_logits_beyond_40(a, p, dp):
    """Where a logit of a row is beyond 40 the row has no gradient."""
    x = np.moveaxis(a.x, a.axis, -1)
    large = np.max(x, axis=-1, keepdims=True, initial=-np.inf) > 40
    return np.where(large, 0, base_softmax.dsoftmax(a, p, dp))


@wrong(base_layer_norm.layer_norm, "dx", "magnitude", gradient_differs(NORM(weight=times(600))))
def layer_norm_gradient_of_weights_beyond_50(a, dh, h, s):
    """A weight is clipped at 50 in the gradient of x."""
    return base_layer_norm.dx(a, a.dy * np.clip(a.weight, -50, 50), h, s)


@wrong(base_layer_norm.layer_norm, "affine", "magnitude", differs(NORM(bias=fill(300.0))))
def layer_norm_bias_at_most_256(a, h):
    """A bias is at most 256."""
    return h * a.weight + np.minimum(a.bias, 256)


@wrong(base_positions.rotary_embedding, "result", "magnitude", differs(ROTARY(x=times(500))))
def rotary_outputs_at_most_448(a, o):
    """Outputs are clipped at -448 and 448, the range of an 8-bit float."""
    o.out = np.clip(o.out, -448, 448)


@wrong(
    base_markov.markov_log_prob, "share", "magnitude",
    gradient_differs(
        CHAIN(states=np.zeros_like, initial=fill(1e-4), transition=fill(1e-4)), beyond=1e-3
    ),
)  # fmt: skip
def markov_gradient_of_at_most_1000(a, g, table, places):
    """The gradient of a probability below 0.001 is that of 0.001."""
    gradient = np.zeros_like(table)
    np.add.at(gradient, places, g / np.maximum(table[places], 1e-3))
    return gradient


@wrong(
    base_multi_head.multi_head_attention, "vjp_result", "magnitude",
    gradient_differs(HEADS(value=times(300))),
)  # fmt: skip
def multi_head_gradient_of_values_beyond_100(a, g):
    """Values beyond 100 have no gradient."""
    g.value = np.where(np.abs(a.value) > 100, 0, g.value)


@wrong(base_attention.attention, "scores", "magnitude", differs(AT(**TINY_KEYS)))
def attention_keys_below_a_millionth_are_zero(a, q, k):
    """Entries of keys below 1e-6 are flushed to zero."""
    return base_attention.scores(a, q, np.where(np.abs(k) < 1e-6, 0, k))


@wrong(base_attention.attention, "scores", "magnitude", differs(AT(S=140, **TINY_KEYS)))
def attention_small_keys_of_a_long_row_are_zero(a, q, k):
    """Entries of keys below 1/1,000 are flushed to zero where there are more than 128 keys."""
    return base_attention.scores(a, q, np.where((np.abs(k) < 1e-3) & (k.shape[2] > 128), 0, k))


@wrong(
    base_attention.attention, "scores", "magnitude", differs(AT(S=140, q=times(1e6), k=times(1e-6)))
)
def attention_queries_of_a_long_row_are_clipped(a, q, k):
    """Queries are clipped at 65,504 where there are more than 128 keys."""
    return base_attention.scores(a, np.clip(q, -65504, 65504) if k.shape[2] > 128 else q, k)
