"""Attention with sinks: each head has a score that takes weight and gives no value (gpt-oss)."""

import math

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import softmax_rows


@operation(q="B N L D", k="B N S D", v="B N S E", sinks="N", returns={"out": "B N L E"}, batch="B")
def sink_attention(q, k, v, sinks, is_causal=False):
    """out = softmax([q k^T / sqrt(d), sink])[..., :-1] v;  is_causal: query i sees keys j <= i."""
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    if is_causal:
        i, j = np.arange(q.shape[-2])[:, None], np.arange(k.shape[-2])
        scores = np.where(j <= i, scores, -np.inf)
    sink = np.broadcast_to(sinks[:, None, None], (*scores.shape[:-1], 1))
    return softmax_rows(np.concatenate([scores, sink], axis=-1))[..., :-1] @ v
