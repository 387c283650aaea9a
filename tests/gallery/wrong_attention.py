"""Defects of kinds of attention."""

ATTENTION = {
    "sink_attention": {
        "the sink's exponential is not shifted by the maximum": (
            "attention_online",
            (
                "is_causal, m, np.ones_like(m))\n    return out / s",
                "is_causal, *nothing_yet(q))\n    return out / (s + np.exp(m))",
            ),
        ),
        "every head takes the first head's sink": (
            "attention_torch",
            ("sinks.float()[None, :, None, None]", "sinks.float()[None, :1, None, None]"),
        ),
        "a query may not see its own key: causal is off by one": (
            "attention_torch",
            ("device=s.device).tril()", "device=s.device).tril(-1)"),
        ),
        "gradient: the sinks get those of the first query alone": (
            "attention_plain",
            ("np.sum(ds[..., -1], axis=(0, 2))", "np.sum(ds[..., 0, -1], axis=0)"),
        ),
    },
    "alibi_attention": {
        "the bias grows with the distance": (
            "attention_online",
            ("return -slopes[:, None, None]", "return slopes[:, None, None]"),
        ),
        "the bias is slope times key position: right where it is causal": (
            "attention_torch",
            (
                "distance = (i - torch.arange(s.shape[-1], device=s.device)).abs()",
                "distance = -(i * 0 + torch.arange(s.shape[-1], device=s.device))",
            ),
        ),
        "the bias is scaled by 1/sqrt(d) with the scores": (
            "attention_plain",
            (
                "- slopes[:, None, None] * np.abs(i - j).astype(q.dtype)\n",
                (
                    "- slopes[:, None, None] * np.abs(i - j).astype(q.dtype) / "
                    "math.sqrt(q.shape[-1])\n"
                ),
            ),
        ),
    },
    "attention_lse": {
        "the log-sum-exp is in base 2": (
            "attention_torch",
            ("s.logsumexp(dim=-1).to", "(s.logsumexp(dim=-1) * 1.4426950408889634).to"),
        ),
        "the log-sum-exp lacks the maximum": (
            "attention_online",
            ("(m + np.log(s))[..., 0]", "np.log(s)[..., 0]"),
        ),
        "gradient: that of the log-sum-exp is dropped": (
            "attention_online",
            ("keepdims=True) - dlse[..., None]", "keepdims=True)"),
        ),
        "keys beyond the last whole block are left out": (
            "attention_online",
            (
                "for start in range(0, keys, BLOCK):\n        stop",
                "for start in range(0, max(keys - BLOCK + 1, 1), BLOCK):\n        stop",
            ),
        ),
    },
}
