"""Attention that returns the log-sum-exp of its scores, so that parts over keys can be merged."""

import math

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import log_sum_exp, softmax_rows


@operation(
    q="B N L D", k="B N S D", v="B N S E", returns={"out": "B N L E", "lse": "B N L"}, batch="B"
)
def attention_lse(q, k, v, is_causal=False):
    """out = softmax(s) v and lse = log sum_j exp(s_j), where s = q k^T / sqrt(d)."""
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    if is_causal:
        i, j = np.arange(q.shape[-2])[:, None], np.arange(k.shape[-2])
        scores = np.where(j <= i, scores, -np.inf)
    return softmax_rows(scores) @ v, log_sum_exp(scores)[..., 0]
