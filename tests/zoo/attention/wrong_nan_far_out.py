"""Wrong about NaN beyond a tile alone: one that is masked leaks, or one that counts is lost."""

from functools import partial

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import boolean, case, put
from zoo.entries import wrong
from zoo.multi_head.base import multi_head_attention
from zoo.softmax.base import softmax
from zoo.witness import differs, gradient_differs

ATTENTION, HEADS, SOFTMAX = (
    partial(case, name) for name in ("attention", "multi_head_attention", "softmax")
)
FIFTH = np.s_[:, :, 5]
HIDDEN = boolean("B 1 1 S", where=np.s_[..., 5])
LOST = {"v": put(FIFTH, np.nan), "mask": HIDDEN}


@wrong(attention, "product", "leak", differs(ATTENTION(L=2, S=140, **LOST)))
def nan_in_masked_values_leaks_beyond_128_keys(a, p, v, allowed):
    """Weights of zero are multiplied by NaN where there are more than 128 keys."""
    return p @ v if a.k.shape[2] > 128 else base.product(a, p, v, allowed)


@wrong(attention, "vjp_result", "leak", gradient_differs(ATTENTION(L=80, S=80, **LOST)))
def nan_in_masked_values_reaches_dq_beyond_64_queries(a, g):
    """A NaN value makes the gradients of all queries NaN, where there are more than 64."""
    if a.q.shape[2] > 64 and np.isnan(a.v).any():
        g.q = np.full_like(g.q, np.nan)


@wrong(
    multi_head_attention,
    "result",
    "leak",
    differs(HEADS(L=300, query=put(np.s_[:, 280], np.nan))),
)
def nan_in_a_query_is_lost_beyond_256(a, o):
    """A query of NaN gives zeros where there are more than 256 queries."""
    if a.query.shape[1] > 256:
        o.out = np.nan_to_num(o.out)


@wrong(softmax, "result", "leak", differs(SOFTMAX(shape=(2, 1030), x=put(np.s_[0, 1028], np.nan))))
def nan_in_a_long_row_is_lost(a, o):
    """A row of more than 1,024 entries with a NaN gives zeros."""
    if a.x.shape[a.axis] > 1024:
        o.p = np.nan_to_num(o.p)
