"""Defects of linear attention, scans and xLSTM's cells."""

RECURRENT = {
    "linear_attention": {
        "the normaliser leaves out the current key": (
            "recurrent_torch",
            ("z = torch.cumsum(k, dim=2)", "z = torch.cumsum(k, dim=2) - k"),
        ),
        "the feature map is elu, without + 1": (
            "recurrent_torch",
            (
                "functional.elu(q) + 1, functional.elu(k) + 1",
                "functional.elu(q), functional.elu(k)",
            ),
        ),
        "a chunk is in the state before it is read": (
            "recurrent_chunked",
            (
                "read = qc @ state + np.tril",
                "read = qc @ (state + kc.swapaxes(-1, -2) @ vc) + np.tril",
            ),
        ),
    },
    "gated_delta_rule": {
        "the state decays after the update": (
            "recurrent_torch",
            (
                "state = torch.sigmoid(decay[:, :, t])[..., None, None] * state\n        error",
                "error",
            ),
            (
                '        out.append(torch.einsum("bnd,bnde->bne", q[:, :, t], state))',
                (
                    "        state = torch.sigmoid(decay[:, :, t])[..., None, None] * state\n"
                    '        out.append(torch.einsum("bnd,bnde->bne", q[:, :, t], state))'
                ),
            ),
        ),
        "the error is taken from the state before its decay": (
            "recurrent_plain",
            (
                (
                    "        state = state * alpha[:, :, t, None, None]\n"
                    "        read = np.sum(k[:, :, t, :, None] * state, axis=-2)\n"
                ),
                (
                    "        read = np.sum(k[:, :, t, :, None] * state, axis=-2)\n"
                    "        state = state * alpha[:, :, t, None, None]\n"
                ),
            ),
        ),
        "within a chunk the errors do not see each other's decay": (
            "recurrent_chunked",
            (
                "overlaps = kc @ kc.swapaxes(-1, -2) * gain",
                "overlaps = kc @ kc.swapaxes(-1, -2)",
            ),
        ),
        "gradient: that of the first state lacks its last decay": (
            "recurrent_plain",
            (
                "        ds = ds * alpha[:, :, t, None, None]\n    return",
                "        ds = ds * alpha[:, :, t, None, None] if t else ds\n    return",
            ),
        ),
    },
    "selective_scan": {
        "dt is missing from the input's factor": (
            "recurrent_torch",
            (
                'torch.einsum("be,bs,be->bes", dt[:, t], b[:, t], x[:, t])',
                'torch.einsum("bs,be->bes", b[:, t], x[:, t])',
            ),
        ),
        "the skip connection d x is missing": (
            "recurrent_torch",
            ("return y + d * x", "return y"),
        ),
        "dt_softplus is ignored": (
            "recurrent_chunked",
            ("    if dt_softplus:\n        dt = np.logaddexp(dt, dt.dtype.type(0))\n", ""),
        ),
        "gradient: the chain from a_log through exp is missing": (
            "recurrent_plain",
            ("return dx, ddt, da * a,", "return dx, ddt, -da,"),
        ),
    },
    "mlstm_cell": {
        "the normaliser is at least 1, not exp(-m)": (
            "recurrent_torch",
            ("torch.exp(-m_new))\n    return h", "torch.ones_like(m_new))\n    return h"),
        ),
        "the forget gate's logarithm is the bare pre-activation": (
            "recurrent_plain",
            (
                (
                    "    log_f = log_sigmoid(f)\n    m_new = np.maximum(log_f + m, i)\n"
                    "    f_gate, i_gate = np.exp(log_f + m - m_new), np.exp(i - m_new)\n    k ="
                ),
                (
                    "    log_f = f\n    m_new = np.maximum(log_f + m, i)\n"
                    "    f_gate, i_gate = np.exp(log_f + m - m_new), np.exp(i - m_new)\n    k ="
                ),
            ),
        ),
        "the key is scaled in the memory but not in the normaliser": (
            "recurrent_torch",
            (
                "f_gate[..., None] * n + i_gate[..., None] * k",
                "f_gate[..., None] * n + i_gate[..., None] * k * k.shape[-1] ** 0.5",
            ),
        ),
    },
    "slstm_cell": {
        "the input gate is shifted by the old maximum": (
            "recurrent_torch",
            (
                "torch.exp(log_f + m - m_new), torch.exp(i - m_new)\n    c_new = f_gate * c",
                "torch.exp(log_f + m - m_new), torch.exp(i - m)\n    c_new = f_gate * c",
            ),
        ),
        "the candidate has no tanh": (
            "recurrent_torch",
            ("i_gate * torch.tanh(z)", "i_gate * z"),
        ),
        "h is not divided by the normaliser": (
            "recurrent_plain",
            ("sigmoid(o) * c_new / n_new,", "sigmoid(o) * c_new,"),
        ),
    },
}
