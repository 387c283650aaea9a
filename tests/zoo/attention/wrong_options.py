"""Wrong attention in NumPy: an option ignored, always or on one path; the vjp ignores it too."""

from functools import partial

import numpy as np

from zoo import calling
from zoo.attention.base import attention, causal, factor, windowed
from zoo.attention.base import boolean as mask_allows
from zoo.cases import boolean, case, floating
from zoo.entries import wrong
from zoo.witness import differs

given = partial(case, "attention")
ignored = partial(wrong, attention, "arguments", "option ignored")


@ignored(differs(given(mask=boolean())), diagnosis="mask ignored")
def mask_ignored(a):
    """The mask is ignored."""
    a.mask = None


@ignored(differs(given(is_causal=True)), diagnosis="is_causal ignored")
def causal_ignored(a):
    """is_causal is ignored."""
    a.is_causal = False


@ignored(differs(given(scale=0.7)), diagnosis="scale ignored")
def scale_ignored(a):
    """The scale is always 1/sqrt(D)."""
    a.scale = None


@ignored(differs(given(is_causal=True, query_offset=2)), diagnosis="query_offset ignored")
def query_offset_ignored(a):
    """query_offset is ignored."""
    a.query_offset = 0


@ignored(differs(given(window=(1, 1))), diagnosis="window ignored")
def window_ignored(a):
    """The window is ignored."""
    a.window = None


@ignored(differs(given(softcap=0.7)), diagnosis="softcap ignored")
def softcap_ignored(a):
    """The soft cap is ignored."""
    a.softcap = None


@ignored(differs(given(scale=0.0)), diagnosis="scale 0.0 taken for none")
def scale_zero_is_none(a):
    """A scale of 0.0 is taken for none given."""
    a.scale = a.scale or None


@ignored(differs(given(scale=-0.5)), diagnosis="the magnitude of the scale")
def scale_negative_made_positive(a):
    """A negative scale loses its sign."""
    a.scale = None if a.scale is None else abs(a.scale)


@ignored(differs(given(is_causal=True, mask=boolean())), diagnosis="is_causal ignored with mask")
def causal_ignored_with_mask(a):
    """is_causal is ignored where a mask is given."""
    a.is_causal = a.is_causal and a.mask is None


@ignored(
    differs(given(is_causal=True, mask=floating())), diagnosis="is_causal ignored with a float mask"
)
def causal_ignored_with_float_mask(a):
    """is_causal is ignored where a float mask is given."""
    a.is_causal = a.is_causal and (a.mask is None or a.mask.dtype == bool)


@ignored(differs(given(is_causal=True, window=(2, 1))), diagnosis="is_causal ignored with window")
def causal_ignored_with_window(a):
    """is_causal is ignored where a window is given."""
    a.is_causal = a.is_causal and a.window is None


@ignored(differs(given(is_causal=True, L=3, S=7)))
def causal_ignored_unless_square(a):
    """is_causal is ignored where L and S differ."""
    a.is_causal = a.is_causal and a.q.shape[2] == a.k.shape[2]


@ignored(differs(given(is_causal=True, L=1, S=7)))
def causal_ignored_for_one_query(a):
    """is_causal is ignored for a single query, which is taken to be the last position."""
    a.is_causal = a.is_causal and a.q.shape[2] != 1


@ignored(differs(given(is_causal=True, L=17, S=17)))
def causal_ignored_above_sixteen(a):
    """is_causal is ignored for more than 16 queries."""
    a.is_causal = a.is_causal and a.q.shape[2] <= 16


@ignored(differs(given(is_causal=True, B=3)))
def causal_ignored_at_batch_three(a):
    """is_causal is ignored for a batch of exactly three."""
    a.is_causal = a.is_causal and a.q.shape[0] != 3


@ignored(differs(given(is_causal=True, softcap=2.0)), diagnosis="is_causal ignored with softcap")
def causal_ignored_with_softcap(a):
    """is_causal is ignored where a soft cap is given."""
    a.is_causal = a.is_causal and a.softcap is None


@ignored(differs(given(is_causal=True, mask=boolean())), diagnosis="mask ignored with is_causal")
def mask_ignored_with_causal(a):
    """The mask is ignored where is_causal is set."""
    a.mask = None if a.is_causal else a.mask


@ignored(differs(given(is_causal=True, L=6, S=6, mask=boolean("1 1 L S"))))
def boolean_mask_ignored_when_causal_and_square(a):
    """A boolean mask is ignored where is_causal is set and L equals S."""
    if a.is_causal and a.q.shape[2] == a.k.shape[2] and a.mask is not None:
        a.mask = None if a.mask.dtype == bool else a.mask


@ignored(differs(given(mask=floating(), softcap=2.0)))
def float_mask_ignored_with_softcap(a):
    """A float mask is ignored where a soft cap is given."""
    if a.softcap is not None and a.mask is not None and a.mask.dtype != bool:
        a.mask = None


@ignored(
    differs(given(mask=boolean("1 1 L S"), window=(2, 2))), diagnosis="mask ignored with window"
)
def mask_ignored_with_window(a):
    """The mask is ignored where a window is given."""
    a.mask = None if a.window is not None else a.mask


@ignored(differs(given(mask=boolean(), L=1)))
def mask_ignored_for_one_query(a):
    """The mask is ignored for a single query, the path of decoding."""
    a.mask = None if a.q.shape[2] == 1 else a.mask


@ignored(differs(given(mask=boolean("B 1 1 S"), N=6, M=2)))
def padding_mask_ignored_with_grouped_heads(a):
    """A mask of shape (B,1,1,S) is ignored where heads are grouped."""
    if a.mask is not None and a.mask.ndim == 4 and a.mask.shape[1:3] == (1, 1):
        a.mask = a.mask if a.k.shape[1] == a.q.shape[1] else None


@ignored(
    differs(given(window=(2, None), is_causal=True)), diagnosis="window ignored with is_causal"
)
def window_ignored_with_causal(a):
    """The window is ignored where is_causal is set."""
    a.window = None if a.is_causal else a.window


@ignored(differs(given(window=(1, 1), mask=boolean())), diagnosis="window ignored with mask")
def window_ignored_with_mask(a):
    """The window is ignored where a mask is given."""
    a.window = None if a.mask is not None else a.window


@ignored(differs(given(window=(2, 2), S=9)))
def window_ignored_up_to_sixteen_keys(a):
    """The window is ignored for 16 keys or fewer."""
    a.window = None if a.k.shape[2] <= 16 else a.window


@ignored(differs(given(window=(2, 2), softcap=1.0)), diagnosis="window ignored with softcap")
def window_ignored_with_softcap(a):
    """The window is ignored where a soft cap is given."""
    a.window = None if a.softcap is not None else a.window


@ignored(differs(given(window=(2, 2), L=1, query_offset=6)))
def window_ignored_for_one_query(a):
    """The window is ignored for a single query, the path of decoding."""
    a.window = None if a.q.shape[2] == 1 else a.window


@ignored(differs(given(window=(2, 1))), diagnosis="right bound of the window ignored")
def window_right_ignored(a):
    """The right bound of the window is ignored."""
    a.window = a.window and (a.window[0], None)


@ignored(differs(given(window=(1, 2))), diagnosis="left bound of the window ignored")
def window_left_ignored(a):
    """The left bound of the window is ignored."""
    a.window = a.window and (None, a.window[1])


@ignored(differs(given(window=(None, 1))))
def window_ignored_without_left(a):
    """A window with no left bound is taken for no window."""
    a.window = None if a.window and a.window[0] is None else a.window


@ignored(differs(given(window=(0, 0))))
def window_of_zero_is_none(a):
    """A bound of 0 is taken for unbounded."""
    a.window = a.window and (a.window[0] or None, a.window[1] or None)


@ignored(differs(given(is_causal=True, query_offset=-2)))
def negative_query_offset_raised_to_zero(a):
    """A negative query_offset is taken for 0."""
    a.query_offset = max(a.query_offset, 0)


@ignored(differs(given(is_causal=True, query_offset=2, mask=boolean("L S"))))
def query_offset_ignored_with_mask(a):
    """query_offset is ignored where a mask is given."""
    a.query_offset = 0 if a.mask is not None else a.query_offset


@ignored(differs(given(softcap=0.7, is_causal=True)), diagnosis="softcap ignored with is_causal")
def softcap_ignored_with_causal(a):
    """The soft cap is ignored where is_causal is set."""
    a.softcap = None if a.is_causal else a.softcap


@ignored(differs(given(softcap=0.7, mask=boolean())))
def softcap_ignored_with_mask(a):
    """The soft cap is ignored where a mask is given."""
    a.softcap = None if a.mask is not None else a.softcap


@ignored(differs(given(softcap=0.7, L=1)))
def softcap_ignored_for_one_query(a):
    """The soft cap is ignored for a single query."""
    a.softcap = None if a.q.shape[2] == 1 else a.softcap


@ignored(differs(given(softcap=0.7, N=6, M=2)))
def softcap_ignored_with_grouped_heads(a):
    """The soft cap is ignored where heads are grouped."""
    a.softcap = a.softcap if a.q.shape[1] == a.k.shape[1] else None


@ignored(differs(given(scale=0.9, mask=floating())), diagnosis="scale ignored with a float mask")
def scale_ignored_with_float_mask(a):
    """The scale is 1/sqrt(D) where a float mask is given."""
    a.scale = None if a.mask is not None and a.mask.dtype != bool else a.scale


@wrong(
    attention, "windowed", "option ignored", differs(given(window=(1, 1), query_offset=3)),
    diagnosis="query_offset ignored by the window",
)  # fmt: skip
def query_offset_ignored_by_window(a, i, j):
    """query_offset moves the causal bound but not the window."""
    return windowed(a, i - a.query_offset, j)


@wrong(
    attention, "causal", "option ignored", differs(given(is_causal=True, query_offset=3)),
    diagnosis="query_offset ignored by is_causal",
)  # fmt: skip
def query_offset_ignored_by_causal(a, i, j):
    """query_offset moves the window but not the causal bound."""
    return causal(a, i - a.query_offset, j)


@wrong(attention, "factor", "option ignored", differs(given(scale=0.9, softcap=2.0)))
def scale_ignored_with_softcap(a):
    """The scale is 1/sqrt(D) where a soft cap is given."""
    return 1 / np.sqrt(a.q.shape[-1]).item() if a.softcap is not None else factor(a)


@wrong(
    attention,
    "boolean",
    "option ignored",
    differs(given(mask=boolean())),
    diagnosis="the mask of the first head for all",
)
def mask_of_first_head_for_all(a):
    """A mask with heads is read at head 0 only."""
    ok = mask_allows(a)
    return ok[:, :1] if ok.ndim == 4 else ok


@wrong(
    attention,
    "boolean",
    "option ignored",
    differs(given(mask=boolean("B 1 L S"))),
    diagnosis="the mask of the first batch entry for all",
)
def mask_of_first_batch_for_all(a):
    """A mask with a batch is read at batch entry 0 only."""
    ok = mask_allows(a)
    return ok[:1] if ok.ndim == 4 else ok


def in_a_list(subject):
    """A window in a list gives an answer, and not that of the same window in a tuple."""
    arrays, options = calling.native(subject, given(window=(1, 1)))
    one, other = (
        calling.outputs(subject, "attention", arrays, {**options, "window": window})[0]
        for window in ((1, 1), [1, 1])
    )
    return bool(np.abs(one - other).max() > 1e-3)


@ignored(in_a_list)
def window_in_a_list_ignored(a):
    """A window is looked for in a tuple only."""
    a.window = None if isinstance(a.window, list) else a.window


@ignored(differs(given(scale=0.05)))
def small_scales_ignored(a):
    """A scale below 1/8 is taken for none given."""
    a.scale = None if 0 < (a.scale or 0) < 0.125 else a.scale
