"""Routing of a mixture of experts: the weights of the k best experts, 0 for the others."""

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import softmax_rows


@operation(logits="B E", returns={"weights": "B E"}, batch="B", options={"k": range(1, 4)})
def top_k_routing(logits, k=2, renormalise=True):
    """softmax(logits) at the k largest; renormalise: the softmax of these alone.

    Of equal logits the one with the lowest index comes first; a NaN comes before all others.
    """
    mine, other = logits[:, :, None], logits[:, None, :]
    before = np.tril(np.ones((logits.shape[-1],) * 2, bool), -1)  # [i, j]: j stands before i
    larger = (other > mine) | (np.isnan(other) & ~np.isnan(mine))
    rank = np.sum(larger | ((other == mine) & before), axis=-1)
    scores = np.where(rank < k, logits, -np.inf) if renormalise else logits
    return np.where(rank < k, softmax_rows(scores), 0)
