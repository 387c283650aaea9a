"""Wrong softmax in torch, and attention whose gradient alone is wrong."""

from functools import partial

import torch

from zoo.attention import base_torch as base
from zoo.attention.base_torch import attention
from zoo.base_torch import with_gradient
from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.softmax.base_torch import exponential, softmax, total
from zoo.witness import differs, gradient_differs

given = partial(case, "attention")
SM = partial(case, "softmax")
arguments = partial(wrong, attention, "arguments")


@arguments("gradient", gradient_differs(given()), diagnosis="dk zero")
def torch_keys_detached(a):
    """The keys are detached."""
    a.k = a.k.detach()


@arguments("gradient", gradient_differs(given(L=1)))
def torch_values_detached_when_decoding(a):
    """The values are detached for a single query."""
    a.v = a.v.detach() if a.q.shape[2] == 1 else a.v


@wrong(
    attention, "softmax", "gradient", gradient_differs(given()), diagnosis="probabilities detached"
)
def torch_probabilities_detached(a, s):
    """The probabilities are detached: queries and keys get no gradient."""
    return base.softmax(a, s).detach()


@wrong(
    attention,
    "cap",
    "gradient",
    gradient_differs(given(softcap=0.7)),
    diagnosis="softcap derivative missing",
)
def torch_softcap_straight_through(a, s):
    """The soft cap passes the gradient as it is."""
    return s + (base.cap(a, s) - s).detach()


@wrong(
    attention, "scores", "gradient", gradient_differs(given()), diagnosis="gradient scaled twice"
)
def torch_gradient_scaled_twice(a, q, k, allowed):
    """The gradient of the scores is scaled twice."""
    return with_gradient(base.scores(a, q, k, allowed), lambda g: g * base.factor(a))


@wrong(attention, "scores", "gradient", gradient_differs(given(q=times(9), v=times(9))))
def torch_score_gradient_clipped(a, q, k, allowed):
    """The gradient of the scores is clipped to +-1."""
    return with_gradient(base.scores(a, q, k, allowed), lambda g: g.clamp(-1, 1))


@wrong(softmax, "total", "gradient", gradient_differs(SM()), diagnosis="p * dp alone")
def torch_softmax_normaliser_detached(a, e):
    """The sum is detached: the gradient is p dp."""
    return total(a, e).detach()


@wrong(softmax, "shift", "overflow", differs(SM(x=times(150))), diagnosis="no maximum")
def torch_softmax_without_maximum(a, x):
    """The maximum is not subtracted."""
    return torch.zeros_like(x[..., :1])


@wrong(
    softmax,
    "exponential",
    "lower precision",
    differs(SM(), 1e-4, relative=True),
    diagnosis="float16 inside",
)
def torch_softmax_exponentials_in_half(a, x):
    """The exponentials pass through float16, where small ones lose their bits."""
    return exponential(a, x.half()).to(x.dtype)


@wrong(softmax, "arguments", "option ignored", differs(SM(axis=0)), diagnosis="axis ignored")
def torch_softmax_axis_ignored(a):
    """The softmax is always over the last axis."""
    a.axis = -1


# 2,000 equal entries: bfloat16 stops counting at 256.
@wrong(
    softmax, "total", "lower precision",
    differs(SM(shape=(1, 2000), x=fill(0.0), dtype="bfloat16"), 1e-4),
    dtypes=("bfloat16",), diagnosis="bfloat16 accumulation",
)  # fmt: skip
def torch_softmax_sum_in_bfloat16(a, e):
    """With bfloat16 logits the sum is accumulated in bfloat16."""
    s = torch.zeros_like(e[..., :1]).bfloat16()
    for n in range(e.shape[-1]):
        s = s + e[..., n : n + 1].bfloat16()
    return s.to(e.dtype)


@wrong(softmax, "result", "tile tail", differs(SM(shape=(2, 65))))
def torch_softmax_tail_at_65(a, o):
    """With 65 entries the last one is zero."""
    if a.x.shape[a.axis] == 65:
        keep = torch.arange(65) != 64
        o.p = o.p * keep.reshape([-1 if n == a.axis % a.x.ndim else 1 for n in range(a.x.ndim)])
