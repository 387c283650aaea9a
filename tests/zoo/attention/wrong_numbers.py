"""Wrong attention in NumPy: tiles and their tails, single sizes, layouts, precision inside."""

from functools import partial

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import boolean, case, fill, put, times
from zoo.entries import wrong
from zoo.layouts import as_if_contiguous
from zoo.roundings import bfloat16, float16, keep_bits, tf32
from zoo.witness import (
    backwards,
    broadcast_heads,
    broadcast_rows,
    column_major,
    differs,
    every_second,
    layout,
    transposed,
)

given = partial(case, "attention")
tail = partial(wrong, attention, "masked", "tile tail")
output_tail = partial(wrong, attention, "result", "tile tail")
one_size = partial(wrong, attention, "result", "one size only")
strides = partial(wrong, attention, "arguments", "memory layout")
# Scores are sums of 8 products, their terms up to 8 in sum, times 0.35: off by at most 2e-6; then
# 7 probabilities and a sum of 7 values around 1. All in all less than 1e-5 in float32.
FINE = 2e-5


@tail(differs(given(S=17)))
def keys_of_last_tile_dropped(a, s, allowed):
    """Keys beyond a multiple of eight are dropped where there are more than 16."""
    n = s.shape[-1]
    ok = np.arange(n) < (n - n % 8 if n > 16 else n)
    return base.masked(a, s, allowed & ok)


@tail(differs(given(S=33), beyond=1e-4))
def key_32_dropped_at_33(a, s, allowed):
    """With 33 keys, and no other number, the last one is dropped."""
    return base.masked(a, s, allowed & ((np.arange(s.shape[-1]) != 32) | (s.shape[-1] != 33)))


@tail(differs(given(S=9)))
def key_dropped_at_8k_plus_1(a, s, allowed):
    """With 8k+1 keys the last one is dropped."""
    n = s.shape[-1]
    return base.masked(a, s, allowed & ((np.arange(n) != n - 1) | (n % 8 != 1) | (n == 1)))


@tail(differs(given(S=17, L=17, is_causal=True)))
def key_dropped_at_17_when_causal(a, s, allowed):
    """With 17 keys and is_causal, the last key is dropped."""
    n = s.shape[-1]
    return base.masked(a, s, allowed & ((np.arange(n) != 16) | (n != 17) | (not a.is_causal)))


@wrong(
    attention,
    "softmax",
    "tile tail",
    differs(given(S=13)),
    diagnosis="zeros up to a multiple of 4 in the sum",
)
def padding_of_last_tile_in_the_normaliser(a, s):
    """Keys are padded with zeros to a multiple of four, and the padding's scores are summed."""
    pad = np.zeros((*s.shape[:-1], -s.shape[-1] % 4), s.dtype)
    return base.softmax(a, np.concatenate([s, pad], axis=-1))[..., : s.shape[-1]]


@output_tail(differs(given(L=9)))
def query_dropped_at_8k_plus_1(a, o):
    """With 8k+1 queries the last one gets zeros."""
    if a.q.shape[2] % 8 == 1 and a.q.shape[2] > 1:
        o.out[:, :, -1] = 0


@output_tail(differs(given(L=65)))
def query_64_like_63(a, o):
    """With 65 queries the last one gets the output of the one before."""
    if a.q.shape[2] == 65:
        o.out[:, :, 64] = o.out[:, :, 63]


@output_tail(differs(given(V=12)))
def value_features_beyond_a_tile(a, o):
    """Above eight features, those beyond a multiple of eight are zero in the output."""
    n = o.out.shape[-1]
    if n > 8:
        o.out[..., n - n % 8 :] = 0


@wrong(attention, "scores", "tile tail", differs(given(D=12)))
def key_features_beyond_a_tile(a, q, k):
    """Above eight features, those beyond a multiple of eight are left out of the scores."""
    n = q.shape[-1] if q.shape[-1] <= 8 else q.shape[-1] // 8 * 8
    return base.scores(a, q[..., :n], k[..., :n])


@one_size(differs(given(B=3)))
def third_batch_like_first(a, o):
    """In a batch of three the last entry gets the first one's output."""
    if a.q.shape[0] == 3:
        o.out[2] = o.out[0]


@one_size(differs(given(N=3, M=1)))
def three_heads_shift(a, o):
    """With exactly three query heads the outputs are rotated by one head."""
    if a.q.shape[1] == 3:
        o.out = np.roll(o.out, 1, axis=1)


@one_size(differs(given(V=1)))
def single_value_feature_squeezed(a, o):
    """With one value feature the last axis is lost."""
    if o.out.shape[-1] == 1:
        o.out = o.out[..., 0]


@one_size(differs(given(N=2, L=2, M=1)))
def heads_and_queries_confused(a, o):
    """Where N equals L, heads and queries are swapped in the output."""
    if a.q.shape[1] == a.q.shape[2]:
        o.out = np.ascontiguousarray(np.swapaxes(o.out, 1, 2))


@wrong(attention, "scores", "one size only", differs(given(D=5)))
def scores_wrong_at_five_features(a, q, k):
    """With five features the last one is counted twice."""
    s = base.scores(a, q, k)
    return s + base.scores(a, q[..., 4:], k[..., 4:]) if q.shape[-1] == 5 else s


@wrong(
    attention,
    None,
    "softmax formula",
    differs(given(S=40, k=lambda t: t * np.linspace(0.1, 3, 40)[:, None])),
)
def online_softmax_without_rescaling():
    """A running softmax over tiles of 16 keys does not rescale what it summed before a new
    maximum."""

    def softmax(a, s):
        m = np.maximum.accumulate(np.stack([t.max(-1) for t in _tiles(s)]), axis=0)
        e = [
            np.exp(t - np.where(m_ == -np.inf, 0, m_)[..., None])
            for t, m_ in zip(_tiles(s), m, strict=True)
        ]
        e = np.concatenate(e, axis=-1)
        total = e.sum(-1, keepdims=True)
        return e / np.where(total == 0, 1, total)

    return {"softmax": lambda a, s: softmax(a, s) if s.shape[-1] else s}


@wrong(attention, "softmax", "softmax formula", differs(given(q=fill(10.0), k=fill(-10.0))))
def online_softmax_starts_at_zero(a, s):
    """The running maximum starts at 0, so rows of large negative scores vanish."""
    e = np.exp(s - np.max(s, axis=-1, keepdims=True, initial=0))
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


@wrong(
    attention,
    "softmax",
    "leak",
    differs(given(S=40, mask=boolean("B 1 1 S", where=np.s_[..., 16:32]))),
)
def online_softmax_stops_at_empty_tile(a, s):
    """The loop over tiles of 16 keys ends at the first one that is masked throughout."""
    ok = np.ones(s.shape[:-1], bool)
    parts = []
    for t in _tiles(s):
        ok = ok & (t > -np.inf).any(-1)
        parts.append(np.where(ok[..., None], t, -np.inf))
    return base.softmax(a, np.concatenate(parts, axis=-1) if parts else s)


@strides(differs(given(), layout=layout("k", transposed)))
def transposed_keys_read_as_contiguous(a):
    """Keys stored transposed are read in the order of memory."""
    a.k = as_if_contiguous(a.k) if a.k.strides[-1] > a.k.strides[-2] > 0 else a.k


@strides(differs(given(), layout=layout("v", backwards)))
def backward_values_read_forwards(a):
    """Values with a negative stride are read with a positive one."""
    a.v = as_if_contiguous(a.v) if min(a.v.strides) < 0 else a.v


@strides(differs(given(), layout=layout("q", every_second)))
def strided_queries_read_as_contiguous(a):
    """Queries with a step between their features are read without it."""
    a.q = as_if_contiguous(a.q) if a.q.strides[-1] > a.q.itemsize else a.q


# The layout repeats entry 0 along the batch; so does the case, whose arguments are compared.
@strides(differs(given(q=lambda t: t[:1] + 0 * t), layout=layout("q", broadcast_rows)))
def broadcast_queries_read_once(a):
    """Of queries repeated with stride 0 only the first entry is read, the others are zero."""
    if a.q.strides[0] == 0 and a.q.shape[0] > 1:
        a.q = np.concatenate([a.q[:1], np.zeros_like(a.q[1:])])


@strides(differs(given(v=lambda t: t[:, :1] + 0 * t), layout=layout("v", broadcast_heads)))
def expanded_values_read_once(a):
    """Of values repeated for each head with stride 0 only the first head is read."""
    if a.v.strides[1] == 0 and a.v.shape[1] > 1:
        a.v = np.concatenate([a.v[:, :1], np.zeros_like(a.v[:, 1:])], axis=1)


@strides(differs(given(), layout=layout("k", column_major)))
def column_major_keys_read_as_row_major(a):
    """Keys whose axes lie in reverse order in memory are read in the order of memory."""
    if a.k.flags.f_contiguous and not a.k.flags.c_contiguous:
        a.k = a.k.ravel(order="K").reshape(a.k.shape)


@wrong(attention, "scores", "lower precision", differs(given(), FINE), diagnosis="TF32 operands")
def scores_of_tf32_operands(a, q, k):
    """Queries and keys are rounded to TF32, which is not declared."""
    return base.scores(a, tf32(q), tf32(k))


@wrong(attention, "product", "lower precision", differs(given(), FINE), diagnosis="TF32 operands")
def output_of_tf32_operands(a, p, v, allowed):
    """Probabilities and values are rounded to TF32."""
    return base.product(a, tf32(p), tf32(v), allowed)


@wrong(
    attention, "scores", "lower precision", differs(given(q=times(3))), diagnosis="bfloat16 inside"
)
def scores_in_bfloat16(a, q, k):
    """The scores are rounded to bfloat16."""
    return bfloat16(base.scores(a, q, k))


@wrong(
    attention, "softmax", "lower precision", differs(given(), FINE * 4), diagnosis="bfloat16 inside"
)
def probabilities_in_bfloat16(a, s):
    """The probabilities are kept in bfloat16."""
    return bfloat16(base.softmax(a, s))


@wrong(
    attention, "softmax", "lower precision", differs(given(S=65), FINE), diagnosis="float16 inside"
)
def probabilities_in_half_above_64_keys(a, s):
    """With more than 64 keys the probabilities are kept in float16."""
    p = base.softmax(a, s)
    return float16(p) if s.shape[-1] > 64 else p


@wrong(attention, "scores", "lower precision", differs(given(L=20), 1e-4))
def every_twentieth_query_in_bfloat16(a, q, k):
    """The scores of each twentieth query are rounded to bfloat16."""
    s = base.scores(a, q, k)
    s[:, :, 19::20] = bfloat16(s[:, :, 19::20])
    return s


@wrong(attention, "result", "lower precision", differs(given(), FINE), diagnosis="14 bits inside")
def output_of_fourteen_bits(a, o):
    """The output is rounded to 14 bits of significand where float32 has 24."""
    o.out = keep_bits(o.out, 14)


@wrong(
    attention, "result", "lower precision", differs(given(dtype="float64"), 1e-9),
    diagnosis="float32 inside", dtypes=("float64",),
)  # fmt: skip
def attention_double_in_single(a, o):
    """float64 outputs pass through float32."""
    o.out = o.out.astype(np.float32).astype(np.float64)


@wrong(attention, "masked", "approximation", differs(given(), FINE))
def scores_quantised(a, s, allowed):
    """The scores are rounded to multiples of 1/256, as a table of exponentials has them."""
    return base.masked(a, np.round(s * 256) / 256, allowed)


@wrong(attention, "softmax", "overflow", differs(given(q=times(8), v=put(np.s_[:, :, 1], 1e6))))
def small_weights_dropped(a, s):
    """Weights below 1e-4 become 0, which shows where their value is large."""
    p = base.softmax(a, s)
    return np.where(p < 1e-4, 0, p)


def _tiles(s):
    return [s[..., i : i + 16] for i in range(0, s.shape[-1], 16)]
