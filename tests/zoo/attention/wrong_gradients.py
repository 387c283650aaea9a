"""Wrong attention in NumPy: the vjp, the forward being right."""

from functools import partial

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import boolean, case, put, times
from zoo.entries import wrong
from zoo.layouts import as_if_contiguous
from zoo.roundings import bfloat16
from zoo.witness import gradient_differs, layout, transposed

given = partial(case, "attention")
result = partial(wrong, attention, "vjp_result", "gradient")
arguments = partial(wrong, attention, "vjp_arguments", "gradient")
ANY = gradient_differs(given())
EMPTY = gradient_differs(given(mask=boolean("B 1 L S", where=np.s_[:, :, 2])))
MASKED = boolean("S", where=3)


@result(ANY, diagnosis="dq zero")
def dq_zero(a, g):
    """The queries get no gradient."""
    g.q = np.zeros_like(g.q)


@result(ANY, diagnosis="dk zero")
def dk_zero(a, g):
    """The keys get no gradient."""
    g.k = np.zeros_like(g.k)


@result(ANY, diagnosis="dv zero")
def dv_zero(a, g):
    """The values get no gradient."""
    g.v = np.zeros_like(g.v)


@result(ANY, diagnosis="dq without scale")
def dq_without_scale(a, g):
    """The gradient of the queries lacks the scale."""
    g.q = g.q / np.float32(base.factor(a) or 1)


@result(ANY, diagnosis="dk scaled twice")
def dk_scaled_twice(a, g):
    """The gradient of the keys is scaled twice."""
    g.k = g.k * np.float32(base.factor(a))


@result(ANY, diagnosis="dv doubled")
def dv_doubled(a, g):
    """The gradient of the values is doubled."""
    g.v = 2 * g.v


@result(gradient_differs(given(L=7, S=7, V=8)))
def dk_and_dv_swapped_when_alike(a, g):
    """Where keys and values have one shape, their gradients are swapped."""
    if g.k.shape == g.v.shape:
        g.k, g.v = g.v, g.k


@wrong(
    attention,
    "fold",
    "gradient",
    gradient_differs(given(N=4, M=2)),
    diagnosis="gradient of one head of a group",
)
def dk_of_last_head_of_group(a, t):
    """Of the query heads that share a key head only the last one's gradient is kept."""
    group = t.shape[1] // a.k.shape[1]
    return t[:, group - 1 :: group].copy()


@wrong(
    attention,
    "fold",
    "gradient",
    gradient_differs(given(N=4, M=2)),
    diagnosis="mean over the group",
)
def dk_averaged_over_group(a, t):
    """The gradients of a group of query heads are averaged, not summed."""
    return base.fold(a, t) / np.float32(t.shape[1] // a.k.shape[1])


@wrong(
    attention,
    "fold",
    "head mapping",
    gradient_differs(given(N=4, M=2)),
    diagnosis="heads tiled in the vjp",
)
def dk_folded_as_tiles(a, t):
    """The gradients are gathered as if key heads had been tiled."""
    m = a.k.shape[1]
    return t.reshape(t.shape[0], t.shape[1] // m, m, *t.shape[2:]).sum(1)


@wrong(
    attention,
    "dcap",
    "gradient",
    gradient_differs(given(softcap=0.7)),
    diagnosis="softcap derivative missing",
)
def dcap_missing(a, s, ds):
    """The derivative of the soft cap is left out."""
    return ds


@wrong(attention, "dcap", "gradient", gradient_differs(given(softcap=0.7)))
def dcap_straight_beyond(a, s, ds):
    """The soft cap passes the gradient whole below its value and not at all above."""
    return ds if a.softcap is None else ds * (np.abs(s) < a.softcap)


@wrong(attention, "dcap", "gradient", gradient_differs(given(softcap=0.7, is_causal=True)))
def dcap_missing_with_causal(a, s, ds):
    """The derivative of the soft cap is left out under is_causal."""
    return ds if a.is_causal else base.dcap(a, s, ds)


@wrong(attention, "dsoftmax", "gradient", ANY, diagnosis="rowsum missing")
def dsoftmax_without_rowsum(a, p, dp):
    """The row sum of P dP is not subtracted."""
    return p * dp


@wrong(attention, "dsoftmax", "gradient", ANY, diagnosis="the mean of dP for the rowsum")
def dsoftmax_with_plain_sum(a, p, dp):
    """The mean of dP is subtracted, not the sum weighted by P."""
    return p * (dp - dp.mean(-1, keepdims=True)) if dp.shape[-1] else p


@wrong(
    attention,
    "dsoftmax",
    "lower precision",
    gradient_differs(given(), 1e-4),
    diagnosis="bfloat16 inside",
)
def dsoftmax_in_bfloat16(a, p, dp):
    """dP - rowsum is rounded to bfloat16."""
    return p * bfloat16(dp - np.sum(p * dp, axis=-1, keepdims=True))


@wrong(attention, "dsoftmax", "gradient", gradient_differs(given(q=times(8))))
def dsoftmax_detached_when_saturated(a, p, dp):
    """Rows with a probability above 0.999 get no gradient."""
    return np.where(p.max(-1, keepdims=True, initial=0) > 0.999, 0, base.dsoftmax(a, p, dp))


@result(gradient_differs(given(L=9)))
def dq_tail_8k_plus_1(a, g):
    """With 8k+1 queries the last one gets no gradient."""
    if a.q.shape[2] % 8 == 1:
        g.q[:, :, -1] = 0


@result(gradient_differs(given(S=33)))
def dk_tail_at_33(a, g):
    """With 33 keys the last one gets no gradient."""
    if a.k.shape[2] == 33:
        g.k[:, :, -1] = 0


@result(gradient_differs(given(L=40)))
def dv_of_first_thirty_two_queries(a, g):
    """The values' gradient sums over the first 32 queries alone."""
    if a.q.shape[2] > 32:
        late = base.attention.build()  # the contribution of the later queries, taken off again
        dout = a.dout.copy()
        dout[:, :, :32] = 0
        g.v = g.v - late["attention_vjp"](dout, a.q, a.k, a.v, **_options(a))[2]


@result(gradient_differs(given(B=3)))
def dk_of_third_batch_missing(a, g):
    """In a batch of three the last entry's keys get no gradient."""
    if a.k.shape[0] == 3:
        g.k[2] = 0


@arguments(gradient_differs(given(mask=boolean())), diagnosis="mask ignored")
def vjp_ignores_mask(a):
    """The vjp recomputes the probabilities without the mask."""
    a.mask = None


@arguments(gradient_differs(given(is_causal=True)), diagnosis="is_causal ignored")
def vjp_ignores_causal(a):
    """The vjp recomputes the probabilities without is_causal."""
    a.is_causal = False


@arguments(gradient_differs(given(window=(1, 1))), diagnosis="window ignored")
def vjp_ignores_window(a):
    """The vjp recomputes the probabilities without the window."""
    a.window = None


@arguments(
    gradient_differs(given(is_causal=True, query_offset=2)), diagnosis="query_offset ignored"
)
def vjp_ignores_query_offset(a):
    """The vjp recomputes the probabilities with a query_offset of 0."""
    a.query_offset = 0


@arguments(gradient_differs(given(scale=0.9)), diagnosis="scale ignored")
def vjp_ignores_scale(a):
    """The vjp works with the default scale."""
    a.scale = None


@arguments(gradient_differs(given(), layout=layout("q", transposed)))
def vjp_reads_transposed_queries_as_contiguous(a):
    """The vjp reads queries stored transposed in the order of memory; the forward does not."""
    a.q = as_if_contiguous(a.q) if a.q.strides[-1] > a.q.strides[-2] > 0 else a.q


@result(EMPTY)
def dq_nan_at_fully_masked_row(a, g):
    """The query of a fully masked row gets the gradient NaN where zeros are declared."""
    g.q[~base.allowed(a).any(-1)] = np.nan


@result(EMPTY)
def dv_of_fully_masked_row(a, g):
    """A fully masked row hands its cotangent to the values, as if its weights were equal."""
    empty = ~base.allowed(a).any(-1)
    extra = np.where(empty[..., None], a.dout, 0).sum(2, keepdims=True)
    g.v = g.v + base.fold(a, np.repeat(extra / max(a.k.shape[2], 1), a.k.shape[2], axis=2))


@wrong(
    attention,
    "dsoftmax",
    "leak",
    gradient_differs(given(mask=MASKED, v=put(np.s_[:, :, 3], 1e6)), 1e-2),
)
def dp_of_masked_places(a, p, dp):
    """The row sum uses dP of all places with a weight of at least 1e-6, also of masked ones."""
    full = a.dout @ np.swapaxes(base.heads(a, a.v), -1, -2)
    return p * (dp - np.sum(np.maximum(p, np.float32(1e-6)) * full, axis=-1, keepdims=True))


@result(gradient_differs(given(mask=MASKED)))
def dk_at_masked_places(a, g):
    """A key that no query may attend to gets a gradient, that of its neighbour."""
    lonely = ~base.allowed(a).any((0, 1, 2))
    g.k[:, :, lonely] = np.roll(g.k, 1, axis=2)[:, :, lonely]


@result(gradient_differs(given(mask=MASKED, v=put(np.s_[:, :, 3], np.nan))))
def dq_nan_from_masked_value(a, g):
    """A NaN in a masked value reaches the gradient of the queries."""
    g.q = g.q + 0 * np.sum(a.v)


@result(gradient_differs(given(v=times(30))))
def attention_gradients_clipped(a, g):
    """All gradients are clipped to +-5."""
    g.q, g.k, g.v = (np.clip(t, -5, 5) for t in (g.q, g.k, g.v))


def _options(a):
    names = ("mask", "is_causal", "scale", "query_offset", "window", "softcap")
    return {name: getattr(a, name) for name in names}
