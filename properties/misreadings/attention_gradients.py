"""Misreadings of the gradient of attention alone."""

from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading

VJP = "attention: attention_vjp"
OUT = "return +dq, +over_group(dk, group), +over_group(dv, group)"
DS = "+(p * (dp - inner) * slope)"
DQ, DK = "dq = matmul_where(allowed, ds * c, k)", "transpose(ds * c), q)"
SUMMED = "return np.sum(np.reshape(dk, (batch, n // group, group, s, d)), axis=2)"
ROWSUM = """inner = either(
        np.sum(p * dp, axis=-1, keepdims=True), np.sum(dout * out, axis=-1, keepdims=True)
    )"""


def vjp(name: str, *changes: tuple[str, str]) -> Misreading:
    """Other lines in the vjp."""
    edits = [edit(VJP, old, new) for old, new in changes]
    return misreading(name, "attention", *edits, gradients=True)


def returned(name: str, dq: str, dk: str, dv: str) -> Misreading:
    """Something else returned."""
    dk, dv = (d if "group" in d else f"over_group({d}, group)" for d in (dk, dv))
    return vjp(name, (OUT, f"return +({dq}), +({dk}), +({dv})"))


def gathered(name: str, new: str) -> Misreading:
    """Other sums over the heads of a group."""
    place = "attention: over_group"
    return misreading(name, "attention", edit(place, SUMMED, f"return {new}"), gradients=True)


def inner(name: str, new: str) -> Misreading:
    """Another row sum."""
    return vjp(name, (ROWSUM, f"inner = {new}"))


def meant(name: str, line: str) -> Misreading:
    """An argument of the vjp taken for another."""
    place = "group = heads(q, k, v)"
    return misreading(name, "attention", before(VJP, place, line), gradients=True)


GROUPS = "np.reshape(dk, (batch, n // group, group, s, d))"

MISREADINGS = (
    returned("dq zero", "nothing(dq)", "dk", "dv"),
    returned("dk zero", "dq", "nothing(dk)", "dv"),
    returned("dv zero", "dq", "dk", "nothing(dv)"),
    returned("probabilities detached", "nothing(dq)", "nothing(dk)", "dv"),
    returned("all gradients zero", "nothing(dq)", "nothing(dk)", "nothing(dv)"),
    vjp(
        "gradient scaled twice", ("c = default_scale(q, scale)", "c = default_scale(q, scale) ** 2")
    ),
    vjp("gradient without scale", ("c = default_scale(q, scale)", "c = 1.0")),
    vjp("dq without scale", (DQ, "dq = matmul_where(allowed, ds, k)")),
    vjp("dk without scale", (DK, "transpose(ds), q)")),
    vjp("dq scaled twice", (DQ, "dq = matmul_where(allowed, ds * c * c, k)")),
    vjp("dk scaled twice", (DK, "transpose(ds * c * c), q)")),
    *(
        returned(
            f"{d} {word}", *(new.format(d) if d == other else other for other in ("dq", "dk", "dv"))
        )
        for d in ("dq", "dk", "dv")
        for word, new in (("doubled", "2 * {}"), ("halved", "0.5 * {}"), ("negated", "-{}"))
    ),
    returned("all gradients doubled", "2 * dq", "2 * dk", "2 * dv"),
    returned("dk and dv swapped", "dq", "dv", "dk"),
    inner("rowsum missing", "0"),
    inner("rowsum of dP, not of P dP", "np.sum(dp, axis=-1, keepdims=True)"),
    inner(
        "the mean of P dP for its sum", "np.sum(p * dp, axis=-1, keepdims=True) * (1 / k.shape[2])"
    ),
    inner("the mean of dP for the rowsum", "np.sum(dp, axis=-1, keepdims=True) * (1 / k.shape[2])"),
    inner("rowsum over queries", "np.sum(p * dp, axis=-2, keepdims=True)"),
    inner("rowsum added", "-np.sum(p * dp, axis=-1, keepdims=True)"),
    vjp("P missing in dS", (DS, "+((dp - inner) * slope)")),
    vjp("softcap derivative missing", (DS, "+(p * (dp - inner))")),
    vjp("straight through the softmax", (DS, "+(dp * slope)")),
    vjp("P dP alone", (DS, "+(p * dp * slope)")),
    vjp(
        "dv of a uniform P",
        ("dv = transpose(p) @ dout", "dv = transpose(np.where(allowed, 1, 0 * p)) @ dout"),
    ),
    vjp("dv of P transposed", ("dv = transpose(p) @ dout", "dv = p @ dout")),
    vjp("dS transposed in dk", (DK, "ds * c, q)")),
    vjp("dS transposed in dq", (DQ, "dq = matmul_where(allowed, transpose(ds) * c, k)")),
    vjp(
        "dP of masked places",
        ("dp = np.where(allowed, dout @ transpose(v), 0)", "dp = dout @ transpose(v)"),
    ),
    vjp(
        "NaN in the gradient of a fully masked row",
        ("return +dq,", "return +np.where(np.any(allowed, axis=-1)[..., None], dq, np.nan),"),
    ),
    vjp(
        "the mean's gradient of a fully masked row in dv",
        ("dv = transpose(p) @ dout", "dv = transpose(weights(s, 'mean')) @ dout"),
    ),
    gathered("gradient of one head of a group", f"{GROUPS}[:, :, -1]"),
    gathered("gradient of one head of a group", f"{GROUPS}[:, :, 0]"),
    gathered("mean over the group", f"np.sum({GROUPS}, axis=2) * (1 / group)"),
    gathered(
        "heads tiled in the vjp", "np.sum(np.reshape(dk, (batch, group, n // group, s, d)), axis=1)"
    ),
    vjp(
        "one head's dk of a group",
        (
            OUT,
            (
                "last = np.reshape(dk, (dk.shape[0], -1, group, "
                "*dk.shape[2:]))[:, :, -1]\n    return +dq, +last, +over_group(dv, group)"
            ),
        ),
    ),
    vjp(
        "one head's dv of a group",
        (
            OUT,
            (
                "last = np.reshape(dv, (dv.shape[0], -1, group, "
                "*dv.shape[2:]))[:, :, -1]\n    return +dq, +over_group(dk, group), +last"
            ),
        ),
    ),
    vjp(
        "all gradients clipped to 1",
        (
            OUT,
            (
                "return (clip(dq, -1, 1), clip(over_group(dk, group), -1, 1), "
                "clip(over_group(dv, group), -1, 1))"
            ),
        ),
    ),
    vjp(
        "all gradients clipped to 5",
        (
            OUT,
            (
                "return (clip(dq, -5, 5), clip(over_group(dk, group), -5, 5), "
                "clip(over_group(dv, group), -5, 5))"
            ),
        ),
    ),
    vjp("score gradient clipped to 1", (DS, "+clip(p * (dp - inner) * slope, -1, 1)")),
)
