"""Defects of multi-head attention and of the transformer's layers."""

from causes.defects.attention import GRADIENTS, MASKS, SCORES

M, E, D = "_multi_head.py", "_encoder.py", "_decoder.py"
F, N, P, S = "_feed_forward.py", "_layer_norm.py", "_linear.py", "_sublayers.py"
CALL = "attention(q, k, v, mask, is_causal)), w_out, b_out)"
OUT = f"return linear(join({CALL}"
BLOCKS = "np.split(weight, 3), np.split(bias, 3)"
CUT = "x.reshape(batch, length, num_heads, features // num_heads).swapaxes(1, 2)"


def some(defects, *names):
    return {name: defects[name] for name in names}


HEADS = {
    "heads are cut by a reshape alone": (
        M,
        CUT,
        "x.reshape(batch, num_heads, length, features // num_heads)",
    ),
    "heads take every N-th feature": (
        M,
        CUT,
        "x.reshape(batch, length, features // num_heads, num_heads).transpose(0, 3, 1, 2)",
    ),
    "heads are joined by a reshape alone": (M, "heads.swapaxes(1, 2).reshape(", "heads.reshape("),
    "in_proj_bias is left out": (M, "linear(x, w, b)", "linear(x, w, 0 * b)"),
    "out_proj_bias is left out": (M, CALL, CALL.replace("b_out", "0 * b_out")),
    "the output projection is left out": (M, OUT, f"return join({CALL.partition(')')[0]}))"),
    "the output projection is transposed": (M, CALL, CALL.replace("w_out", "w_out.T")),
    "the row blocks are value, key, query": (
        M,
        BLOCKS,
        "np.split(weight, 3)[::-1], np.split(bias, 3)[::-1]",
    ),
}
MULTI_HEAD = {
    **HEADS,
    "scale is 1/sqrt(E) instead of 1/sqrt(E/N)": (
        M,
        CALL,
        CALL.replace("is_causal)", "is_causal, q.shape[-1] ** 0 / w_out.shape[0] ** 0.5)"),
    ),
    "keys and values are swapped": (M, "q, k, v = (split(", "q, v, k = (split("),
    "is_causal is ignored": (M, CALL, CALL.replace(", is_causal", "")),
    "the mask is ignored": (M, CALL, CALL.replace("mask", "None")),
    "the mask is dropped where is_causal is given": (
        M,
        CALL,
        CALL.replace("mask", "None if is_causal else mask"),
    ),
    "values are projected from the keys": (
        M,
        "w_in, b_in, w_out, b_out = _checked(arrays, num_heads)\n",
        "w_in, b_in, w_out, b_out = _checked(arrays, num_heads)\n    value = key\n",
    ),
    "gradient: those of key and value are swapped": (
        M,
        "return *dx, np",
        "return dx[0], dx[2], dx[1], np",
    ),
    "gradient: that of in_proj_bias is left at zero": (
        M,
        "np.concatenate(db_in), dw",
        "0 * np.concatenate(db_in), dw",
    ),
    "gradient: that of out_proj_weight is transposed": (
        M,
        ", dw_out, db_out\n\n",
        ", dw_out.T, db_out\n\n",
    ),
    "gradient: the mask is forgotten": (
        M,
        "num_heads), q, k, v, mask, is_causal)",
        "num_heads), q, k, v, None, is_causal)",
    ),
    "gradient: the biases' gradients are means, not sums": (P, "rows.sum(0)", "rows.mean(0)"),
    **some(
        SCORES, "scale is 1/D instead of 1/sqrt(D)", "softmax over the queries instead of the keys"
    ),
    **some(
        MASKS,
        "the causal mask is strict: a query does not see its own position",
        "a boolean mask is read the other way round: True hides",
        "a floating mask only hides, its finite values are ignored",
    ),
    **some(
        GRADIENTS,
        "gradient: softmax's sum over the row is missing",
        "gradient: dq and dk miss the scale",
    ),
}

ATTEND = "multi_head_attention(z, z, z, *self.named(SELF), self.num_heads, self.mask)"
ACT = 'np.maximum(a, 0) if kind == "relu" else a * _normal_cdf(a)'
BEHIND = "return layer_norm(x + f(x), weight, bias)"
BEFORE = "return x + f(layer_norm(x, weight, bias))"
HIDDEN = "_activation(linear(x, w_1, b_1), kind)"

SUBLAYERS = {
    "norm_first is ignored": (S, BEFORE, BEHIND),
    "the residual is left out": (S, BEHIND, "return layer_norm(f(x), weight, bias)"),
    "the residual goes past the norm": (S, BEHIND, "return x + layer_norm(f(x), weight, bias)"),
    "with norm_first the residual is the normalised input": (
        S,
        BEFORE,
        "n = layer_norm(x, weight, bias)\n        return n + f(n)",
    ),
    "activation is ignored: always relu": (F, ACT, "np.maximum(a, 0)"),
    "gelu is the tanh approximation": (
        F,
        "else a * _normal_cdf(a)",
        "else 0.5 * a * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))",
    ),
    "the feed-forward network has no activation": (F, HIDDEN, "linear(x, w_1, b_1)"),
    "linear1.bias is left out": (F, HIDDEN, HIDDEN.replace("b_1", "0 * b_1")),
    "linear2.bias is left out": (F, ", kind), w_2, b_2)", ", kind), w_2, 0 * b_2)"),
    "the norms divide by n - 1": (
        N,
        "mean(centred * centred) + eps",
        "mean(centred * centred) * x.shape[-1] / max(x.shape[-1] - 1, 1) + eps",
    ),
    "the norms' eps is 1e-3": (N, "eps: Any = 1e-5) -> Array", "eps: Any = 1e-3) -> Array"),
    "gradient: with norm_first the residual's is missing": (S, "return dy + dx,", "return dx,"),
    "gradient: the residual's is missing": (S, "return ds + dx,", "return dx,"),
    "gradient: the slope of the activation is missing": (
        F,
        'da = dh * (np.heaviside(a, 0) if kind == "relu" else _gelu_slope(a))',
        "da = dh",
    ),
    "gradient: gelu's misses the density": (F, "_normal_cdf(a) + a * density", "_normal_cdf(a)"),
}
ENCODER = {
    **SUBLAYERS,
    "the first norm serves both sublayers": (
        E,
        "return around(a, layer.forward, *layer.norm(2)",
        "return around(a, layer.forward, *layer.norm(1)",
    ),
    "the mask is ignored": (E, ATTEND, ATTEND.replace(", self.mask", "")),
    "self-attention is causal": (E, ATTEND, ATTEND.replace("mask)", "mask, is_causal=True)")),
    "gradient: the values' part is missing": (E, "return dq + dk + dv", "return dq + dk"),
    "gradient: those of the two norms are swapped": (
        E,
        "*dforward, dw_1, db_1, dw_2, db_2",
        "*dforward, dw_2, db_2, dw_1, db_1",
    ),
    **some(HEADS, "heads take every N-th feature", "in_proj_bias is left out"),
    **some(SCORES, "scale is 1/D instead of 1/sqrt(D)"),
    **some(MASKS, "a boolean mask is read the other way round: True hides"),
    **some(GRADIENTS, "gradient: softmax's sum over the row is missing"),
}
OWN = "multi_head_attention(z, z, z, *self.named(SELF), self.num_heads, is_causal=True)"
CROSS = "multi_head_attention(z, m, m, *self.named(CROSS), self.num_heads, self.mask)"
DECODER = {
    **SUBLAYERS,
    "self-attention is not causal": (D, OWN, OWN.replace(", is_causal=True", "")),
    "memory_mask is ignored": (D, CROSS, CROSS.replace(", self.mask", "")),
    "attention to the memory has self-attention's weights": (
        D,
        CROSS,
        CROSS.replace("CROSS", "SELF"),
    ),
    "the second norm serves the feed-forward network, too": (
        D,
        "return around(b, layer.forward, *layer.norm(3)",
        "return around(b, layer.forward, *layer.norm(2)",
    ),
    "attention to the memory is left out": (
        D,
        "    return around(b, layer.forward",
        "    b = a\n    return around(b, layer.forward",
    ),
    "gradient: dmemory misses the values' part": (D, "return dq, dk + dv", "return dq, dk"),
    "gradient: the values' part is missing": (D, "return dq + dk + dv", "return dq + dk"),
}
