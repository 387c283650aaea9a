"""Wrong where a product of two sizes is large, though neither is; where an option meets a width."""

from functools import partial

import numpy as np

from zoo.attention.base import attention
from zoo.attention.base import cap as base_cap
from zoo.cases import boolean, case
from zoo.entries import wrong
from zoo.layer_norm.base import dx, layer_norm
from zoo.multi_head.base import multi_head_attention
from zoo.positions.base import rotary_embedding
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_rnn import rnn
from zoo.witness import differs, gradient_differs

AT, NORM, HEADS, ROTARY, GRU, RNN = (
    partial(case, name)
    for name in (
        "attention", "layer_norm", "multi_head_attention", "rotary_embedding", "gru", "rnn"
    )
)  # fmt: skip
LIMIT, TWICE = 2**16, 2**17
ONE = {"B": 1, "N": 1, "M": 1}


def flat_beyond(array, limit):
    """The array, zero from a number of its entries on."""
    return np.where(np.arange(array.size).reshape(array.shape) < limit, array, 0)


@wrong(gru, "result", "product of sizes", differs(GRU(B=300, T=230, I=1, H=1)))
def gru_steps_of_all_rows_counted_in_16_bits(a, o):
    """Rows times steps are counted in 16 bits: outputs beyond 65,535 are not written."""
    rows = np.arange(o.y.shape[0] * o.y.shape[1]).reshape(*o.y.shape[:2], 1)
    o.y = np.where(rows < LIMIT, o.y, 0).astype(o.y.dtype)


@wrong(
    rnn, "vjp_result", "product of sizes",
    gradient_differs(RNN(B=300, T=230, I=2, H=1, nonlinearity="sigmoid"), beyond=1e-2),
)  # fmt: skip
def rnn_gradient_of_65536_inputs(a, g):
    """Beyond 65,536 numbers in x the rest has no gradient."""
    g.x = flat_beyond(g.x, LIMIT)


@wrong(attention, "vjp_result", "product of sizes", gradient_differs(AT(**ONE, L=2, S=700, D=200)))
def attention_gradient_of_131072_keys_and_features(a, g):
    """Beyond 131,072 numbers in the keys the rest has no gradient."""
    g.k = flat_beyond(g.k, TWICE)


@wrong(attention, "result", "product of sizes", differs(AT(**ONE, L=700, S=2, D=2, V=200)))
def attention_outputs_beyond_131072(a, o):
    """Beyond 131,072 numbers the output is not written."""
    o.out = flat_beyond(o.out, TWICE)


@wrong(
    multi_head_attention, "vjp_result", "product of sizes",
    gradient_differs(HEADS(B=400, L=400, S=2, N=1, E=1), beyond=1e-4),
)  # fmt: skip
def multi_head_gradient_of_131072_queries(a, g):
    """Beyond 131,072 queries of all entries the rest has no gradient."""
    g.query = flat_beyond(g.query, TWICE * g.query.shape[-1])


@wrong(layer_norm, "dx", "product of sizes", gradient_differs(NORM(shape=(400, 400))))
def layer_norm_gradient_of_131072_numbers(a, dh, h, s):
    """Beyond 131,072 numbers the rest has no gradient."""
    return flat_beyond(dx(a, dh, h, s), TWICE)


@wrong(rotary_embedding, "result", "product of sizes", differs(ROTARY(B=400, N=1, L=200, D=2)))
def rotary_entries_times_positions_in_16_bits(a, o):
    """Entries times positions are counted in 16 bits: what is beyond is not turned."""
    count = a.x.shape[0] * a.x.shape[2]
    pairs = np.arange(count).reshape(a.x.shape[0], 1, a.x.shape[2], 1)
    o.out = np.where(pairs < LIMIT, o.out, a.x)


@wrong(
    rnn,
    "exists",
    "option at a width",
    differs(RNN(B=8200, T=2, lengths=lambda r, s: np.ones(8200, int))),
)
def rnn_lengths_ignored_beyond_8192_rows(a, t):
    """Beyond 8,192 rows lengths are not read."""
    if a.lengths is None or len(a.x) > 8192:
        return np.ones((len(a.x), 1), bool)
    return (t < np.asarray(a.lengths))[:, None]


@wrong(attention, "arguments", "option at a width", differs(AT(**ONE, L=2, S=8200, mask=boolean())))
def attention_mask_ignored_beyond_8192_keys(a):
    """Beyond 8,192 keys a mask is not read."""
    a.mask = None if a.k.shape[2] > 8192 else a.mask


@wrong(attention, "cap", "option at a width", differs(AT(**ONE, L=8200, S=3, softcap=0.5)))
def attention_cap_ignored_beyond_4096_queries(a, s):
    """Beyond 4,096 queries the soft cap is ignored."""
    return s if s.shape[2] > 4096 else base_cap(a, s)
