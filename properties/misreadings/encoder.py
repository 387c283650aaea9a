"""Misreadings of the encoder layer: norms, residuals, the activation, the mask."""

from dataclasses import replace

from seqlaws.properties.misreadings import layer_norm, masked, masks, multi_head
from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading

NAME = "encoder_layer"
BOTH = "sublayers: residual, residual_vjp"
RESIDUAL, BACK = "sublayers: residual", "sublayers: residual_vjp"
PRE = "+(z + f(layer_norm(z, weight, bias)))"
UNPACKED = "f, (weight, bias) = sublayer.f, norm_of(sublayer, params)"
GIVEN = "return dz, {**gradients, **own}"
STAGES = "encoder: sublayers"
ATTEND = 'self_attention(params, "norm1", num_heads, mask=mask, fully_masked=fully_masked)'
FEED = 'position_wise(params, "norm2", activation)'
ATTENTION = "return multi_head_attention(z, z, z, *given, num_heads, **options)"
NORM = "return +(+normalised * weight + bias)"
HIDDEN = "a = linear(x, linear1_weight, linear1_bias)"
LAST = "return linear(+ACTIVATION[activation](a), linear2_weight, linear2_bias)"
SUM = "+(dquery + dkey + dvalue)"
PAST_POST = edit(BACK, "dz = in_parts(ds, df)", "dz = df")
PAST_PRE = edit(BACK, "dz = in_parts(dy, dn)", "dz = dn")
PARTS = (
    *("heads interleaved", "heads joined without a transposition"),
    *("heads split without a transposition", "scale 1/sqrt(E)", "no bias in the last projection"),
    *("the unbiased variance", "an eps of 1e-3", "an eps of 1e-6", "an eps of 1e-12"),
)


def stages(name: str, *changes: tuple[str, str]) -> Misreading:
    """Other sublayers."""
    return misreading(name, NAME, *(edit(STAGES, old, new) for old, new in changes))


def left_out(name: str, operation: str, norm: str) -> Misreading:
    """A sublayer that is not there, with its norm; its parameters have no gradient."""
    all_zero = "{n: nothing(g) for n, g in {**gradients, **own}.items()}"
    return misreading(
        name,
        operation,
        before(RESIDUAL, UNPACKED, f'if sublayer.norm == "{norm}": return z'),
        before(BACK, GIVEN, f'if sublayer.norm == "{norm}": return dy, {all_zero}'),
    )


def nothing_added(name: str, operations: str, norm: str) -> Misreading:
    """A sublayer with its norm, and no way past it."""
    way = f'(nothing(z) if sublayer.norm == "{norm}" else z)'
    back = f'{{}} if sublayer.norm == "{norm}" else {{}}'.format
    return misreading(
        name,
        operations,
        edit(RESIDUAL, "z + f(layer_norm(", f"{way} + f(layer_norm("),
        edit(RESIDUAL, "layer_norm(+(z + f(z))", f"layer_norm(+({way} + f(z))"),
        edit(BACK, "z + sublayer.f(z)", f"{way} + sublayer.f(z)"),
        edit(BACK, "in_parts(dy, dn)", back("dn", "in_parts(dy, dn)")),
        edit(BACK, "in_parts(ds, df)", back("df", "in_parts(ds, df)")),
    )


def activation(name: str, kind: str, new: str, slope: str) -> Misreading:
    """Another function in the place of relu or gelu."""
    old = {"relu": "relu", "gelu": "gelu"}[kind]
    slopes = {"relu": "step", "gelu": "gelu_slope"}[kind]
    return misreading(
        name,
        NAME,
        edit("feed_forward: ACTIVATION", f'"{kind}": {old}', f'"{kind}": {new}'),
        edit("feed_forward: SLOPE", f'"{kind}": {slopes}', f'"{kind}": {slope}'),
    )


def forward(name: str, place: str, old: str, new: str) -> Misreading:
    """Another line of the way forward."""
    return misreading(name, NAME, edit(place, old, new))


def gradients(name: str, place: str, old: str, new: str) -> Misreading:
    """Another line of the way back."""
    return misreading(name, NAME, edit(place, old, new), gradients=True)


def half_normalised(name: str, given: str) -> Misreading:
    """Pre-norm, in which queries or else keys and values are the raw input; given: of z and n."""
    attends = edit(
        "sublayers: self_attention",
        f"def f(z: Array) -> Array:\n        {ATTENTION}",
        "def f(z: Array, other: Any = None) -> Array:\n        "
        "other = z if other is None else other\n        "
        + ATTENTION.replace("z, z, z", "z, other, other"),
    )
    norm = "layer_norm(z, weight, bias)"
    residual = edit(
        "sublayers: residual",
        f"return +(z + f({norm}))",
        f'n = {norm}\n        return +(z + (f({given}) if sublayer.norm == "norm1" else f(n)))',
    )
    return misreading(name, NAME, attends, residual)


OWN = (
    half_normalised("norm_first: only the queries normalised", "n, z"),
    half_normalised("norm_first: only keys and values normalised", "z, n"),
    misreading("norm_first ignored", NAME, edit(BOTH, "if norm_first:", "if False:")),
    misreading("the norms always first", NAME, edit(BOTH, "if norm_first:", "if True:")),
    stages(
        "the norms exchanged",
        (ATTEND, ATTEND.replace("norm1", "norm2")),
        (FEED, FEED.replace("norm2", "norm1")),
    ),
    stages("the second norm's parameters for both", (ATTEND, ATTEND.replace("norm1", "norm2"))),
    stages("the first norm's parameters for both", (FEED, FEED.replace("norm2", "norm1"))),
    forward(
        "norms without a bias", "layer_norm: layer_norm", NORM, "return +(+normalised * weight)"
    ),
    forward("norms left out", "layer_norm: layer_norm", NORM, "return x"),
    left_out("no self-attention", NAME, "norm1"),
    left_out("no feed-forward network", NAME, "norm2"),
    misreading(
        "nothing added to any sublayer",
        f"{NAME} decoder_layer",
        edit(RESIDUAL, "z + f(layer_norm(", "f(layer_norm("),
        edit(RESIDUAL, "layer_norm(+(z + f(z))", "layer_norm(+f(z)"),
        PAST_PRE,
        PAST_POST,
        edit(BACK, "+(z + sublayer.f(z))", "+sublayer.f(z)"),
    ),
    misreading(
        "the way past each sublayer beyond its norm",
        f"{NAME} decoder_layer",
        edit(
            RESIDUAL,
            "layer_norm(+(z + f(z)), weight, bias)",
            "+(z + layer_norm(f(z), weight, bias))",
        ),
        edit(BACK, "+(z + sublayer.f(z))", "sublayer.f(z)"),
        edit(BACK, "dz = in_parts(ds, df)", "dz = in_parts(dy, df)"),
    ),
    misreading(
        "norm_first: the normalised input, not the input, added to each sublayer",
        f"{NAME} decoder_layer",
        edit(RESIDUAL, PRE, "+((n := layer_norm(z, weight, bias)) + f(n))"),
        edit(
            BACK, "layer_norm_vjp(dn, z, weight, bias)", "layer_norm_vjp(dn + dy, z, weight, bias)"
        ),
        PAST_PRE,
    ),
    nothing_added("nothing added to the attention", NAME, "norm1"),
    nothing_added("nothing added to the feed-forward network", NAME, "norm2"),
    activation(
        "gelu by tanh",
        "gelu",
        "lambda x: x * 0.5 * (1 + np.tanh((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)))",
        "gelu_slope",
    ),
    activation("gelu by a sigmoid", "gelu", "lambda x: x * sigmoid(x * 1.702)", "gelu_slope"),
    activation("relu for gelu", "gelu", "relu", "step"),
    activation("gelu for relu", "relu", "gelu", "gelu_slope"),
    activation("no activation", "relu", "lambda x: x", "lambda x: nothing(x) + 1"),
    activation("no activation", "gelu", "lambda x: x", "lambda x: nothing(x) + 1"),
    forward(
        "no bias of the hidden units",
        "feed_forward: feed_forward, feed_forward_vjp",
        HIDDEN,
        "a = linear(x, linear1_weight, nothing(linear1_bias))",
    ),
    forward(
        "no bias after the hidden units",
        "feed_forward: feed_forward",
        LAST,
        LAST.replace("linear2_bias", "nothing(linear2_bias)"),
    ),
    misreading(
        "one head",
        NAME,
        before(
            STAGES,
            'bind("encoder_layer"',
            "num_heads = 1; "
            "mask = mask[..., :1, :, :] if mask is not None and mask.ndim > 2 else mask",
        ),
    ),
    stages("mask ignored", ("mask=mask,", "mask=None,")),
    misreading(
        "mask transposed",
        NAME,
        before(
            STAGES,
            'bind("encoder_layer"',
            "mask = transpose(mask) if mask is not None and mask.ndim > 1 else mask",
        ),
    ),
    stages("causal", ("mask=mask,", "mask=mask, is_causal=True,")),
    gradients("attention's gradient as query only", "sublayers: self_attention", SUM, "dquery"),
    misreading(
        "attention's gradient without that as value",
        f"{NAME} decoder_layer",
        edit("sublayers: self_attention", SUM, "+(dquery + dkey)"),
        gradients=True,
    ),
    gradients(
        "no gradient past the attention",
        "sublayers: self_attention",
        SUM,
        "+(dquery + dkey + dvalue - dy)",
    ),
    *(
        misreading(name, f"{NAME} decoder_layer", *edits, gradients=True)
        for name, edits in (
            ("the gradient past each sublayer missing", (PAST_POST, PAST_PRE)),
            ("the gradient past each sublayer missing without norm_first", (PAST_POST,)),
            ("the gradient past each sublayer missing with norm_first", (PAST_PRE,)),
        )
    ),
    misreading(
        "the gradients of the two norms exchanged",
        NAME,
        edit(
            BACK, "own = {", 'other = {"norm1": "norm2"}.get(sublayer.norm, "norm1")\n    own = {'
        ),
        edit(BACK, 'f"{sublayer.norm}.weight"', 'f"{other}.weight"'),
        edit(BACK, 'f"{sublayer.norm}.bias"', 'f"{other}.bias"'),
        gradients=True,
    ),
    misreading(
        "the slope of the activation left out",
        f"{NAME} decoder_layer",
        edit("feed_forward: feed_forward_vjp", "+(dh * SLOPE[activation](a))", "+dh"),
        gradients=True,
    ),
    gradients(
        "relu's slope 1 at 0",
        "feed_forward: SLOPE",
        '"relu": step',
        '"relu": lambda x: nothing(x) + 1 - step(nothing(x) - x)',
    ),
    gradients(
        "gelu's slope without x phi(x)",
        "feed_forward: SLOPE",
        '"gelu": gelu_slope',
        '"gelu": normal_cdf',
    ),
)
MISREADINGS = (
    *OWN,
    *(
        replace(one, operations=(NAME,))
        for one in (*multi_head.MISREADINGS, *layer_norm.MISREADINGS)
        if one.name in PARTS
    ),
    *(
        replace(one, operations=(NAME,))
        for one in (*masks.MISREADINGS, *masked.MISREADINGS)
        if {e.module for e in one.edits} <= {"masks", "attention"} and one.name == "mask polarity"
    ),
)
