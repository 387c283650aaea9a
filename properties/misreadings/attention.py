"""Misreadings of attention: the scale, the soft cap, the heads, the products; options ignored."""

from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading

DEFAULT = "1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else float(scale)"
SCALED = "s, slope = (q @ transpose(k)) * default_scale(q, scale), 1.0"
CAPPED = "t = np.tanh(s * (1 / softcap))"
BACK = "s, slope = t * softcap, 1 - t * t"
MASKED = "return allowed, np.where(allowed, s, -np.inf), slope"
FILLED = """s = np.where(allowed, s, -np.inf if softcap is None else -softcap)
    return allowed, s, slope"""
LATER = "if is_floating(mask):\n        s = s + mask"
ADDED = "if is_floating(mask):\n        s = s + np.where(allowed, mask, 0)"
REPEATED = "k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)"
EVERY = "attention: attention, attention_vjp"
STORED = "p = +either(p, np.where(allowed, np.exp(s - log_sum_exp(s)), p))"
INNER = """either(
        np.sum(p * dp, axis=-1, keepdims=True), np.sum(dout * out, axis=-1, keepdims=True)
    )"""


def first(name: str, line: str) -> Misreading:
    """Something done to the arguments before all else."""
    return misreading(name, "attention", before(EVERY, "group = heads(q, k, v)", line))


def scale(name: str, new: str) -> Misreading:
    """Another factor of the scores."""
    return misreading(name, "attention", edit("attention: default_scale", DEFAULT, new))


def default(name: str, new: str) -> Misreading:
    """Another default scale, of q's shape."""
    return scale(name, f"{new} if scale is None else float(scale)")


def heads(name: str, k: str, v: str) -> Misreading:
    """Other key heads for the query heads."""
    return misreading(name, "attention", edit(EVERY, REPEATED, f"k, v = {k}, {v}"))


def scores(name: str, *changes: tuple[str, str]) -> Misreading:
    """Something else in the scores."""
    edits = [edit("attention: scores", old, new) for old, new in changes]
    return misreading(name, "attention", *edits)


def along(name: str, axis: int) -> Misreading:
    """Weights that sum to one along another axis, in the gradient, too."""
    moved = f"np.moveaxis(weights(np.moveaxis(s, {axis}, -1), fully_masked), -1, {axis})"
    return misreading(
        name,
        "attention",
        edit(EVERY, "weights(s, fully_masked)", moved),
        edit("attention: attention_vjp", STORED, "p = +p"),
        edit("attention: attention_vjp", INNER, f"np.sum(p * dp, axis={axis}, keepdims=True)"),
    )


MISREADINGS = (
    default("scale 1/D", "1 / max(q.shape[-1], 1)"),
    default("scale 1", "1.0"),
    default("scale sqrt(D)", "math.sqrt(q.shape[-1])"),
    scale("scale ignored", "1 / math.sqrt(max(q.shape[-1], 1))"),
    scale(
        "scale 0.0 taken for none",
        "1 / math.sqrt(max(q.shape[-1], 1)) if not scale else float(scale)",
    ),
    scale(
        "the scale as a divisor",
        "1 / scale if scale else 1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else 0.0",
    ),
    scale(
        "the scale on top of the default",
        "(1.0 if scale is None else float(scale)) / math.sqrt(max(q.shape[-1], 1))",
    ),
    scale("scale applied twice", f"({DEFAULT}) ** 2"),
    scale("scale applied twice if given", f"({DEFAULT}) ** (1 if scale is None else 2)"),
    scale("the magnitude of the scale", f"abs({DEFAULT})"),
    scale("no scale at all", "1.0"),
    scale(
        "a negative scale taken for none",
        "1 / math.sqrt(max(q.shape[-1], 1)) if scale is None or scale < 0 else float(scale)",
    ),
    scale(
        "the square root of the scale",
        "1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else math.sqrt(abs(scale))",
    ),
    first(
        "scale twice with softcap",
        "scale = default_scale(q, scale) ** 2 if softcap is not None else scale",
    ),
    first("scale 1/sqrt(Dv)", "scale = 1 / max(v.shape[-1], 1) ** 0.5 if scale is None else scale"),
    first("scale 1/sqrt(S)", "scale = 1 / max(k.shape[2], 1) ** 0.5 if scale is None else scale"),
    first("scale 1/sqrt(L)", "scale = 1 / max(q.shape[2], 1) ** 0.5 if scale is None else scale"),
    default("scale 1/sqrt(N D)", "1 / math.sqrt(max(q.shape[1] * q.shape[-1], 1))"),
    default("scale 1/sqrt(D/N)", "1 / math.sqrt(max(q.shape[-1] / q.shape[1], 1e-9))"),
    default("scale D", "float(q.shape[-1])"),
    default("scale 1/D^2", "1 / max(q.shape[-1], 1) ** 2"),
    default("scale D^(-1/4)", "max(q.shape[-1], 1) ** -0.25"),
    default("scale 1/sqrt(2 D)", "1 / math.sqrt(max(2 * q.shape[-1], 1))"),
    default("scale 2/sqrt(D)", "2 / math.sqrt(max(q.shape[-1], 1))"),
    default("scale 1/sqrt(D - 1)", "1 / math.sqrt(max(q.shape[-1] - 1, 1))"),
    default("scale 1/sqrt(D + 1)", "1 / math.sqrt(q.shape[-1] + 1)"),
    default("scale 1/8", "0.125"),
    default("scale 1/sqrt(128)", "1 / math.sqrt(128)"),
    default("scale 1/sqrt(32)", "1 / math.sqrt(32)"),
    *(
        default(f"the scale of D = {n} for every larger D", f"1 / math.sqrt(min(q.shape[-1], {n}))")
        for n in (16, 32, 64)
    ),
    *(
        default(
            f"the scale of D rounded up to a multiple of {n}",
            f"1 / math.sqrt(max(-(-q.shape[-1] // {n}) * {n}, 1))",
        )
        for n in (4, 8, 16, 32, 64)
    ),
    default(
        "the scale of D rounded up to a power of two",
        "1 / math.sqrt(1 << max(q.shape[-1] - 1, 0).bit_length())",
    ),
    scale("scale in float32", f"float(np.float32({DEFAULT}))"),
    scale("scale in float16", f"float(np.float16({DEFAULT}))"),
    scale("scale in bfloat16", f'float(narrow({DEFAULT}, "bfloat16"))'),
    heads("heads tiled", "tile(k, group)", "tile(v, group)"),
    heads("value heads tiled", "np.repeat(k, group, axis=1)", "tile(v, group)"),
    heads("key heads tiled, value heads not", "tile(k, group)", "np.repeat(v, group, axis=1)"),
    heads(
        "first key head for all",
        "np.repeat(k[:, :1], q.shape[1], axis=1)",
        "np.repeat(v[:, :1], q.shape[1], axis=1)",
    ),
    heads(
        "last key head for all",
        "np.repeat(k[:, -1:], q.shape[1], axis=1)",
        "np.repeat(v[:, -1:], q.shape[1], axis=1)",
    ),
    heads(
        "first value head for all",
        "np.repeat(k, group, axis=1)",
        "np.repeat(v[:, :1], q.shape[1], axis=1)",
    ),
    heads(
        "key heads in the reverse order",
        "np.repeat(k[:, ::-1], group, axis=1)",
        "np.repeat(v[:, ::-1], group, axis=1)",
    ),
    heads(
        "key heads off by one",
        "np.repeat(np.concatenate([k[:, 1:], k[:, :1]], axis=1), group, axis=1)",
        "np.repeat(np.concatenate([v[:, 1:], v[:, :1]], axis=1), group, axis=1)",
    ),
    heads(
        "value heads off by one",
        "np.repeat(k, group, axis=1)",
        "np.repeat(np.concatenate([v[:, 1:], v[:, :1]], axis=1), group, axis=1)",
    ),
    heads(
        "heads tiled for more than one batch entry",
        "tile(k, group) if q.shape[0] > 1 else np.repeat(k, group, axis=1)",
        "tile(v, group) if q.shape[0] > 1 else np.repeat(v, group, axis=1)",
    ),
    heads(
        "keys and values of the first batch entry for all",
        "np.repeat(k[[0] * len(k)], group, axis=1)",
        "np.repeat(v[[0] * len(v)], group, axis=1)",
    ),
    scores("softcap ignored", ("if softcap is not None:", "if False:")),
    scores(
        "softcap before scale",
        (
            CAPPED,
            (
                "c = softcap * default_scale(q, scale)\n        "
                "t = np.tanh(s * (1 / c if c else np.nan))"
            ),
        ),
        (BACK, "s, slope = t * c, 1 - t * t"),
    ),
    scores("softcap by clipping", (BACK, "s, slope = clip(s, -softcap, softcap), 1.0")),
    scores("softcap not multiplied back", (BACK, "s, slope = t, (1 - t * t) * (1 / softcap)")),
    scores("softcap not divided by", (CAPPED, "t = np.tanh(s)")),
    scores("softcap applied twice", (BACK, "t = np.tanh(t)\n        s, slope = t * softcap, 1.0")),
    scores(
        "a tanh of the scores for the softcap",
        (CAPPED, "t = np.tanh(s)"),
        (BACK, "s, slope = t, 1 - t * t"),
    ),
    scores("softcap as a multiplier of the scores", (CAPPED, "t = np.tanh(s * softcap)")),
    scores("softcap after the mask", (MASKED, FILLED)),
    scores(
        "softcap after the mask",
        ("if softcap is not None:", f"{ADDED}\n    if softcap is not None:"),
        (f"{LATER}\n    {MASKED}", FILLED),
    ),
    scores(
        "softcap of the float mask",
        ("if softcap is not None:", f"{ADDED}\n    if softcap is not None:"),
        (f"    {LATER}\n", ""),
    ),
    scores("softcap not multiplied back", (BACK, "s, slope = t, 1 - t * t")),
    along("softmax over the heads", 1),  # as F.softmax has it where it is told no dimension
    along("softmax over the batch", 0),
    misreading(
        "softmax over queries",
        "attention",
        edit(EVERY, "weights(s, fully_masked)", "transpose(weights(transpose(s), fully_masked))"),
        edit("attention: attention_vjp", STORED, "p = +p"),
    ),
    misreading(
        "heads and queries swapped in the output",
        "attention",
        edit(
            "attention: attention",
            "return +matmul_where(counted(allowed, fully_masked), p, v)",
            "return np.swapaxes(+matmul_where(counted(allowed, fully_masked), p, v), 1, 2)",
        ),
    ),
    misreading(
        "0 * NaN",
        "attention",
        edit(EVERY, "matmul_where(counted(allowed, fully_masked), p, v)", "p @ v")[:1],
    ),
    misreading(
        "keys in the place of values",
        "attention",
        edit("attention: attention", "fully_masked), p, v)", "fully_masked), p, k)"),
    ),
    misreading(
        "values in the place of keys",
        "attention",
        edit("attention: attention", "scores(q, k,", "scores(q, v,"),
    ),
    misreading(
        "queries and keys swapped",
        "attention",
        edit("attention: scores", "(q @ transpose(k))", "(k @ transpose(q))"),
    ),
    misreading(
        "weights transposed",
        "attention",
        edit("attention: attention", "fully_masked), p, v)", "fully_masked), transpose(p), v)"),
    ),
    misreading(
        "weights not normalised",
        "attention",
        edit("attention: attention", "p = +weights(s, fully_masked)", "p = np.exp(s)"),
    ),
)
