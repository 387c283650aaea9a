"""Gated delta rule (Yang, Kautz and Hatamizadeh, 2025), step by step."""

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import sigmoid


@operation(
    q="B N T D",
    k="B N T D",
    v="B N T E",
    decay="B N T",
    beta="B N T",
    state="B N D E",
    returns={"out": "B N T E", "last": "B N D E"},
    batch="B",
)
def gated_delta_rule(q, k, v, decay, beta, state):
    """S <- sigmoid(decay_t) S;  S <- S + k_t beta_t (v_t - S^T k_t)^T;  out_t = S^T q_t"""
    out = []
    for t in range(q.shape[2]):
        state = state * sigmoid(decay[:, :, t])[..., None, None]
        error = v[:, :, t] - (k[:, :, t, None, :] @ state)[:, :, 0]
        state = state + k[:, :, t, :, None] * (beta[:, :, t, None] * error)[:, :, None, :]
        out.append((q[:, :, t, None, :] @ state)[:, :, 0])
    return np.stack(out, axis=2) if out else np.zeros(v.shape), state
