"""Wrong attention where a floating mask is large, negative and finite: it ranks, never excludes."""

from functools import partial

import numpy as np

from zoo.attention.base import attention, boolean, masked
from zoo.cases import case
from zoo.entries import wrong
from zoo.witness import differs


def low(rng, sizes):
    """A mask of about -2e9 on all keys."""
    return -1e9 * (1 + rng.random((sizes["L"], sizes["S"]))).astype(np.float32).astype(float)


given = partial(case, "attention", mask=low)
low_masks = partial(wrong, attention, defect="low masks", witness=differs(given()))


@low_masks("boolean")
def mask_below_minus_a_thousand_million_excludes(a):
    """A mask of -1e9 and less excludes the key."""
    return boolean(a) if a.mask.dtype == bool else a.mask > -1e9


@low_masks("boolean")
def mask_below_minus_ten_thousand_excludes(a):
    """A mask of -1e4 and less excludes the key."""
    return boolean(a) if a.mask.dtype == bool else a.mask > -1e4


@low_masks("masked")
def mask_at_least_minus_ten_thousand(a, s, allowed):
    """A mask below -1e4 is taken for -1e4."""
    given = a.mask
    if given is not None and given.dtype != bool:
        a.mask = np.maximum(given, -1e4).astype(s.dtype)
    s = masked(a, s, allowed)
    a.mask = given
    return s
