"""Gated delta rule (Yang, Kautz and Hatamizadeh, 2025), step by step."""

import numpy as np

from seqlaws import operation
from seqlaws.properties.laws import agree, law
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


@law("gated_delta_rule")
def test_chunks_continue(impl, case):
    """Two chunks, where the second begins with the first one's state, give what the whole gives."""
    steps, state, outs = case.arrays["q"].shape[2], case.arrays["state"], []
    for part in (slice(0, steps // 2), slice(steps // 2, steps)):
        if part.start < part.stop:
            cut = {n: case.arrays[n][:, :, part] for n in ("q", "k", "v", "decay", "beta")}
            found = impl.run(case.having(state=state, **cut))
            outs, state = [*outs, found["out"]], found["last"]
    found = {"out": np.concatenate(outs, axis=2), "last": state}
    agree(impl, found, impl.expected(case), "two chunks differ from the whole")
