"""Attention with linear biases (Press, Smith and Lewis, 2022): far keys count less."""

import math

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import softmax_rows


@operation(q="B N L D", k="B N S D", v="B N S E", slopes="N", returns={"out": "B N L E"}, batch="B")
def alibi_attention(q, k, v, slopes, is_causal=False):
    """out = softmax(q k^T / sqrt(d) - slope |i - j|) v;  is_causal: query i sees keys j <= i."""
    i, j = np.arange(q.shape[-2])[:, None], np.arange(k.shape[-2])
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    scores = scores - slopes[:, None, None] * np.abs(i - j)
    if is_causal:
        scores = np.where(j <= i, scores, -np.inf)
    return softmax_rows(scores) @ v
