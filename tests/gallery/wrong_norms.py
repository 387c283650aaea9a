"""Defects of norms, gated units and rotary embeddings."""

NORMS = {
    "rms_norm": {
        "eps is added to the root, not inside it": (
            "norms_plain",
            ("x / np.sqrt(mean_square + eps)", "x / (np.sqrt(mean_square) + eps)"),
        ),
        "the mean divides by the padded size of the blocks": (
            "norms_blocked",
            ("squares * (1 / n) + eps", "squares * (1 / (-(-n // BLOCK) * BLOCK)) + eps"),
        ),
        "gradient: the normaliser is detached": (
            "norms_torch",
            (
                "h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + eps)",
                "h = h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + eps).detach()",
            ),
        ),
        "gradient: that of the weight is of the last row alone": (
            "norms_blocked",
            ("dweight += drow * row", "dweight = drow * row"),
        ),
    },
    "add_rms_norm": {
        "the returned stream is x without the residual": (
            "norms_plain",
            ("eps, offset), stream", "eps, offset), x.copy()"),
        ),
        "gradient: what comes through the stream itself is dropped": (
            "norms_plain",
            ("return dx + dstream, dx + dstream, dweight", "return dx, dx, dweight"),
        ),
        "the offset is added to the output, not to the weight": (
            "norms_torch",
            (
                "(h * (weight.float() + offset)).to(x.dtype), stream",
                "(h * weight.float() + offset).to(x.dtype), stream",
            ),
        ),
    },
    "group_norm": {
        "the variance divides by n - 1": (
            "norms_torch",
            ("correction=0", "correction=1"),
        ),
        "channels are dealt out to the groups in turn": (
            "norms_torch",
            (
                "h = x.float().unflatten(1, (num_groups, -1))\n",
                "h = x.float().unflatten(1, (-1, num_groups)).transpose(1, 2)\n",
            ),
            (".flatten(1, 2)\n", ".transpose(1, 2).flatten(1, 2)\n"),
        ),
        "the variance is E[x^2] - E[x]^2": (
            "norms_plain",
            (
                "    var = np.mean((g - mu) ** 2, axis=-1, keepdims=True)\n",
                "    var = np.mean(g * g, axis=-1, keepdims=True) - mu * mu\n",
            ),
        ),
        "num_groups is ignored: all channels are one group": (
            "norms_blocked",
            ("    per_group = c // num_groups\n", "    num_groups, per_group = 1, c\n"),
        ),
    },
}

GATED = {
    "swiglu": {
        "the halves are exchanged": (
            "gated_other",
            ("up * (gate * sigmoid(gate))", "gate * (up * sigmoid(up))"),
        ),
        "the gate is a sigmoid, without the factor x": (
            "gated_torch",
            ("functional.silu(gate)", "torch.sigmoid(gate)"),
        ),
        "gate and up are read in turn, not as halves": (
            "gated_torch",
            (
                "gate, up = x.float().chunk(2, dim=-1)\n    return (functional.silu",
                "gate, up = x.float()[..., ::2], x.float()[..., 1::2]\n    return (functional.silu",
            ),
        ),
        "gradient: the slope of the sigmoid is missing": (
            "gated_plain",
            ("(s + gate * s * (1 - s))", "s"),
        ),
    },
    "geglu": {
        "the approximation by tanh is taken always": (
            "gated_torch",
            ('if approximate == "tanh":', "if True:"),
        ),
        "the cubic's constant is 0.044751": (
            "gated_other",
            ("0.044715 * (gate * gate)", "0.044751 * (gate * gate)"),
        ),
        "gradient: the inner slope of the cubic is missing": (
            "gated_plain",
            (" * (1 + 3 * 0.044715 * x * x)", ""),
        ),
    },
    "partial_rotary": {
        "pairs are neighbours, whatever interleaved says": (
            "gated_plain",
            ("    if interleaved:\n", "    if True:\n"),
        ),
        "the features that do not turn are scaled as well": (
            "gated_torch",
            ("x[..., :n].float(), x[..., n:]", "x[..., :n].float(), x[..., n:] * scaling"),
        ),
        "gradient: it turns forwards, not back": (
            "gated_plain",
            ("partial_rotary(dy, cos, -sin,", "partial_rotary(dy, cos, sin,"),
        ),
        "the scaling is applied to the cosine alone": (
            "gated_other",
            ("turn = scaling * (cos + 1j * sin)", "turn = scaling * cos + 1j * sin"),
        ),
    },
}
