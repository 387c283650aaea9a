"""Misreadings of softmax, alone and within attention."""

from seqlaws.properties.misreadings.edits import Edit, Misreading, before, edit, misreading

BOTH = "softmax attention"
AXIS = "x = np.moveaxis(x, axis_of(x, axis), -1)"
STORED = "p = +either(p, np.where(allowed, np.exp(s - log_sum_exp(s)), p))"


def rows(new: str) -> tuple[Edit, ...]:
    """Other weights of a row, also in the vjp of attention."""
    recomputed = edit("attention: attention_vjp", STORED, "p = +p")
    return (*edit("softmax: weights", "p = softmax_rows(x)", new), *recomputed)


def weights(name: str, new: str, operations: str = BOTH) -> Misreading:
    """Another formula of the weights."""
    return misreading(name, operations, rows(f"p = {new}"))


def of_scores(name: str, new: str) -> Misreading:
    """The softmax of other scores; beside another formula of the weights, too."""
    recomputed = edit("attention: attention_vjp", STORED, "p = +p")
    return misreading(
        name, BOTH, before("softmax: weights", "p = softmax_rows(x)", f"x = {new}"), recomputed
    )


def shifted(name: str, shift: str, *, guarded: bool = False) -> Misreading:
    """Something else than the maximum subtracted."""
    return weights(name, f"shifted_softmax(x, {shift}, guarded={guarded})")


def finite(shift: str) -> str:
    """0 in place of a shift by -inf."""
    return f"np.where(np.isneginf(np.real({shift})), 0, {shift})"


def added(epsilon: str, name: str = "") -> Misreading:
    """A little more in the normaliser."""
    e = f"np.exp(x - {finite('highest(x)')})"
    total = f"(np.sum({e}, axis=-1, keepdims=True) + {epsilon})"
    return weights(name or f"{epsilon} added to the sum", f"quotient({e}, {total})")


def declared(name: str, rule: str) -> Misreading:
    """Another answer to a row without anything."""
    softmax = before("softmax: weights", "p = softmax_rows(x)", f'fully_masked = "{rule}"')
    attention = before(
        "attention: attention, attention_vjp",
        "group = heads(q, k, v)",
        f'fully_masked = "{rule}"',
    )
    return misreading(name, BOTH, softmax, attention)


def kept_in_gradients(name: str, row: str) -> Misreading:
    """Other weights of a row without anything, and a gradient that passes through them."""
    passes = edit(
        "softmax: softmax_vjp",
        "np.where(fully_masked_rows(x), 0, dx)",
        "dx",
    )
    weights = f"p = np.where(fully_masked_rows(x), {row}, softmax_rows(x))"
    return misreading(name, "softmax", rows(weights), passes)


def along(name: str, axis: str) -> Misreading:
    """Another axis."""
    gradients = before("softmax: softmax_vjp", "if dp.shape != x.shape:", f"axis = {axis}")
    return misreading(
        name, "softmax", before("softmax: softmax", AXIS, f"axis = {axis}"), gradients
    )


def gradient(name: str, new: str) -> Misreading:
    """Another formula of the gradient."""
    old = "dx = either(p * (dp - inner), p * dp - p * inner)"
    return misreading(
        name, "softmax", edit("softmax: softmax_vjp", old, f"dx = {new}"), gradients=True
    )


ZERO = "np.zeros((*x.shape[:-1], 1))"
FLAT = "softmax_rows(np.reshape(x, (1, x.value.size if hasattr(x, 'value') else x.size)))"
EVERYWHERE = "tuple(range(len(x.shape)))"

MISREADINGS = (
    declared("NaN for a fully masked row", "nan"),
    declared("the mean for a fully masked row", "mean"),
    declared("zeros for a fully masked row", "zeros"),
    kept_in_gradients("the mean for a fully masked row", "1 / x.shape[-1]"),
    along("axis ignored", "-1"),
    along("axis 0 whatever is asked", "0"),
    along("axis 1 whatever is asked", "min(1, len(x.shape) - 1)"),
    along("a negative axis counted from the wrong end", "-axis - 1 if axis < 0 else axis"),
    along("a negative axis off by one", "axis + 1 if axis < -1 else axis"),
    along("the axis off by one", "(axis + 1) % len(x.shape)"),
    along("the axis one too low", "(axis - 1) % len(x.shape)"),
    along("axis 0 taken for none given", "axis or -1"),
    along("axis ignored above two axes", "axis if len(x.shape) < 3 else -1"),
    along("axis ignored unless it is 0", "axis if axis == 0 else -1"),
    shifted("no maximum", "0"),
    shifted("no maximum", "0", guarded=True),
    shifted("the maximum of all rows", "highest(x, None)", guarded=True),
    shifted("the maximum of all rows", "highest(x, None)"),
    shifted("the first entry for the maximum", "x[..., :1]"),
    shifted("the smallest entry for the maximum", "-highest(-x)"),
    shifted("the smallest entry for the maximum", "-highest(-x)", guarded=True),
    shifted("the smallest entry for the maximum", finite("-highest(-x)"), guarded=True),
    shifted("the largest magnitude for the maximum", "highest(absolute(x))"),
    shifted("the mean for the maximum", "np.sum(x, axis=-1, keepdims=True) * (1 / x.shape[-1])"),
    shifted("a maximum of at least 0", "np.maximum(highest(x), 0)", guarded=True),
    shifted("a maximum of at least 0", "np.maximum(highest(x), 0)"),
    *(
        shifted(
            f"a maximum begun at {least}, not at -inf",
            f"np.maximum(highest(x), {least})",
            guarded=guarded,
        )
        for least in (-100, -1000, -10000, -50000, -65504)
        for guarded in (True, False)
    ),
    weights("softmax plus one", f"softmax_rows(np.concatenate([x, {ZERO}], axis=-1))[..., :-1]"),
    added("1", "softmax plus one"),
    of_scores("base 2", "x * math.log(2)"),
    of_scores("base 10", "x * math.log(10)"),
    of_scores("temperature sqrt n", "x * (1 / math.sqrt(max(x.shape[-1], 1)))"),
    of_scores("temperature n", "x * (1 / max(x.shape[-1], 1))"),
    weights("the sign of the exponent reversed", "softmax_rows(-x)"),
    weights("one sigmoid an entry", "sigmoid(x)"),
    weights("weights not normalised", "np.exp(x - highest(x))"),
    weights("weights neither shifted nor normalised", "np.exp(x)"),
    weights("the logarithm of the weights", "x - log_sum_exp(x)", "softmax"),
    weights("weights normalised twice", "softmax_rows(softmax_rows(x))"),
    misreading(
        "softmax over all entries",
        "softmax",
        rows(f"p = np.reshape({FLAT}, x.shape)"),
    ),
    misreading(
        "softmax over all entries",
        "softmax",
        rows(
            "e = np.exp(x - np.where(np.isneginf(np.real(highest(x))), 0, highest(x)))\n"
            f"    p = quotient(e, np.sum(e, axis={EVERYWHERE}, keepdims=True))"
        ),
    ),
    *(added(epsilon) for epsilon in ("1e-3", "1e-4", "1e-5", "1e-6", "1e-7", "1e-8", "1e-12")),
    weights("-inf taken for -10000", "softmax_rows(np.maximum(x, -1e4))", "softmax"),
    weights("-inf taken for -1e9", "softmax_rows(np.maximum(x, -1e9))", "softmax"),
    weights("-inf taken for 0", "softmax_rows(np.where(np.isneginf(x), 0, x))", "softmax"),
    weights("NaN taken for -inf", "softmax_rows(np.where(np.isnan(x), -np.inf, x))"),
    weights("NaN taken for 0", "softmax_rows(np.where(np.isnan(x), 0, x))"),
    weights(
        "zeros up to a power of two in the sum",
        "softmax_rows(np.concatenate([x, np.zeros((*x.shape[:-1], "
        "(1 << (x.shape[-1] - 1).bit_length()) - x.shape[-1] if x.shape[-1] else 0))], axis=-1))"
        "[..., :x.shape[-1]]",
    ),
    *(
        weights(
            f"zeros up to a multiple of {n} in the sum",
            "softmax_rows(np.concatenate("
            f"[x, np.zeros((*x.shape[:-1], -x.shape[-1] % {n}))], axis=-1))[..., :x.shape[-1]]",
        )
        for n in (4, 8, 16, 32, 64, 128)
    ),
    weights(
        "exponents of at least -20",
        "softmax_rows(np.where(np.isneginf(np.real(x)), x, np.maximum(x - highest(x), -20)))",
    ),
    gradient("gradient zero", "nothing(x)"),
    gradient("gradient doubled", "2 * either(p * (dp - inner), p * dp - p * inner)"),
    gradient("gradient negated", "-either(p * (dp - inner), p * dp - p * inner)"),
    gradient("p * dp alone", "p * dp"),
    gradient("straight through", "dp"),
    gradient("the factor p missing", "dp - inner"),
    gradient("diagonal only", "p * (1 - p) * dp"),
    gradient("the row sum of dp, not of p dp", "p * (dp - np.sum(dp, axis=-1, keepdims=True))"),
    gradient(
        "the mean of dp for the row sum",
        "p * (dp - np.sum(dp, axis=-1, keepdims=True) * (1 / x.shape[-1]))",
    ),
    gradient("the row sum added", "p * (dp + inner)"),
    gradient("the row sum not weighted", "p * dp - inner"),
    misreading(
        "rowsum over rows",
        "softmax",
        edit(
            "softmax: softmax_vjp",
            "inner = np.sum(dp * p, axis=-1, keepdims=True)",
            "inner = np.sum(dp * p, axis=0, keepdims=True)",
        ),
        gradients=True,
    ),
    misreading(
        "rowsum over all entries",
        "softmax",
        edit(
            "softmax: softmax_vjp",
            "np.sum(dp * p, axis=-1, keepdims=True)",
            f"np.sum(dp * p, axis={EVERYWHERE}, keepdims=True)",
        ),
        gradients=True,
    ),
    misreading(
        "NaN in the gradient of a fully masked row",
        "softmax",
        edit(
            "softmax: softmax_vjp",
            "np.where(fully_masked_rows(x), 0, dx)",
            "np.where(fully_masked_rows(x), np.nan, dx)",
        ),
        gradients=True,
    ),
    misreading(
        "NaN in the gradient of -inf",
        "softmax",
        edit(
            "softmax: softmax_vjp",
            "return +np.moveaxis(dx, -1, axis)",
            "return +np.moveaxis(np.where(np.isneginf(x), np.nan, dx), -1, axis)",
        ),
        gradients=True,
    ),
)
