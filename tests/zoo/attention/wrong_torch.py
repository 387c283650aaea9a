"""Wrong attention in torch: the forward; gradients are what autograd makes of it."""

import math
from functools import partial

import numpy as np
import torch

from zoo.attention import base_torch as base
from zoo.attention.base_torch import attention
from zoo.cases import boolean, case, fill, floating, put, times
from zoo.entries import wrong
from zoo.witness import differs, gradient_differs, layout, transposed

given = partial(case, "attention")
arguments = partial(wrong, attention, "arguments")
ANY = differs(given())


@arguments("option ignored", differs(given(is_causal=True, mask=floating())))
def torch_causal_ignored_with_float_mask(a):
    """is_causal is ignored where a float mask is given."""
    a.is_causal = a.is_causal and (a.mask is None or a.mask.dtype == torch.bool)


@arguments("option ignored", differs(given(window=(2, 0), is_causal=True)))
def torch_window_ignored_with_causal(a):
    """The window is ignored where is_causal is set."""
    a.window = None if a.is_causal else a.window


@arguments("option ignored", differs(given(scale=0.0)), diagnosis="scale 0.0 taken for none")
def torch_scale_zero_is_none(a):
    """A scale of 0.0 is taken for none given."""
    a.scale = a.scale or None


@arguments("option ignored", differs(given(softcap=0.7, is_causal=True)))
def torch_softcap_ignored_with_causal(a):
    """The soft cap is ignored where is_causal is set."""
    a.softcap = None if a.is_causal else a.softcap


@arguments("option ignored", differs(given(L=1, is_causal=True, query_offset=2, window=(1, None))))
def torch_window_ignored_when_decoding(a):
    """The window is ignored for a single query."""
    a.window = None if a.q.shape[2] == 1 else a.window


@wrong(
    attention,
    "causal",
    "causal or offset",
    differs(given(is_causal=True)),
    diagnosis="causal bottom-right",
)
def torch_causal_bottom_right(a, i, j):
    """is_causal is aligned with the last key where L and S differ."""
    return j <= i + a.query_offset + a.k.shape[2] - a.q.shape[2]


@wrong(
    attention, "causal", "causal or offset", differs(given(is_causal=True, L=33, S=33)),
)  # fmt: skip
def torch_causal_one_ahead_at_33(a, i, j):
    """With 33 queries, and no other number, each sees one key too far."""
    return j <= i + a.query_offset + (a.q.shape[2] == 33)


@wrong(
    attention,
    "windowed",
    "window",
    differs(given(window=(1, 1))),
    diagnosis="window off by one on the left",
)
def torch_window_left_one_short(a, i, j):
    """The left bound of the window counts the query itself."""
    left = 0 if a.window[0] is None else a.window[0]
    return base.windowed(a, i, j) & ((j > i + a.query_offset - left) | (a.window[0] is None))


@wrong(attention, "boolean", "mask", differs(given(mask=boolean())), diagnosis="mask polarity")
def torch_mask_polarity(a):
    """True in a boolean mask is taken for masked out, as in key_padding_mask."""
    return ~a.mask if a.mask.dtype == torch.bool else a.mask != -torch.inf


@wrong(
    attention,
    "masked",
    "mask",
    differs(given(mask=floating())),
    diagnosis="float mask before scale",
)
def torch_float_mask_before_scale(a, s, allowed):
    """A float mask is added before the scale, which shrinks it."""
    if a.mask is None or a.mask.dtype == torch.bool:
        return base.masked(a, s, allowed)
    return torch.where(allowed, s + a.mask * base.factor(a), -torch.inf)


@wrong(
    attention,
    "softmax",
    "fully masked row",
    differs(given(mask=boolean("B 1 L S", where=np.s_[:, :, 2]))),
    diagnosis="NaN for a fully masked row",
)
def torch_fully_masked_nan(a, s):
    """torch.softmax over a fully masked row gives NaN where zeros are declared."""
    return torch.softmax(s, -1)


@wrong(
    attention, None, "fully masked row",
    gradient_differs(given(mask=boolean("B 1 L S", where=np.s_[:, :, 2]))),
)  # fmt: skip
def torch_fully_masked_gradient_nan():
    """The NaN of a fully masked row is replaced by 0 in the output alone, not in the gradient."""

    def masked(a, s, allowed):
        return s + torch.where(base.masked(a, s, allowed) == -torch.inf, -torch.inf, 0.0)

    return {"masked": masked, "softmax": lambda a, s: torch.nan_to_num(torch.softmax(s, -1))}


@wrong(
    attention,
    "product",
    "leak",
    differs(given(mask=boolean("S", where=3), v=put(np.s_[:, :, 3], np.nan))),
    diagnosis="0 * NaN",
)
def torch_nan_leaks_from_value(a, p, v, allowed):
    """A NaN in a masked value is multiplied with the weight 0."""
    return p @ v


@wrong(
    attention, "scores", "leak",
    gradient_differs(given(mask=boolean("S", where=3), k=put(np.s_[:, :, 3], np.nan))),
)  # fmt: skip
def torch_nan_leaks_into_gradient(a, q, k, allowed):
    """A NaN in a masked key is kept from the output, and reaches the gradient of the queries."""
    return base.factor(a) * (q @ k.mT)


@wrong(attention, "heads", "head mapping", differs(given(N=4, M=2)), diagnosis="heads tiled")
def torch_heads_tiled(a, t):
    """Key heads are tiled: query head n reads key head n mod M."""
    return t.repeat(1, a.q.shape[1] // t.shape[1], 1, 1)


@wrong(attention, "heads", "head mapping", gradient_differs(given(N=4, M=2)))
def torch_gradient_of_first_head_of_group(a, t):
    """Of the query heads of a group only the first one sends a gradient to its key head."""
    group = a.q.shape[1] // t.shape[1]
    out = base.heads(a, t.detach()).clone()
    out[:, ::group] = t
    return out


@wrong(attention, "factor", "scale", ANY, diagnosis="scale 1/D")
def torch_scale_one_over_d(a):
    """The default scale is 1/D."""
    return 1 / a.q.shape[-1] if a.scale is None else a.scale


@wrong(attention, "factor", "scale", differs(given(D=12)))
def torch_scale_of_padded_d(a):
    """The default scale is that of D rounded up to a power of two."""
    d = 1 << (a.q.shape[-1] - 1).bit_length()
    return 1 / math.sqrt(d) if a.scale is None else a.scale


# In float64 the outputs are good to some 1e-15.
@wrong(
    attention, "factor", "lower precision", differs(given(D=6, dtype="float64"), 1e-11),
    dtypes=("float64",), diagnosis="scale in float32",
)  # fmt: skip
def torch_scale_of_double_in_single(a):
    """With float64 arguments the scale is a tensor of float32."""
    return torch.tensor(base.factor(a), dtype=torch.float32).item()


@wrong(attention, "softmax", "softmax formula", differs(given(q=times(60))), diagnosis="no maximum")
def torch_attention_without_maximum(a, s):
    """The maximum is not subtracted."""
    e = torch.exp(s)
    n = e.sum(-1, keepdim=True)
    return e / torch.where(n == 0, 1, n)


@wrong(attention, "masked", "tile tail", differs(given(S=17)))
def torch_last_key_dropped_at_17(a, s, allowed):
    """With 16k+1 keys the last one is dropped."""
    n = s.shape[-1]
    keep = torch.arange(n) < (n - 1 if n % 16 == 1 and n > 1 else n)
    return base.masked(a, s, allowed & keep)


@arguments("memory layout", differs(given(), layout=layout("k", transposed)))
def torch_transposed_keys_as_contiguous(a):
    """Keys stored transposed are read in the order of memory."""
    strides = a.k.stride()
    if strides[-1] > strides[-2] > 0 and a.k.mT.is_contiguous():
        a.k = a.k.mT.reshape(a.k.shape)


# Scores up to 3 off by 2^-9 relative: 3e-3 of a probability; float32 gives 1e-5.
@wrong(
    attention,
    "softmax",
    "lower precision",
    differs(given(q=times(3)), 5e-4),
    diagnosis="bfloat16 inside",
)
def torch_scores_in_bfloat16(a, s):
    """The scores pass through bfloat16, as under autocast."""
    return base.softmax(a, s.bfloat16().to(s.dtype))


@wrong(attention, "product", "lower precision", differs(given(), 1e-4), diagnosis="float16 inside")
def torch_probabilities_in_half(a, p, v, allowed):
    """The probabilities pass through float16 on their way to the values."""
    return base.product(a, p.half().to(p.dtype), v.half().to(v.dtype), allowed)


# Scores of 20.0625 and 20.1875 become 20 and 20.25: the output is off by 0.25, where the storage of
# probabilities and output allows 0.03.
TWO_KEYS = given(
    S=2, D=2, V=1, q=fill(1.0), k=fill([[20, 0.0625], [20, 0.1875]]), v=fill([[4.0], [-4.0]]),
    scale=1.0, dtype="bfloat16",
)  # fmt: skip


@wrong(
    attention, "scores", "lower precision", differs(TWO_KEYS, 0.1), dtypes=("bfloat16",),
    diagnosis="bfloat16 inside",
)  # fmt: skip
def torch_scores_of_bfloat16_kept_in_bfloat16(a, q, k, allowed):
    """With bfloat16 arguments the scores are kept in bfloat16, where float32 is the default."""
    return base.scores(a, q, k, allowed).bfloat16().float()
