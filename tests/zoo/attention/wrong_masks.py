"""Wrong attention in NumPy: causal alignment, offset, window, and how a mask is read."""

from functools import partial

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.cases import boolean, case, fill, floating, put, times
from zoo.entries import wrong
from zoo.witness import differs

given = partial(case, "attention")
causal = partial(wrong, attention, "causal", "causal or offset")
window = partial(wrong, attention, "windowed", "window")
mask = partial(wrong, attention, "boolean", "mask")
masked = partial(wrong, attention, "masked", "mask")
CAUSAL = differs(given(is_causal=True))
OFFSET = differs(given(is_causal=True, query_offset=2))


@causal(CAUSAL, diagnosis="causal off by one")
def causal_strict(a, i, j):
    """A query may not attend to its own position: j < i."""
    return j < i + a.query_offset


@causal(CAUSAL, diagnosis="causal off by one")
def causal_one_ahead(a, i, j):
    """A query may attend to the next position: j <= i + 1."""
    return j <= i + a.query_offset + 1


@causal(CAUSAL, diagnosis="causal bottom-right")
def causal_bottom_right(a, i, j):
    """The last query is aligned with the last key, and query_offset counts on top."""
    return j <= i + a.query_offset + a.k.shape[2] - a.q.shape[2]


@causal(differs(given(is_causal=True, L=7, S=4)))
def causal_bottom_right_when_queries_exceed_keys(a, i, j):
    """With more queries than keys the causal rule is aligned at the bottom right."""
    shift = min(a.k.shape[2] - a.q.shape[2], 0) if a.query_offset == 0 else 0
    return j <= i + a.query_offset + shift


@causal(CAUSAL, diagnosis="causal reversed")
def causal_looks_ahead(a, i, j):
    """The triangle is the other one: a query attends to keys at and behind its position."""
    return j >= i + a.query_offset


@causal(OFFSET, diagnosis="query_offset with the wrong sign")
def causal_offset_subtracted(a, i, j):
    """query_offset is subtracted."""
    return j <= i - a.query_offset


@causal(OFFSET, diagnosis="query_offset one short")
def causal_offset_one_short(a, i, j):
    """A query_offset that is not 0 counts one too few."""
    return j <= i + a.query_offset - (a.query_offset > 0)


@causal(differs(given(is_causal=True, query_offset=2, S=9)), diagnosis="query_offset doubled")
def causal_offset_doubled(a, i, j):
    """query_offset is applied twice."""
    return j <= i + 2 * a.query_offset


@causal(OFFSET)
def causal_offset_for_one_query_only(a, i, j):
    """query_offset is heeded for a single query alone, the path of decoding."""
    return base.causal(a, i, j) if a.q.shape[2] == 1 else j <= i


@causal(differs(given(is_causal=True, L=40, S=40)))
def causal_by_tiles_of_sixteen(a, i, j):
    """Above 32 queries the causal bound is that of a tile of 16, not of the query."""
    rows = i if a.q.shape[2] <= 32 else i // 16 * 16 + 15
    return j <= rows + a.query_offset


@causal(differs(given(is_causal=True, L=17, S=17)))
def causal_first_row_of_second_tile(a, i, j):
    """Query 16, the first of the second tile, may attend to key 0 only."""
    return (j <= i + a.query_offset) & ((i != 16) | (j == 0))


@causal(differs(given(is_causal=True, query_offset=2, L=1, S=5)))
def causal_offset_misses_the_new_key(a, i, j):
    """With one query and a cache, the query sees the cached keys but not its own."""
    own = a.q.shape[2] == 1 and a.query_offset > 0
    return j <= i + a.query_offset - own


@window(differs(given(window=(2, 1))), diagnosis="window off by one on the left")
def window_left_one_short(a, i, j):
    """The left bound counts the query itself: one key too few."""
    return base.windowed(a, i, j) & (
        (a.window[0] is None) | (j > i + a.query_offset - (a.window[0] or 0))
    )


@window(differs(given(window=(1, 1))), diagnosis="window off by one on the left")
def window_left_one_more(a, i, j):
    """One key too many on the left."""
    left, right = a.window
    return base.windowed(_with(a, (left if left is None else left + 1, right)), i, j)


@window(differs(given(window=(1, 2))), diagnosis="window off by one on the right")
def window_right_one_short(a, i, j):
    """One key too few on the right."""
    left, right = a.window
    return base.windowed(_with(a, (left, right if right is None else right - 1)), i, j)


@window(differs(given(window=(1, 1))), diagnosis="window off by one on the right")
def window_right_one_more(a, i, j):
    """One key too many on the right."""
    left, right = a.window
    return base.windowed(_with(a, (left, right if right is None else right + 1)), i, j)


@window(differs(given(window=(3, 1), S=9)), diagnosis="window sides swapped")
def window_sides_swapped(a, i, j):
    """Left and right are swapped."""
    return base.windowed(_with(a, a.window[::-1]), i, j)


@window(differs(given(window=(1, 3), S=9)), diagnosis="left bound of the window on both sides")
def window_left_on_both_sides(a, i, j):
    """The left bound is used on both sides."""
    return base.windowed(_with(a, (a.window[0], a.window[0])), i, j)


@window(
    differs(given(window=(1, None), S=9)), diagnosis="an unbounded side of the window taken for 0"
)
def window_none_is_zero(a, i, j):
    """An unbounded side is taken for 0."""
    return base.windowed(_with(a, tuple(side or 0 for side in a.window)), i, j)


@window(differs(given(window=(2, 2), L=9, S=9)))
def window_in_blocks(a, i, j):
    """The window is that of the first query of a block of four."""
    return base.windowed(a, i // 4 * 4, j)


@window(differs(given(window=(1, 1), L=3, S=7)), diagnosis="window aligned bottom-right")
def window_aligned_bottom_right(a, i, j):
    """The window is aligned with the last key, the causal rule with the first."""
    return base.windowed(a, i + a.k.shape[2] - a.q.shape[2], j)


@window(
    differs(given(window=(2, None), query_offset=3)),
    diagnosis="query_offset with the wrong sign in the window",
)
def window_offset_subtracted(a, i, j):
    """query_offset moves the window the wrong way."""
    return base.windowed(a, i - 2 * a.query_offset, j)


@window(differs(given(window=(17, 0), L=24, S=24)))
def window_left_at_most_sixteen(a, i, j):
    """A left bound above 16 is cut to 16."""
    left, right = a.window
    return base.windowed(_with(a, (left if left is None else min(left, 16), right)), i, j)


@mask(differs(given(mask=boolean())), diagnosis="mask polarity")
def mask_polarity_inverted(a):
    """True in a boolean mask is taken for masked out."""
    return ~a.mask if a.mask.dtype == bool else a.mask != -np.inf


@mask(differs(given(mask=boolean("L S"), L=6, S=6)))
def mask_transposed_when_square(a):
    """A mask of two axes is read transposed where L equals S."""
    ok = base.boolean(a)
    return ok.T if ok.ndim == 2 and ok.shape[0] == ok.shape[1] else ok


@mask(differs(given(mask=boolean("N L S"), B=4, N=4)))
def mask_of_three_axes_per_batch(a):
    """A mask (N,L,S) is taken for (B,L,S) where B equals N."""
    ok = base.boolean(a)
    return ok[:, None] if ok.ndim == 3 and ok.shape[0] == a.q.shape[0] > 1 else ok


@mask(differs(given(mask=boolean("B 1 1 S"), B=2, L=2)))
def mask_of_keys_per_query(a):
    """A padding mask (B,1,1,S) is taken for one of queries where B equals L."""
    ok = base.boolean(a)
    return np.swapaxes(ok, 0, 2) if ok.ndim == 4 and ok.shape[:3] == (a.q.shape[2], 1, 1) else ok


@mask(differs(given(mask=boolean("B 1 L S"), B=3)))
def mask_ignored_in_last_batch(a):
    """In batches of three the last entry's mask is ignored."""
    ok = np.array(base.boolean(a))
    if ok.ndim == 4 and ok.shape[0] == 3:
        ok[2] = True
    return ok


@mask(differs(given(mask=boolean("B N L S", where=np.s_[..., -1], value=False), S=17)))
def mask_last_column_ignored(a):
    """The last key's mask is ignored where S is not a multiple of 16."""
    ok = np.array(base.boolean(a))
    if ok.ndim and ok.shape[-1] == a.k.shape[2] and ok.shape[-1] % 16:
        ok[..., -1] = True
    return ok


@wrong(
    attention,
    "allowed",
    "mask",
    differs(given(mask=boolean("L S"), is_causal=True)),
    diagnosis="mask or causal",
)
def mask_or_causal(a):
    """With is_causal and a mask, a key is allowed where either allows it."""
    i, j = np.arange(a.q.shape[2])[:, None], np.arange(a.k.shape[2])
    ok = base.allowed(a)
    return (
        ok | (base.boolean(a) | (j <= i + a.query_offset))
        if a.is_causal and a.mask is not None
        else ok
    )


@masked(differs(given(mask=floating())), diagnosis="float mask multiplied")
def float_mask_multiplied(a, s, allowed):
    """A float mask is multiplied with the scores."""
    return np.where(allowed, s if a.mask is None or a.mask.dtype == bool else s * a.mask, -np.inf)


@masked(differs(given(mask=floating())), diagnosis="float mask taken as boolean")
def float_mask_values_ignored(a, s, allowed):
    """Of a float mask only -inf is heeded; its other values are not added."""
    return np.where(allowed, s, -np.inf)


@masked(differs(given(mask=floating())), diagnosis="float mask before scale")
def float_mask_before_scale(a, s, allowed):
    """A float mask is added before the scale, which shrinks it."""
    return base.masked(_mask_times(a, base.factor(a)), s, allowed)


@masked(differs(given(mask=floating())), diagnosis="float mask subtracted")
def float_mask_subtracted(a, s, allowed):
    """A float mask is subtracted."""
    return base.masked(_mask_times(a, -1), s, allowed)


@masked(
    differs(given(mask=floating("B N L S", where=np.s_[..., 2], value=-30.0), q=times(9))),
    diagnosis="float mask of at least -10",
)
def float_mask_clipped_at_minus_ten(a, s, allowed):
    """Values of a float mask below -10 are raised to -10."""
    if a.mask is None or a.mask.dtype == bool:
        return base.masked(a, s, allowed)
    return np.where(allowed, s + np.maximum(a.mask, -10), -np.inf)


@masked(differs(given(mask=boolean())), diagnosis="boolean mask added")
def boolean_mask_added(a, s, allowed):
    """A boolean mask is added to the scores as 0 and 1."""
    return s + a.mask if a.mask is not None and a.mask.dtype == bool else base.masked(a, s, allowed)


@masked(differs(given(mask=boolean())), diagnosis="masked scores set to 0")
def masked_score_is_zero(a, s, allowed):
    """A masked score becomes 0, not -inf."""
    return np.where(allowed, base.masked(a, s, allowed), 0)


@masked(
    differs(given(mask=boolean(), q=fill(100.0), k=fill(-20.0), scale=10.0)),
    diagnosis="masked scores set to -10000",
)
def masked_score_is_minus_ten_thousand(a, s, allowed):
    """A masked score becomes -10000, which is above some scores."""
    return np.where(allowed, base.masked(a, s, allowed), np.float32(-1e4))


# e^-20 vanishes beside values around 1, and not beside 1e6.
@masked(
    differs(given(mask=boolean("S", where=3), v=put(np.s_[:, :, 3], 1e6))),
    diagnosis="20 taken off masked scores",
)
def masked_score_is_twenty_less(a, s, allowed):
    """A masked score has 20 taken off, so a masked value of 1e6 leaks."""
    return np.where(allowed, base.masked(a, s, np.ones_like(allowed)), s - 20)


def _with(a, bounds):
    return type(a)(**{**vars(a), "window": bounds})


def _mask_times(a, number):
    if a.mask is None or a.mask.dtype == bool:
        return a
    with np.errstate(all="ignore"):
        scaled = np.where(a.mask == -np.inf, a.mask, a.mask * a.mask.dtype.type(number))
    return type(a)(**{**vars(a), "mask": scaled})
