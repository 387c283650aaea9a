"""Wrong softmax and attention in torch, only at one length, one batch size, one flag or path."""

from functools import partial

import numpy as np
import torch

from zoo.attention import base_torch as base
from zoo.attention.base_torch import attention
from zoo.base_torch import with_gradient
from zoo.cases import boolean, case, floating, put
from zoo.entries import wrong
from zoo.softmax.base_torch import shift, softmax, total
from zoo.witness import differs, every_second, gradient_differs, layout

AT = partial(case, "attention")
SM = partial(case, "softmax")


@wrong(softmax, "total", "tile tail", differs(SM(shape=(2, 17))))
def torch_softmax_sum_short_at_17(a, e):
    """At length 17 the last entry is left out of the sum."""
    return total(a, e[..., :16] if e.shape[-1] == 17 else e)


@wrong(softmax, "shift", "overflow", differs(SM(shape=(2, 40), x=put(np.s_[:, 35], 200.0))))
def torch_softmax_maximum_of_first_tile(a, x):
    """The maximum is that of the first 32 entries."""
    return shift(a, x[..., :32])


@wrong(softmax, "arguments", "option ignored", differs(SM(shape=(2, 3, 4), axis=0)))
def torch_softmax_axis_zero_is_last(a):
    """Axis 0 is taken for none given."""
    a.axis = a.axis or -1


@wrong(softmax, "result", "one size only", differs(SM(shape=(4,), axis=0)))
def torch_softmax_vector_gets_a_row_axis(a, o):
    """A vector is returned with a leading axis of one."""
    o.p = o.p[None] if a.x.ndim == 1 else o.p


@wrong(softmax, "probabilities", "fully masked row", differs(SM(x=put(np.s_[1], -np.inf))))
def torch_softmax_empty_row_is_nan(a, x):
    """torch.softmax gives NaN for a row of -inf, where zeros are declared."""
    return torch.softmax(x, -1)


@wrong(softmax, "result", "gradient", gradient_differs(SM(shape=(2, 33))))
def torch_softmax_detached_at_33(a, o):
    """At length 33 the gradient is cut."""
    o.p = o.p.detach().requires_grad_() if a.x.shape[-1] == 33 and o.p.requires_grad else o.p


@wrong(attention, "masked", "tile tail", differs(AT(S=9)))
def torch_key_dropped_at_9(a, s, allowed):
    """With nine keys the last one is dropped."""
    n = s.shape[-1]
    return base.masked(a, s, allowed & (torch.arange(n) < (8 if n == 9 else n)))


@wrong(attention, "result", "tile tail", differs(AT(L=33)))
def torch_query_dropped_at_33(a, o):
    """With 33 queries the last one gets zeros."""
    if a.q.shape[2] == 33:
        o.out = o.out * (torch.arange(33) < 32)[:, None]


@wrong(attention, "scores", "tile tail", differs(AT(D=9)))
def torch_feature_dropped_at_9(a, q, k, allowed):
    """With nine features the last one is left out of the scores."""
    n = 8 if q.shape[-1] == 9 else q.shape[-1]
    return base.scores(a, q[..., :n], k[..., :n], allowed)


@wrong(attention, "result", "one size only", differs(AT(B=3)))
def torch_batch_of_three_shifts(a, o):
    """In a batch of three the outputs move on by one entry."""
    o.out = o.out.roll(1, 0) if len(o.out) == 3 else o.out


@wrong(attention, "heads", "head mapping", differs(AT(N=6, M=2)))
def torch_heads_tiled_in_threes(a, t):
    """Where three query heads share a key head, key heads are tiled."""
    group = a.q.shape[1] // t.shape[1]
    return t.repeat(1, group, 1, 1) if group == 3 else base.heads(a, t)


@wrong(attention, "arguments", "option ignored", differs(AT(is_causal=True, B=1)))
def torch_causal_ignored_for_one_row(a):
    """is_causal is ignored for a batch of one."""
    a.is_causal = a.is_causal and a.q.shape[0] != 1


@wrong(attention, "arguments", "option ignored", differs(AT(mask=boolean("B 1 1 S"), N=4, M=4)))
def torch_padding_mask_ignored_without_groups(a):
    """A mask of shape (B,1,1,S) is ignored where heads are not grouped."""
    if a.mask is not None and a.mask.ndim == 4 and a.mask.shape[1:3] == (1, 1):
        a.mask = None if a.q.shape[1] == a.k.shape[1] else a.mask


@wrong(attention, "arguments", "option ignored", differs(AT(query_offset=3, window=(1, 0))))
def torch_query_offset_needs_causal(a):
    """query_offset is heeded only under is_causal, not by a window alone."""
    a.query_offset = a.query_offset if a.is_causal else 0


@wrong(attention, "arguments", "option ignored", differs(AT(mask=floating("L S"), window=(1, 1))))
def torch_float_mask_ignored_with_window(a):
    """A float mask is ignored where a window is given."""
    if a.window is not None and a.mask is not None and a.mask.dtype != torch.bool:
        a.mask = None


@wrong(
    attention,
    "windowed",
    "window",
    differs(AT(window=(None, 1))),
    diagnosis="window off by one on the right",
)
def torch_window_right_one_more(a, i, j):
    """The window's right bound reaches one key too far."""
    ok = base.windowed(a, i, j)
    return ok | base.windowed(a, i + 1, j) if a.window[1] is not None else ok


@wrong(
    attention, "masked", "mask", differs(AT(mask=boolean("S", where=3), v=put(np.s_[:, :, 3], 1e6)))
)
def torch_masked_score_is_minus_fifteen(a, s, allowed):
    """A masked score becomes -15, so a masked value of 1e6 leaks."""
    return torch.where(allowed, base.masked(a, s, torch.ones_like(allowed)), -15.0)


@wrong(
    attention,
    None,
    "softcap",
    differs(AT(mask=boolean(), softcap=2.0)),
    diagnosis="softcap after the mask",
)
def torch_softcap_after_mask():
    """The soft cap is applied after the mask: -inf becomes -softcap."""
    return {
        "cap": lambda a, s: s,
        "masked": lambda a, s, allowed: base.cap(a, base.masked(a, s, allowed)),
    }


@wrong(attention, "arguments", "memory layout", differs(AT(), layout=layout("v", every_second)))
def torch_strided_values_read_densely(a):
    """Values with a step between their features are read without it."""
    if a.v.stride(-1) > 1 and a.v.shape[-1] > 1:
        a.v = a.v.as_strided(a.v.shape, torch.empty(a.v.shape).stride(), a.v.storage_offset())


@wrong(attention, "scores", "gradient", gradient_differs(AT(S=17)))
def torch_score_gradient_dropped_at_17_keys(a, q, k, allowed):
    """With 17 keys the last one's scores get no gradient."""
    s = base.scores(a, q, k, allowed)
    keep = (torch.arange(s.shape[-1]) < 16) | (s.shape[-1] != 17)
    return with_gradient(s, lambda g: g * keep)


@wrong(attention, "arguments", "gradient", gradient_differs(AT(is_causal=True)))
def torch_values_detached_with_causal(a):
    """The values get no gradient under is_causal."""
    a.v = a.v.detach() if a.is_causal else a.v
