"""Defects of the product of 8-bit integers, of routing and of the causal convolution."""

OTHERS = {
    "int8_matmul": {
        "sums are kept in 16 bits and wrap around": (
            "others_blocked",
            (
                "np.zeros((a.shape[0], b.shape[1]), np.int64)",
                "np.zeros((a.shape[0], b.shape[1]), np.int16)",
            ),
            (
                "a[:, block].astype(np.int64) @ b[block].astype(np.int64)",
                "a[:, block].astype(np.int16) @ b[block].astype(np.int16)",
            ),
        ),
        "one scale for all rows: that of the first": (
            "others_torch",
            ("scale_a[:, None] * sums", "scale_a[:1, None] * sums"),
        ),
        "sums are rounded to float16": (
            "others_plain",
            (
                "return sums.astype(scale_a.dtype) * scale_a[:, None] * scale_b",
                "return sums.astype(np.float16).astype(scale_a.dtype) * scale_a[:, None] * scale_b",
            ),
        ),
    },
    "top_k_routing": {
        "renormalise is ignored: the weights are those of all experts": (
            "others_blocked",
            ("kept if renormalise else e", "e"),
        ),
        "the weights are always those among the chosen": (
            "others_torch",
            ("(logits if renormalise else logits.softmax(dim=-1))", "logits"),
            ("    if renormalise:\n", "    if True:\n"),
        ),
        "k is ignored: always two experts": (
            "others_plain",
            ("mask = chosen(logits, k)\n    total", "mask = chosen(logits, 2)\n    total"),
        ),
    },
    "causal_conv1d": {
        "the taps are read backwards": (
            "others_blocked",
            (
                'np.einsum("bctk,ck->bct", windows[:, :, block], weight)',
                'np.einsum("bctk,ck->bct", windows[:, :, block], weight[:, ::-1])',
            ),
        ),
        "it is centred, not causal": (
            "others_torch",
            ("(taps - 1, 0)", "(taps - 1 - taps // 2, taps // 2)"),
        ),
        "the bias is added after the activation": (
            "others_torch",
            ("weight[:, None], bias, groups", "weight[:, None], groups"),
            (
                'functional.silu(y) if activation == "silu" else y',
                '(functional.silu(y) if activation == "silu" else y) + bias[:, None]',
            ),
        ),
        "gradient: that of the taps is read backwards": (
            "others_plain",
            (
                "return dpadded[..., taps - 1 :].copy(), dweight,",
                "return dpadded[..., taps - 1 :].copy(), dweight[:, ::-1].copy(),",
            ),
        ),
    },
}
