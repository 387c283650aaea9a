"""Gated delta rule (Yang, Kautz and Hatamizadeh, 2025), step by step."""

from seqlaws import operation
from seqlaws.reference.algebra import sigmoid


@operation(
    **dict.fromkeys(("q", "k"), "B N T D"),
    v="B N T E",
    **dict.fromkeys(("decay", "beta"), "B N T"),
    state="B N D E",
    returns={"out": "B N T E", "last": "B N D E"},
    batch="B",
    scan="T",
    carry={"state": "last"},
)
def gated_delta_rule(q, k, v, decay, beta, state):
    """S <- sigmoid(decay_t) S;  S <- S + k_t beta_t (v_t - S^T k_t)^T;  out_t = S^T q_t"""
    state = state * sigmoid(decay)[..., None, None]
    error = v - (k[..., None, :] @ state)[..., 0, :]
    state = state + k[..., None] * (beta[..., None] * error)[..., None, :]
    return state, (q[..., None, :] @ state)[..., 0, :]
