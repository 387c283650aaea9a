"""Generalised Jensen-Shannon divergence of two rows of logits, as distillation uses it."""

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import log_sum_exp


@operation(
    p_logits="B V", q_logits="B V", returns={"loss": "B"}, batch="B", options={"beta": (0.1, 0.9)}
)
def jensen_shannon(p_logits, q_logits, beta=0.5):
    """beta KL(p || m) + (1 - beta) KL(q || m), where m = beta p + (1 - beta) q."""
    log_p, log_q = p_logits - log_sum_exp(p_logits), q_logits - log_sum_exp(q_logits)
    p, q = np.exp(log_p), np.exp(log_q)
    log_m = np.log(beta * p + (1 - beta) * q)
    to_p = np.sum(p * (log_p - log_m), axis=-1)
    return beta * to_p + (1 - beta) * np.sum(q * (log_q - log_m), axis=-1)
