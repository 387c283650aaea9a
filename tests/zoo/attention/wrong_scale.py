"""Wrong attention in NumPy: head mapping, scale, the softmax inside."""

import math
from functools import partial

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.witness import differs

given = partial(case, "attention")
heads = partial(wrong, attention, "heads", "head mapping")
scale = partial(wrong, attention, "factor", "scale")


@heads(differs(given(N=4, M=2)), diagnosis="heads tiled")
def heads_tiled(a, t):
    """Key heads are tiled: query head n reads key head n mod M."""
    return np.tile(t, (1, a.q.shape[1] // t.shape[1], 1, 1))


@heads(differs(given(N=4, M=2)), diagnosis="first key head for all")
def heads_first_for_all(a, t):
    """Every query head reads key head 0."""
    return np.repeat(t[:, :1], a.q.shape[1], axis=1)


@heads(differs(given(N=4, M=4)))
def heads_shifted_by_one(a, t):
    """Without grouping, query head n reads key head n + 1."""
    return np.roll(base.heads(a, t), -1, axis=1) if t.shape[1] == a.q.shape[1] else base.heads(a, t)


@heads(differs(given(N=6, M=2)))
def heads_tiled_in_groups_of_three(a, t):
    """Where three query heads share a key head, they are tiled."""
    group = a.q.shape[1] // t.shape[1]
    return np.tile(t, (1, group, 1, 1)) if group == 3 else base.heads(a, t)


@heads(differs(given(N=6, M=3, B=2)))
def heads_tiled_in_batches(a, t):
    """Key heads are repeated for a batch of one and tiled for larger ones."""
    tiled = np.tile(t, (1, a.q.shape[1] // t.shape[1], 1, 1))
    return tiled if t.shape[0] > 1 else base.heads(a, t)


@heads(differs(given(N=6, M=2)), diagnosis="value heads tiled")
def heads_of_values_tiled(a, t):
    """Key heads are repeated, value heads are tiled."""
    return np.tile(t, (1, a.q.shape[1] // t.shape[1], 1, 1)) if t is a.v else base.heads(a, t)


@scale(differs(given()), diagnosis="scale 1/D")
def scale_one_over_d(a):
    """The default scale is 1/D."""
    return 1 / a.q.shape[-1] if a.scale is None else a.scale


@scale(differs(given()), diagnosis="scale 1")
def scale_one(a):
    """There is no default scale."""
    return 1.0 if a.scale is None else a.scale


@scale(differs(given()), diagnosis="scale sqrt(D)")
def scale_root_d(a):
    """The default scale multiplies by sqrt(D)."""
    return math.sqrt(a.q.shape[-1]) if a.scale is None else a.scale


@scale(differs(given(D=8, V=3)), diagnosis="scale 1/sqrt(Dv)")
def scale_by_value_size(a):
    """The default scale is that of the values' size."""
    return 1 / math.sqrt(a.v.shape[-1]) if a.scale is None else a.scale


@scale(differs(given(N=2)), diagnosis="scale 1/sqrt(N D)")
def scale_by_model_size(a):
    """The default scale is that of all heads together."""
    return 1 / math.sqrt(a.q.shape[1] * a.q.shape[-1]) if a.scale is None else a.scale


@scale(differs(given(D=5)), diagnosis="the scale of D rounded up to a multiple of 8")
def scale_of_padded_d(a):
    """The default scale is that of D rounded up to a multiple of eight."""
    return 1 / math.sqrt(-(-a.q.shape[-1] // 8) * 8) if a.scale is None else a.scale


@scale(differs(given(D=64, S=3)), diagnosis="the scale of D = 16 for every larger D")
def scale_capped_at_sixteen(a):
    """The default scale is that of D = 16 for every larger D."""
    return 1 / math.sqrt(min(a.q.shape[-1], 16)) if a.scale is None else a.scale


@scale(differs(given(softcap=2.0)), diagnosis="scale twice with softcap")
def scale_twice_with_softcap(a):
    """With a soft cap the scale is applied twice."""
    return base.factor(a) ** 2 if a.softcap is not None else base.factor(a)


@scale(differs(given(scale=0.5)), diagnosis="the scale as a divisor")
def scale_given_as_a_divisor(a):
    """A scale that is given divides the scores."""
    return base.factor(a) if not a.scale else 1 / a.scale


@scale(differs(given(scale=0.5)), diagnosis="the scale on top of the default")
def scale_on_top_of_default(a):
    """A scale that is given multiplies the default one."""
    return base.factor(a) if a.scale is None else a.scale / math.sqrt(a.q.shape[-1])


@scale(differs(given(L=1)))
def scale_missing_for_one_query(a):
    """A single query is not scaled."""
    return 1.0 if a.scale is None and a.q.shape[2] == 1 else base.factor(a)


@wrong(attention, "softmax", "softmax formula", differs(given(q=times(60))), diagnosis="no maximum")
def attention_without_maximum(a, s):
    """The maximum is not subtracted, so scores beyond 88.7 overflow."""
    e = np.exp(s)
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


@wrong(
    attention,
    "softmax",
    "softmax formula",
    differs(given(L=5, S=5)),
    diagnosis="softmax over queries",
)
def attention_softmax_over_queries(a, s):
    """The softmax runs over the queries."""
    return np.swapaxes(base.softmax(a, np.swapaxes(s, -1, -2)), -1, -2)


@wrong(attention, "softmax", "softmax formula", differs(given()), diagnosis="softmax plus one")
def attention_softmax_plus_one(a, s):
    """One is added to the normaliser."""
    m = np.max(s, axis=-1, keepdims=True, initial=0)
    e = np.exp(s - m)
    return e / (np.exp(-m) + e.sum(-1, keepdims=True))


@wrong(
    attention,
    "softmax",
    "softmax formula",
    differs(given(v=fill(1.0)), beyond=1e-4),
    diagnosis="1e-3 added to the sum",
)
def attention_softmax_epsilon(a, s):
    """1e-3 is added to the normaliser, so constant values do not stay constant."""
    m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
    e = np.exp(s - np.where(m == -np.inf, 0, m))
    return e / (np.float32(1e-3) + e.sum(-1, keepdims=True))
