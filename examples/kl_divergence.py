"""KL divergence of a distillation: KL(teacher || student) at a temperature."""

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import log_sum_exp


@operation(
    student="B V",
    teacher="B V",
    returns={"loss": "B"},
    batch="B",
    options={"temperature": (0.5, 4.0)},
)
def kl_divergence(student, teacher, temperature=1.0):
    """temperature^2 sum_j p_j (log p_j - log q_j), p of the teacher's logits, q the student's."""
    log_q = student / temperature - log_sum_exp(student / temperature)
    log_p = teacher / temperature - log_sum_exp(teacher / temperature)
    return temperature**2 * np.sum(np.exp(log_p) * (log_p - log_q), axis=-1)
