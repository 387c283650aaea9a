"""log-sum-exp of attention's scores: what a kernel keeps of softmax, for its gradient or a merge.

Two parts of the keys can be attended to apart, and merged: with out and lse of each part, the whole
is the mean of the parts' outputs with weights exp(lse_part - lse), where
lse = log(exp(lse_1) + exp(lse_2)).

Source: Dao et al. (2022), "FlashAttention", section 3.1.
"""

from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, log_sum_exp
from seqlaws.reference.attention import Window, heads, scores


def attention_log_sum_exp(
    q: Array,
    k: Array,
    v: Array,
    mask: Any = None,
    is_causal: bool = False,
    scale: float | None = None,
    query_offset: int = 0,
    window: Window = None,
    softcap: float | None = None,
    *,
    stored: bool = True,
) -> Array:
    """log sum_j exp(s_ij) of each query, the scores s_ij as in `attention`: (B, N, L).

    -inf for a query that may attend to no key.
    stored: whether it is returned in the dtype of q; else in that of the sums.
    Raises as `attention` does.
    """
    k = np.repeat(k, heads(q, k, v), axis=1)
    allowed, s, _ = scores(q, k, mask, is_causal, scale, query_offset, window, softcap)
    lse = np.where(np.any(allowed, axis=-1), log_sum_exp(s)[..., 0], -np.inf)
    return +lse if stored else lse
