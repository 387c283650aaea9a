"""Defects of attention."""

A, S = "_attention.py", "_softmax.py"
CAP = """        capped = np.tanh(scores / softcap)
        scores, slope = softcap * capped, 1 - capped * capped
"""
DV = "dv = _over_visible(p.swapaxes(-1, -2), visible.swapaxes(-1, -2), drows)"
FORWARD = """    visible, bias = _masks(q, k, mask, is_causal, query_offset, window)
    rows, k, v = contiguous(_by_key_head(q, k), k, v)
"""

SCORES = {
    "scale is 1/D instead of 1/sqrt(D)": (A, 'math.sqrt(size["D"] or 1)', '(size["D"] or 1)'),
    "scores are not scaled by default": (A, '1 / math.sqrt(size["D"] or 1)', "1.0"),
    "a scale of 0 is taken for none given": (A, "if scale is None else", "if not scale else"),
    "softcap is ignored": (A, CAP, "        slope = 1.0\n"),
    "softcap: tanh is not multiplied by the softcap": (
        A,
        "scores, slope = softcap * capped, 1 - capped * capped",
        "scores, slope = capped, (1 - capped * capped) / softcap",
    ),
    "softcap comes before the scale": (
        A,
        CAP,
        CAP.replace("scores /", "rows @ k.swapaxes(-1, -2) /").replace("= soft", "= scale * soft"),
    ),
    "softcap comes after the floating mask": (
        A,
        CAP,
        CAP.replace("scores /", "(scores + bias) /") + "        bias = 0.0\n",
    ),
    "the maximum is not subtracted": (
        S,
        "np.exp(scores - np.where(top == -np.inf, 0, top))",
        "np.exp(scores)",
    ),
    "softmax over the queries instead of the keys": (
        A,
        "np.where(visible, scores + bias, -np.inf), -1)",
        "np.where(visible, scores + bias, -np.inf), -2)",
    ),
    "query head n reads key head n % M": (
        A,
        FORWARD,
        "    k, v = (np.tile(a, (1, q.shape[1] // a.shape[1], 1, 1)) for a in (k, v))\n" + FORWARD,
    ),
}
MASKS = {
    "the causal mask is strict: a query does not see its own position": (
        A,
        "allowed &= ahead <= 0",
        "allowed &= ahead < 0",
    ),
    "the causal mask is transposed": (A, "allowed &= ahead <= 0", "allowed &= ahead >= 0"),
    "is_causal is ignored": (A, "    if is_causal:\n        allowed &= ahead <= 0\n", ""),
    "query_offset is ignored": (A, "[:, None] - offset", "[:, None]"),
    "query_offset has the wrong sign": (A, "[:, None] - offset", "[:, None] + offset"),
    "query_offset is off by one": (A, "[:, None] - offset", "[:, None] - offset + (offset > 0)"),
    "the window's left bound is off by one": (A, "allowed &= ahead >= -", "allowed &= ahead > -"),
    "the window's right bound is ignored": (
        A,
        "allowed &= ahead <= integer(",
        "integer(",
    ),
    "the window's left and right are swapped": (A, "left, right = window", "right, left = window"),
    "a boolean mask is read the other way round: True hides": (
        A,
        "visible = visible & mask\n",
        "visible = visible & ~mask\n",
    ),
    "a boolean mask replaces is_causal and window": (
        A,
        "visible = visible & mask\n",
        "visible = mask\n",
    ),
    "a boolean mask is added as 1 and 0": (
        A,
        "visible = visible & mask\n",
        "bias = _by_key_head(mask, k).astype(q.dtype)\n",
    ),
    "a floating mask only hides, its finite values are ignored": (
        A,
        "bias = _by_key_head(mask, k)",
        "bias = 0.0",
    ),
    "a floating mask is scaled with the scores": (
        A,
        "scores + bias, -",
        "scores + bias * scale, -",
    ),
    "a fully masked query gets the mean of all values": (
        A,
        """-np.inf), -1)
    return np.where(visible, p, 0), slope""",
        """-1e9), -1)
    return p, slope""",
    ),
}
GRADIENTS = {
    "gradient: the slope of the softcap is missing": (A, "(dp, p, -1) * slope", "(dp, p, -1)"),
    "gradient: dq and dk miss the scale": (A, "slope, 0) * scale", "slope, 0)"),
    "gradient: dk is scaled twice": (
        A,
        "dk = _over_visible(ds.swapaxes(-1, -2)",
        "dk = _over_visible(scale * ds.swapaxes(-1, -2)",
    ),
    "gradient: softmax's sum over the row is missing": (
        A,
        "softmax_backward(dp, p, -1)",
        "(p * dp)",
    ),
    "gradient: softmax's sum over the row is of dp, not of p dp": (
        S,
        "(p * dp).sum(axis, keepdims=True)",
        "dp.sum(axis, keepdims=True)",
    ),
    "gradient: dv misses the sum over the group": (
        A,
        DV,
        DV.replace(" p.", " p[:, :, : q.shape[2]].")
        .replace("(p.", "(p[:, :, : q.shape[2]].")
        .replace(" visible.", " visible[:, :, : q.shape[2]].")
        .replace("drows", "drows[:, :, : q.shape[2]]"),
    ),
    "gradient: dv is not weighted": (A, DV, DV.replace("p.", "visible.astype(p.dtype).")),
}
ATTENTION = SCORES | MASKS | GRADIENTS
