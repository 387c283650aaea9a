"""Wrong attention in NumPy: fully masked rows, leaks of masked places, soft cap."""

from functools import partial

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import boolean, case, floating, put, times
from zoo.entries import wrong
from zoo.witness import differs

given = partial(case, "attention")
empty_row = partial(wrong, attention, "result", "fully masked row")
leak = partial(wrong, attention, "masked", "leak")
softcap = partial(wrong, attention, "cap", "softcap")
EMPTY = boolean("B 1 L S", where=np.s_[:, :, 2])  # query 2 may attend to nothing


def _empty(a):
    return ~base.allowed(a).any(-1)


@empty_row(differs(given(mask=EMPTY)), diagnosis="NaN for a fully masked row")
def fully_masked_gives_nan(a, o):
    """A query that may attend to nothing gets NaN where zeros are declared."""
    o.out[_empty(a)] = np.nan


@empty_row(differs(given(S=0)), fully_masked="nan")
def without_keys_ones(a, o):
    """Without any keys the output is what its memory held: here ones."""
    o.out[_empty(a)] = np.nan if a.k.shape[2] else 1.0


@empty_row(differs(given(mask=EMPTY)), diagnosis="the mean for a fully masked row")
def fully_masked_gives_mean(a, o):
    """A query that may attend to nothing gets the mean of all values, as -1e9 for -inf does."""
    mean = np.repeat(base.heads(a, a.v).mean(2)[:, :, None], a.q.shape[2], axis=2)
    o.out[_empty(a)] = mean[_empty(a)]


@empty_row(differs(given(mask=EMPTY)), diagnosis="the first key's value for a fully masked row")
def fully_masked_gives_first_value(a, o):
    """A query that may attend to nothing gets the first key's value."""
    first = np.repeat(base.heads(a, a.v)[:, :, :1], a.q.shape[2], axis=2)
    if a.k.shape[2]:
        o.out[_empty(a)] = first[_empty(a)]


@empty_row(differs(given(is_causal=True, query_offset=-2)))
def fully_masked_by_offset_gives_nan(a, o):
    """Queries before the first key, by a negative query_offset, get NaN."""
    if a.is_causal and a.query_offset < 0:
        o.out[_empty(a)] = np.nan


@empty_row(differs(given(window=(0, 0), L=9, S=5)))
def fully_masked_by_window_gives_nan(a, o):
    """Queries whose window lies behind the last key get NaN."""
    if a.window is not None and a.mask is None:
        o.out[_empty(a)] = np.nan


@empty_row(differs(given(mask=floating("L S", where=2))))
def fully_masked_by_float_mask_gives_nan(a, o):
    """A row that is -inf throughout a float mask gives NaN; a boolean one does not."""
    if a.mask is not None and a.mask.dtype != bool:
        o.out[_empty(a)] = np.nan


@empty_row(differs(given(mask=EMPTY)))
def fully_masked_row_spoils_its_tile(a, o):
    """A tile of four queries that holds a fully masked one is zero as a whole."""
    empty = _empty(a)
    for start in range(0, a.q.shape[2], 4):
        o.out[:, :, start : start + 4][empty[:, :, start : start + 4].any(-1)] = 0


@empty_row(differs(given(S=0)))
def no_keys_gives_nan(a, o):
    """Without any key the output is NaN."""
    if a.k.shape[2] == 0:
        o.out[...] = np.nan


@empty_row(differs(given(mask=boolean("S", where=slice(0, 8)), S=12)))
def masked_leading_block_gives_nan(a, o):
    """Where a query's first eight keys are masked, its running maximum gives -inf - -inf, NaN."""
    blocked = ~base.allowed(a)[..., :8].any(-1) & (a.k.shape[2] > 8)
    o.out[blocked & ~_empty(a)] = np.nan


@wrong(
    attention, "product", "leak",
    differs(given(mask=boolean("S", where=3), v=put(np.s_[:, :, 3], np.nan))), diagnosis="0 * NaN",
)  # fmt: skip
def nan_leaks_from_masked_value(a, p, v, allowed):
    """A NaN in a masked value is multiplied with the weight 0 and reaches every output."""
    return p @ v


@wrong(
    attention, "product", "leak",
    differs(given(is_causal=True, S=17, L=17, v=put(np.s_[:, :, 16], np.inf))),
)  # fmt: skip
def infinity_leaks_from_future_value(a, p, v, allowed):
    """Infinities in values are removed only where a mask is given, not under is_causal."""
    return base.product(a, p, v, allowed) if a.mask is not None else p @ v


@leak(
    differs(given(mask=boolean("S", where=3), k=put(np.s_[:, :, 3], np.nan))),
    diagnosis="NaN in a masked key",
)
def nan_leaks_from_masked_key(a, s, allowed):
    """The mask is added to the scores as -inf, and a NaN score stays NaN."""
    return base.masked(a, s, np.ones_like(allowed)) + np.where(allowed, 0, -np.inf).astype(s.dtype)


@leak(differs(given(mask=boolean("S", where=3), k=put(np.s_[:, :, 3, 0], np.inf))))
def infinite_masked_score_not_masked(a, s, allowed):
    """A score of +inf stays through the mask."""
    return np.where(allowed | (s == np.inf), base.masked(a, s, np.ones_like(allowed)), -np.inf)


@wrong(
    attention,
    None,
    "leak",
    differs(given(mask=boolean("S", where=3), k=put(np.s_[:, :, 3], 60.0), q=times(9))),
)
def mask_after_softmax():
    """The mask is applied to the probabilities, which are normalised again; large masked scores
    leave nothing to normalise."""

    def softmax(a, s):
        p = base.softmax(a, base.cap(a, base.scores(a, a.q, base.heads(a, a.k)))) * np.isfinite(s)
        return p / np.maximum(p.sum(-1, keepdims=True), np.float32(1e-30))

    return {"softmax": softmax}


@wrong(
    attention,
    "softmax",
    "leak",
    differs(given(mask=boolean())),
    diagnosis="masked keys in the normaliser",
)
def masked_keys_in_the_normaliser(a, s):
    """The sum that normalises runs over masked keys too."""
    full = base.cap(a, base.scores(a, a.q, base.heads(a, a.k)))
    m = np.max(full, axis=-1, keepdims=True, initial=-np.inf)
    return np.exp(s - m) / np.sum(np.exp(full - m), axis=-1, keepdims=True)


@wrong(
    attention,
    "softmax",
    "leak",
    differs(given(mask=boolean("S", where=3), k=put(np.s_[:, :, 3], 1e6))),
)
def masked_scores_in_the_maximum(a, s):
    """The maximum that is subtracted runs over masked keys too, so all others may vanish."""
    full = base.cap(a, base.scores(a, a.q, base.heads(a, a.k)))
    e = np.exp(s - np.max(full, axis=-1, keepdims=True, initial=0))
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


@wrong(
    attention,
    None,
    "softcap",
    differs(given(mask=boolean(), softcap=2.0)),
    diagnosis="softcap after the mask",
)
def softcap_after_mask():
    """The soft cap is applied after the mask: -inf becomes -softcap, and masked keys leak."""
    return {
        "cap": lambda a, s: s,
        "masked": lambda a, s, allowed: base.cap(a, base.masked(a, s, allowed)),
    }


@wrong(
    attention,
    None,
    "softcap",
    differs(given(mask=floating(), softcap=2.0)),
    diagnosis="softcap of the float mask",
)
def softcap_of_float_mask():
    """The float mask is added before the soft cap, -inf apart."""

    def masked(a, s, allowed):
        return np.where(allowed, base.cap(a, base.masked(a, s, np.ones_like(allowed))), -np.inf)

    return {"cap": lambda a, s: s, "masked": masked}


@softcap(differs(given(softcap=2.0)), diagnosis="softcap not multiplied back")
def softcap_not_multiplied_back(a, s):
    """The capped scores are tanh(s / softcap), without the factor."""
    return s if a.softcap is None else np.tanh(s / a.softcap)


@softcap(differs(given(softcap=2.0)), diagnosis="softcap by clipping")
def softcap_by_clipping(a, s):
    """The scores are clipped to +-softcap."""
    return s if a.softcap is None else np.clip(s, -a.softcap, a.softcap)


@softcap(differs(given(softcap=1.0)), diagnosis="softcap before scale")
def softcap_before_scale(a, s):
    """The soft cap is applied before the scale."""
    c = base.factor(a)
    return s if a.softcap is None else c * a.softcap * np.tanh(s / (c * a.softcap))


@softcap(differs(given(softcap=0.3, q=times(0.3)), beyond=5e-5))
def softcap_by_cubic(a, s):
    """The tanh of the soft cap is t - t^3/3 + 2 t^5/15 up to 1, and 1 beyond."""
    t = s / (a.softcap or 1)
    near = t - t**3 / 3 + 2 * t**5 / 15
    return s if a.softcap is None else a.softcap * np.where(np.abs(t) < 1, near, np.tanh(t))
