"""Defects of softmax, layer normalisation, positions and Markov chains."""

S, N, P, M = "_softmax.py", "_layer_norm.py", "_positions.py", "_markov.py"
DIVIDE = "weights / np.where(total == 0, 1, total)"
BACK = "p * (dp - (p * dp).sum(axis, keepdims=True))"

SOFTMAX = {
    "the maximum is not subtracted": (
        S,
        "np.exp(scores - np.where(top == -np.inf, 0, top))",
        "np.exp(scores)",
    ),
    "the maximum is that of the whole array": (S, "scores.max(axis, keep", "scores.max(keep"),
    "the minimum is subtracted instead of the maximum": (
        S,
        "scores.max(axis, keepdims=True, initial=-np.inf)",
        "scores.min(axis, keepdims=True, initial=np.inf)",
    ),
    "axis is ignored: always the last": (
        S,
        "return shifted_softmax(x, axis)",
        "return shifted_softmax(x, -1)",
    ),
    "the sum is that of the whole array": (S, "weights.sum(axis, keep", "weights.sum(keep"),
    "1e-6 is added to the sum": (S, DIVIDE, "weights / (total + 1e-6)"),
    "NaN for a row that is -inf throughout": (S, DIVIDE, "weights / total"),
    "equal weights for a row that is -inf throughout": (
        S,
        DIVIDE,
        "np.where(total == 0, 1 / max(scores.shape[axis], 1), weights / total)",
    ),
    "powers of two instead of e": (S, "np.exp(", "np.exp2("),
    "logarithms of the weights are returned": (S, DIVIDE, f"np.log({DIVIDE})"),
    "gradient: axis is ignored": (S, "dp), p, axis)", "dp), p, -1)"),
    "gradient: the sum over the row is missing": (S, BACK, "p * dp"),
    "gradient: only the diagonal p (1 - p)": (S, BACK, "p * (1 - p) * dp"),
    "gradient: the sum is of dp, not of p dp": (S, "(p * dp).sum(", "dp.sum("),
    "gradient: the sum has the wrong sign": (S, "p * (dp - (p", "p * (dp + (p"),
    "gradient: the factor p is missing": (S, "= p * (dp - (p", "= (dp - (p"),
}
ROOT = "1 / np.sqrt(mean(centred * centred) + eps)"
AFFINE = "normalised * weight + bias"
DX = "(through - level - normalised * slope) * scale"
LAYER_NORM = {
    "the variance is divided by n - 1": (
        N,
        "mean(centred * centred) + eps",
        "mean(centred * centred) * x.shape[-1] / max(x.shape[-1] - 1, 1) + eps",
    ),
    "eps stands outside the root": (N, ROOT, "1 / (np.sqrt(mean(centred * centred)) + eps)"),
    "eps is left out": (N, "mean(centred * centred) + eps", "mean(centred * centred)"),
    "eps is ignored: always 1e-5": (N, "    return eps\n", "    return 1e-5\n"),
    "it divides by the variance, not by its root": (N, ROOT, ROOT.replace("np.sqrt", "")),
    "the mean is not subtracted": (N, "centred = x - mean(x)", "centred = x"),
    "the mean is subtracted in the variance only": (
        N,
        "return centred * scale",
        "return x * scale",
    ),
    "the variance is that of the values, not of their distance from the mean": (
        N,
        "mean(centred * centred)",
        "mean(x * x)",
    ),
    "weight is left out": (N, AFFINE, "normalised + bias"),
    "bias is left out": (N, AFFINE, "normalised * weight"),
    "weight counts from one: 1 + weight": (N, AFFINE, "normalised * (1 + weight) + bias"),
    "bias is added before the weight": (N, AFFINE, "(normalised + bias) * weight"),
    "mean and variance are those of the whole array": (
        N,
        "x.sum(axis=-1, keepdims=True) / max(x.shape[-1], 1)",
        "x.sum(keepdims=True) / max(x.size, 1)",
    ),
    "gradient: the mean of dy is not subtracted": (N, DX, "(through - normalised * slope) * scale"),
    "gradient: the variance's part is missing": (N, DX, "(through - level) * scale"),
    "gradient: dx is not divided by the deviation": (N, DX, DX.removesuffix(" * scale")),
    "gradient: dx misses the weight": (N, "through = dy * weight", "through = dy"),
    "gradient: dweight is made with x": (N, "(dy * normalised)", "(dy * x)"),
    "gradient: those of weight and bias are means, not sums": (N, "x.sum(axis=t", "x.mean(axis=t"),
    "gradient: dbias counts twice": (N, ", _over_positions(dy)", ", 2 * _over_positions(dy)"),
}
SIN = "np.sin(angles, out=table[:, 0::2])"
COS = "np.cos(angles[:, : dim // 2], out=table[:, 1::2])"
FREQUENCIES = {
    "the exponent is i/D instead of 2i/D": (
        P,
        "np.arange(0, dim, 2) / max(dim, 1)",
        "np.arange((dim + 1) // 2) / max(dim, 1)",
    ),
    "the exponent runs up to one: 2i/(D - 2)": (P, "/ max(dim, 1)", "/ max(dim - 2, 1)"),
    "frequencies grow instead of falling": (P, "base**-exponents", "base**exponents"),
    "frequencies are linear in i": (P, "base**-exponents", "1 - exponents * (1 - 1 / base)"),
}
POSITIONAL = FREQUENCIES | {
    "cosines in the even columns, sines in the odd ones": (
        P,
        f"{SIN}\n    {COS}",
        f"{SIN}\n    {COS}".replace("sin", "tan").replace("cos", "sin").replace("tan", "cos"),
    ),
    "sines in all columns": (P, COS, COS.replace("cos", "sin")),
    "all sines stand before all cosines": (
        P,
        f"{SIN}\n    {COS}",
        f"{SIN}\n    {COS}".replace("0::2", ": (dim + 1) // 2").replace("1::2", "(dim + 1) // 2 :"),
    ),
    "positions are counted from 1": (P, "np.arange(length)[", "np.arange(1, length + 1)["),
    "the base is 1000": (P, "10000.0, dim)", "1000.0, dim)"),
    "the table is float32": (P, "np.empty((length, dim))", "np.empty((length, dim), np.float32)"),
    "the table is multiplied by sqrt(dim)": (P, "return table\n", "return table * dim**0.5\n"),
    "the last column of an odd dim is left at zero": (
        P,
        "return table\n",
        "table[:, 2 * (dim // 2) :] = 0\n    return table\n",
    ),
    "a cosine has a frequency of its own: the exponent is (2i + 1)/D": (
        P,
        "np.cos(angles[:, : dim // 2],",
        "np.cos(np.arange(length)[:, None] * 10000.0 ** -(np.arange(1, dim, 2) / max(dim, 1)),",
    ),
}
PAIRS = "    if not interleaved:\n        first, second = slice(half), slice(half, None)\n"
TURN = """y[..., first] = a * cos - b * sin
    y[..., second] = b * cos + a * sin"""
WAVES = "np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)"
ROTARY = FREQUENCIES | {
    "interleaved is ignored: always halves": (
        P,
        "if not interleaved:",
        "if interleaved in (0, 1):",
    ),
    "interleaved is ignored: always neighbours": (P, PAIRS, ""),
    "interleaved is read the other way round": (P, "if not interleaved:", "if interleaved:"),
    "base is ignored: always 10000": (
        P,
        '_frequencies(base, size["D"])',
        '_frequencies(10000.0, size["D"])',
    ),
    "it turns the other way": (
        P,
        TURN,
        TURN.replace("cos -", "cos *").replace("cos +", "cos -").replace("cos *", "cos +"),
    ),
    "the second of a pair has the wrong sign": (P, "b * cos + a * sin", "b * cos - a * sin"),
    "the second of a pair is made of the wrong operands": (
        P,
        "b * cos + a * sin",
        "a * cos + b * sin",
    ),
    "sine and cosine are swapped": (
        P,
        WAVES,
        WAVES.replace("cos", "tan").replace("sin", "cos").replace("tan", "sin"),
    ),
    "positions are ignored: always 0, 1, 2": (
        P,
        "positions[:, None] *",
        "np.arange(len(positions))[:, None] *",
    ),
    "positions are shifted by one": (P, "positions[:, None] *", "(positions[:, None] + 1) *"),
    "angles are formed in half precision": (
        P,
        '(base, size["D"])\n',
        '(base, size["D"]).astype(np.float16)\n',
    ),
    "gradient: it turns the same way": (P, "_turned(dy, cos, -sin,", "_turned(dy, cos, sin,"),
    "gradient: interleaved is ignored": (P, "cos, -sin, interleaved)", "cos, -sin, False)"),
}
LOG = "np.log(initial[first]) + np.log(transition[windows]).sum(axis=1)"
MARKOV = {
    "the initial probability is left out": (M, "np.log(initial[first]) + ", ""),
    "the transition is read transposed: from the next state": (
        M,
        "transition[windows]",
        "transition[windows[::-1]]",
    ),
    "the logarithm of the sum instead of the sum of logarithms": (
        M,
        "np.log(transition[windows]).sum(axis=1)",
        "np.log(transition[windows].sum(axis=1))",
    ),
    "the mean over the steps instead of the sum": (M, ").sum(axis=1)", ").mean(axis=1)"),
    "the last transition is left out": (M, ").sum(axis=1)", ")[:, :-1].sum(axis=1)"),
    "the first transition is left out": (M, ").sum(axis=1)", ")[:, 1:].sum(axis=1)"),
    "logarithms to the base 2": (M, LOG, LOG.replace("log(", "log2(")),
    "the initial probability is that of the last states": (
        M,
        "states[:, i] for",
        "states[:, last + i] for",
    ),
    "the probability instead of its logarithm": (M, LOG, f"np.exp({LOG})"),
    "the sign is wrong: minus the log-likelihood": (M, LOG, f"-({LOG})"),
    "1e-6 is added to the probabilities": (
        M,
        "(transition[windows])",
        "(transition[windows] + 1e-6)",
    ),
    "states are read backwards": (
        M,
        "first = tuple(",
        "states = states[:, ::-1]\n    first = tuple(",
    ),
    "gradient: 1/p is missing": (M, "return total / np.where(read, table, 1)", "return total"),
    "gradient: a place that is read twice counts once": (
        M,
        "np.add.at(total, places, cotangents)",
        "total[places] += cotangents",
    ),
    "gradient: the cotangent is ignored for the transition": (
        M,
        "np.broadcast_to(dlog_prob[:, None], ",
        "np.ones_like(dlog_prob, shape=",
    ),
    "gradient: the initial's is left at zero": (
        M,
        "return _gradient(dlog_prob, initial, first),",
        "return np.zeros_like(initial),",
    ),
}
