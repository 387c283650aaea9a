"""Cross-entropy of each row, as fused kernels have it: smoothed labels, padding, a z-loss."""

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import log_sum_exp


@operation(
    logits="B V",
    targets="B: below V or ignore_index",
    returns={"loss": "B"},
    batch="B",
    options={"label_smoothing": (0.0, 0.5), "ignore_index": (-100, 0), "z_loss": (0.0, 0.1)},
)
def cross_entropy(logits, targets, label_smoothing=0.0, ignore_index=-100, z_loss=0.0):
    """-sum_j w_j log p_j + z_loss lse^2, where w is one-hot, smoothed over all V classes.

    The loss of a row whose target is ignore_index is 0. PaLM (2022) has the z-loss.
    """
    lse = log_sum_exp(logits)
    log_p = logits - lse
    kept = targets != ignore_index
    one_hot = np.arange(logits.shape[-1]) == np.where(kept, targets, 0)[:, None]
    picked = np.sum(np.where(one_hot, log_p, 0), axis=-1)
    nll = -(1 - label_smoothing) * picked - label_smoothing * np.mean(log_p, axis=-1)
    return np.where(kept, nll + z_loss * lse[:, 0] ** 2, 0)
