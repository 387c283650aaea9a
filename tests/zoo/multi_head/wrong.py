"""Wrong multi-head attention in NumPy: heads, projections, scale, masks, gradients."""

import math
from functools import partial

import numpy as np

from zoo import calling
from zoo.attention import base as base_attention
from zoo.cases import boolean, case, floating, put
from zoo.entries import wrong
from zoo.manners import answers, unsteady
from zoo.multi_head import base
from zoo.multi_head.base import multi_head_attention
from zoo.roundings import bfloat16
from zoo.witness import differs, gradient_differs

NAME = "multi_head_attention"
given = partial(case, NAME)
several = partial(wrong, multi_head_attention, None)
blocks = partial(wrong, multi_head_attention, "blocks", "projections")
last = partial(wrong, multi_head_attention, "last", "projections")
factor = partial(wrong, multi_head_attention, "factor", "scale")
masks = partial(wrong, multi_head_attention, "boolean", "masks")
causal = partial(wrong, multi_head_attention, "causal", "masks")
arguments = partial(wrong, multi_head_attention, "arguments")
vjp = partial(wrong, multi_head_attention, "vjp_result", "gradient")
ANY = differs(given())
MASKED = differs(given(mask=boolean(where=np.s_[:, 0, :, 2])))
GRADIENT = gradient_differs(given())
HIDDEN = boolean("1 1 1 S", 1.0, np.s_[..., 3])
LEAK = differs(given(mask=HIDDEN, value=put(np.s_[:, 3], np.nan)))


@several("heads", ANY, diagnosis="heads interleaved")
def heads_interleaved():
    """Head n has the features n, n + N, n + 2N, ... instead of a block."""

    def split(a, x):
        batch, length, e = x.shape
        return x.reshape(batch, length, e // a.num_heads, a.num_heads).transpose(0, 3, 1, 2)

    def join(a, h):
        batch, n, length, d = h.shape
        return h.transpose(0, 2, 3, 1).reshape(batch, length, n * d)

    return {"split": split, "join": join}


@wrong(multi_head_attention, "join", "heads", ANY, diagnosis="heads joined without a transposition")
def heads_joined_without_transposition(a, h):
    """The heads' results are read as (B, L, E) as they lie in memory."""
    batch, n, length, d = h.shape
    return np.ascontiguousarray(h).reshape(batch, length, n * d)


@wrong(multi_head_attention, "split", "heads", ANY, diagnosis="heads split without a transposition")
def heads_split_without_transposition(a, x):
    """(B, L, E) is read as (B, N, L, D) as it lies in memory."""
    batch, length, e = x.shape
    return np.ascontiguousarray(x).reshape(batch, a.num_heads, length, e // a.num_heads)


@arguments("heads", ANY, diagnosis="one head")
def heads_ignored(a):
    """num_heads is ignored: one head has all features."""
    a.num_heads = 1
    if a.mask is not None and a.mask.ndim == 4:
        a.mask = a.mask[:, :1]


@wrong(multi_head_attention, "join", "heads", differs(given(N=4)))
def heads_of_four_reversed(a, h):
    """Four heads are put side by side in the opposite order."""
    return base.join(a, h[:, ::-1] if a.num_heads == 4 else h)


@wrong(multi_head_attention, "split", "heads", differs(given(N=8, E=8)))
def heads_of_one_feature_shifted(a, x):
    """Where a head has one feature, heads are taken from the next one on."""
    h = base.split(a, x)
    return np.roll(h, 1, axis=1) if h.shape[-1] == 1 and x is not a.query else h


@blocks(ANY, diagnosis="projections in the order key, query, value")
def blocks_key_query_value(a, t):
    """The rows of the first projection are read as key, query, value."""
    k, q, v = np.split(t, 3)
    return q, k, v


@blocks(ANY, diagnosis="projections in the order value, key, query")
def blocks_value_key_query(a, t):
    """The rows of the first projection are read as value, key, query."""
    v, k, q = np.split(t, 3)
    return q, k, v


@blocks(ANY, diagnosis="projections in the order query, value, key")
def blocks_query_value_key(a, t):
    """The rows of the first projection are read as query, value, key."""
    q, v, k = np.split(t, 3)
    return q, k, v


@blocks(ANY, diagnosis="projections interleaved")
def blocks_interleaved(a, t):
    """Every third row of the first projection is the query's."""
    return t[::3], t[1::3], t[2::3]


@wrong(multi_head_attention, "project", "projections", ANY, diagnosis="projections transposed")
def projections_transposed(a, x, w, b):
    """The first projections multiply by the transposed matrices."""
    return x @ w + b


@wrong(multi_head_attention, "project", "projections", ANY, diagnosis="no bias in the projections")
def projections_without_bias(a, x, w, b):
    """The bias of the first projections is left out."""
    return x @ w.T


@last(ANY, diagnosis="last projection transposed")
def last_transposed(a, x):
    """The last projection multiplies by the transposed matrix."""
    return x @ a.out_proj_weight + a.out_proj_bias


@last(ANY, diagnosis="no bias in the last projection")
def last_without_bias(a, x):
    """The bias of the last projection is left out."""
    return x @ a.out_proj_weight.T


@last(ANY, diagnosis="no last projection")
def last_left_out(a, x):
    """The heads' results are returned without the last projection."""
    return x


@arguments("sources", ANY, diagnosis="the key as value")
def key_as_value(a):
    """The values are projected from the key."""
    a.value = a.key


@arguments("sources", differs(given(L=5, S=5)), diagnosis="the query as key and value")
def query_as_key(a):
    """Where lengths are equal, it is taken for self-attention."""
    if a.query.shape == a.key.shape:
        a.key = a.value = a.query


@factor(ANY, diagnosis="scale 1/sqrt(E)")
def scale_of_all_features(a, q):
    """The scale is that of all features, 1/sqrt(E)."""
    return 1 / math.sqrt(a.query.shape[-1])


@factor(ANY, diagnosis="no scale")
def scale_left_out(a, q):
    """Scores are not scaled."""
    return 1.0


@factor(ANY, diagnosis="scale 1/D")
def scale_of_d(a, q):
    """The scale is 1/D."""
    return 1 / q.shape[-1]


@masks(MASKED, diagnosis="mask polarity")
def mask_inverted(a):
    """True in a mask forbids, as in torch's layer."""
    return ~a.mask if a.mask.dtype == bool else base.boolean(a)


@several("masks", differs(given(mask=boolean())))
def mask_of_first_head():
    """All heads get the mask of the first one."""

    def arguments_(a):
        if a.mask is not None and a.mask.ndim == 4:
            a.mask = a.mask[:, :1]

    return {"arguments": arguments_}


@several("masks", differs(given(mask=floating())), diagnosis="heads' masks in the batch's order")
def mask_rows_by_head_first():
    """Masks of (B, N) pairs are read as if they stood in the order (N, B)."""

    def arguments_(a):
        if a.mask is not None and a.mask.ndim == 4 and a.mask.shape[1] > 1 < a.mask.shape[0]:
            batch, n = a.mask.shape[:2]
            a.mask = a.mask.reshape(n, batch, *a.mask.shape[2:]).swapaxes(0, 1)

    return {"arguments": arguments_}


@several("masks", differs(given(mask=floating())), diagnosis="floating masks only forbid")
def mask_of_numbers_as_boolean():
    """A floating mask forbids where it is -inf, and is not added."""
    return {"masked": lambda a, s, allowed: np.where(allowed, s, -np.inf)}


@several("masks", differs(given(mask=boolean(), is_causal=True)))
def mask_ignored_if_causal():
    """is_causal leaves the mask out."""

    def arguments_(a):
        if a.is_causal:
            a.mask = None

    return {"arguments": arguments_}


@causal(differs(given(is_causal=True)), diagnosis="causal bottom-right")
def heads_causal_bottom_right(a, i, j):
    """The causal mask is aligned with the last key, where L is not S."""
    return j <= i + a.key.shape[1] - a.query.shape[1]


@causal(differs(given(is_causal=True)), diagnosis="causal off by one")
def heads_causal_strict(a, i, j):
    """A query may not attend to its own key."""
    return j < i


@causal(differs(given(is_causal=True)), diagnosis="is_causal ignored")
def heads_causal_ignored(a, i, j):
    """is_causal is ignored."""
    return (j <= j.max()) & (i >= 0)


@several("masks", differs(given(mask=boolean(where=np.s_[:, :, 1]))))
def dead_row_takes_the_mean():
    """A query that may attend to nothing gets the mean of the values, and declares zeros."""

    def softmax(a, s):
        p = base_attention.softmax(a, s)
        return np.where(np.all(np.isneginf(s), -1, keepdims=True), 1 / s.shape[-1], p)

    return {"softmax": softmax}


@wrong(multi_head_attention, "softmax", "softmax", ANY)
def softmax_over_queries(a, s):
    """The weights of a key sum to one over the queries."""
    return np.swapaxes(base_attention.softmax(a, np.swapaxes(s, -1, -2)), -1, -2)


@wrong(multi_head_attention, "softmax", "softmax", ANY, diagnosis="softmax over the heads")
def softmax_over_heads(a, s):
    """The weights of a pair sum to one over the heads."""
    return np.moveaxis(base_attention.softmax(a, np.moveaxis(s, 1, -1)), -1, 1)


@wrong(multi_head_attention, "softmax", "precision", differs(given(), 1e-4))
def weights_in_bfloat16(a, s):
    """The weights are rounded to bfloat16."""
    return bfloat16(base_attention.softmax(a, s))


@wrong(multi_head_attention, "product", "masks", LEAK)
def nan_leaks_from_values(a, p, v, allowed):
    """A NaN in a value that nobody may attend to reaches every output."""
    leaked = np.isnan(a.value).any()
    return p @ v * (np.nan if leaked else 1)


@wrong(multi_head_attention, "softmax", "random", unsteady(given(S=9, L=9)))
def dropout_left_on(a, s):
    """A tenth of the weights is dropped at random, as in training."""
    p = base_attention.softmax(a, s)
    return p * (np.random.default_rng().random(p.shape) > 0.1) / p.dtype.type(0.9)


@wrong(multi_head_attention, "product", "sizes", differs(given(S=20)))
def keys_beyond_sixteen_dropped(a, p, v, allowed):
    """Only full blocks of 16 keys are read, where there are more than 16."""
    n = v.shape[2] // 16 * 16 if v.shape[2] > 16 else v.shape[2]
    return base_attention.product(a, p[..., :n], v[:, :, :n], allowed[..., :n])


@vjp(GRADIENT, diagnosis="no gradient of the key")
def vjp_without_key(a, g):
    """The key has no gradient."""
    g.key = np.zeros_like(g.key)


@vjp(GRADIENT, diagnosis="gradients of key and value exchanged")
def vjp_key_and_value_exchanged(a, g):
    """The gradients of key and value are returned in each other's place."""
    g.key, g.value = g.value, g.key


@vjp(GRADIENT)
def vjp_averaged_over_the_batch(a, g):
    """The gradient of the last matrix is the mean over the batch."""
    g.out_proj_weight = g.out_proj_weight / a.query.shape[0]


@vjp(GRADIENT, diagnosis="no gradient of the projections' bias")
def vjp_without_bias(a, g):
    """The bias of the first projections has no gradient."""
    g.in_proj_bias = np.zeros_like(g.in_proj_bias)


@vjp(GRADIENT, diagnosis="gradient of the last matrix transposed")
def vjp_last_transposed(a, g):
    """The gradient of the last matrix is transposed."""
    g.out_proj_weight = np.ascontiguousarray(g.out_proj_weight.T)


@vjp(gradient_differs(given(L=5, S=5)))
def vjp_as_if_of_one_array(a, g):
    """Where lengths are equal, the query's gradient is the sum of all three."""
    if g.query.shape == g.key.shape:
        g.query = g.query + g.key + g.value


@wrong(multi_head_attention, "dsoftmax", "gradient", GRADIENT)
def vjp_softmax_without_sum(a, p, dp):
    """The gradient of softmax lacks the sum."""
    return p * dp


@wrong(multi_head_attention, "check", "refusals", answers(given(N=3, E=8)))
def heads_rounded_down(a):
    """num_heads that does not divide E is rounded down to one that does."""
    while a.query.shape[-1] % a.num_heads:
        a.num_heads -= 1
    base.check(a)


@arguments("tile tail", differs(given(E=320, N=4)))
def features_beyond_256_have_no_bias(a):
    """The projections' biases are read up to feature 256."""
    e = a.in_proj_bias.shape[0] // 3
    a.in_proj_bias = np.where(np.arange(3 * e) % max(e, 1) < 256, a.in_proj_bias, 0)


def of_one_memory(subject):
    """One array for keys and values gives something else than two equal ones."""
    arrays, options = calling.native(subject, given())
    once = calling.outputs(subject, NAME, {**arrays, "value": arrays["key"]}, options)
    twice = calling.outputs(subject, NAME, {**arrays, "value": arrays["key"].copy()}, options)
    return bool(np.abs(once[0] - twice[0]).max() > 1e-3)


@arguments("projections", of_one_memory)
def values_projected_as_keys_of_one_memory(a):
    """Where keys and values are one array it is projected once, for both."""
    e = a.query.shape[-1]
    if a.key is a.value and a.query is not a.key:
        weight, bias = a.in_proj_weight.copy(), a.in_proj_bias.copy()
        weight[2 * e :], bias[2 * e :] = weight[e : 2 * e], bias[e : 2 * e]
        a.in_proj_weight, a.in_proj_bias = weight, bias
