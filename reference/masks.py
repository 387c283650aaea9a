"""Masks: which query may attend to which key."""

from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array
from seqlaws.reference.shapes import broadcasts


def allowed_pairs(
    shape: tuple[int, int, int, int],
    mask: Any = None,
    is_causal: bool = False,
    query_offset: int = 0,
    window: tuple[int | None, int | None] | None = None,
) -> Array:
    """bool (B, N, L, S): the pairs that mask, is_causal and window allow, all applied together.

    Query i is at position i + query_offset among the keys.
    mask: broadcastable to (B, N, L, S); boolean, True where i may attend to j, or of the inputs'
    dtype, added to the scores; -inf forbids.
    is_causal: query i may attend to the keys j <= i + query_offset.
    query_offset: the number of keys before the first query, such as a cache's length.
    window: (left, right): i + query_offset - left <= j <= i + query_offset + right; either may be
    None (no limit).
    Raises ValueError for a mask that
    does not broadcast or a window that is not a pair, TypeError for a mask of integers.
    """
    allowed = np.ones(shape, bool)
    i = np.arange(shape[2])[:, None] + query_offset  # (L, 1)
    j = np.arange(shape[3])  # (S,)
    if is_causal:
        allowed &= j <= i
    if window is not None:
        if not isinstance(window, tuple) or len(window) != 2:
            raise ValueError(f"attention: window is {window!r}; (left, right) is expected")
        left, right = window
        if left is not None:
            allowed &= i - left <= j
        if right is not None:
            allowed &= j <= i + right
    if mask is not None:
        broadcasts("attention", "mask", mask, shape)
        allowed &= np.asarray(mask, bool) if mask.dtype == bool else ~np.isneginf(np.real(mask))
    return allowed


def is_floating(mask: Any) -> bool:
    """Whether the mask is one that is added to the scores; TypeError for one of integers."""
    if mask is None or mask.dtype == bool:
        return False
    if np.issubdtype(mask.dtype, np.integer):
        raise TypeError(f"attention: a mask of {mask.dtype} is neither boolean nor floating")
    return True
