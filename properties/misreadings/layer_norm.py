"""Misreadings of layer_norm: moments, eps, axes, weight and bias; the gradients."""

from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading

FORWARD, VJP = "layer_norm: layer_norm", "layer_norm: layer_norm_vjp"
BOTH = "layer_norm: layer_norm, layer_norm_vjp"
AFFINE = "+normalised * weight + bias"
STEPS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # of a padded width, or a block
PADDED = (
    *((f"a multiple of {n}", f"multiple(x.shape[-1], {n})") for n in STEPS),
    ("a power of two", "whole_tiles(x.shape[-1], 1 << 60)"),
    *(
        (f"a power of two, or a multiple of {n} from there", f"whole_tiles(x.shape[-1], {n})")
        for n in STEPS[3:]
    ),
)
SUMS = "dw, db = (np.sum(np.reshape(z, (rows, n)), axis=0) for z in (dy * h, dy))"
MANY = "(x.shape[-1] / max(x.shape[-1] - 1, 1))"
BY_ITS_ROOT = "standardized_by(x, lambda v: root(v + eps)"
OF_ONE = (
    "(x.shape[-1] / np.float64(x.shape[-1] - 1))"  # of a single feature 0 * inf, as libraries do
)


def moments(name: str, new: str) -> Misreading:
    """What is normalised, and 1 / root, by other moments."""
    return misreading(name, "layer_norm", edit(BOTH, "standardized(x, eps)", new))


def divided(name: str, divisor: str) -> Misreading:
    """Another divisor than sqrt(v + eps), of the variance v."""
    return moments(name, f"standardized_by(x, lambda v: {divisor})")


def applied(name: str, new: str) -> Misreading:
    """Weight and bias applied in another way."""
    return misreading(name, "layer_norm", edit(FORWARD, AFFINE, new))


def gradient(name: str, new: str) -> Misreading:
    """Another gradient of x."""
    return misreading(name, "layer_norm", before(VJP, SUMS, f"dx = {new}"), gradients=True)


def sums(name: str, new: str) -> Misreading:
    """Other gradients of weight and bias."""
    return misreading(name, "layer_norm", edit(VJP, SUMS, new), gradients=True)


def summed(name: str, of: str) -> Misreading:
    """Sums of others than dy h and dy."""
    return sums(name, SUMS.replace("(dy * h, dy)", of))


def returned(name: str, new: str) -> Misreading:
    """Something done to the gradients."""
    return misreading(
        name, "layer_norm", edit(VJP, "return +dx, +dw, +db", f"return {new}"), gradients=True
    )


MISREADINGS = (
    divided("eps outside the root", "root(v) + eps"),
    moments("no eps", "standardized(x, 0.0)"),
    moments("eps ignored", "standardized(x, 1e-5)"),
    moments("an eps of 1e-12", "standardized(x, 1e-12)"),
    moments("an eps of 1e-6", "standardized(x, 1e-6)"),
    moments("an eps of 1e-3", "standardized(x, 1e-3)"),
    moments("eps squared", "standardized(x, eps**2)"),
    divided("eps as the least variance", "root(np.maximum(v, eps))"),
    *(
        divided(f"a variance of at least {least}", f"root(np.maximum(v, {least}) + eps)")
        for least in ("1e-12", "1e-10", "1e-8", "1e-6", "1e-5")
    ),
    divided("the unbiased variance", f"root(v * {MANY} + eps)"),
    divided("the unbiased deviation, eps outside the root", f"root(v * {MANY}) + eps"),
    divided("the unbiased variance", f"root(v * {OF_ONE} + eps)"),
    divided("the unbiased deviation, eps outside the root", f"root(v * {OF_ONE}) + eps"),
    divided("divided by the variance", "v + eps"),
    divided("not divided by the deviation", "v * 0.0 + 1"),
    moments("the mean not subtracted", f"{BY_ITS_ROOT}, shift=0, about=0)"),
    moments("the mean subtracted in the variance alone", f"{BY_ITS_ROOT}, shift=0)"),
    moments("the mean square for the variance", f"{BY_ITS_ROOT}, about=0)"),
    moments("moments over the first axis", "over_the_first_axis(x, eps)"),
    moments("moments over all axes", "over_all_axes(x, eps)"),
    moments("moments in one pass", "in_one_pass(x, eps)"),
    *(
        moments(f"{what} to {name}", f"over_a_padded_width(x, eps, {wide}{flags})")
        for name, wide in PADDED
        for what, flags in (
            ("statistics over a width padded", ", centred=True"),
            ("statistics over a width padded", ""),
            ("the mean over a width padded", ", variance=False"),
            ("the variance of a row padded", ", average=False, variance=False, centred=True"),
        )
    ),
    moments(
        "running squares of the difference to the mean before",
        f"{BY_ITS_ROOT}, about=running_means(x, before=True))",
    ),
    moments(
        "running squares of the difference to the mean after",
        f"{BY_ITS_ROOT}, about=running_means(x))",
    ),
    *(
        moments(
            f"the variance within blocks of {n}, without that of their means",
            f"{BY_ITS_ROOT}, about=means_of_blocks(x, {n}))",
        )
        for n in STEPS
    ),
    *(
        moments(
            f"the mean of the means of blocks of {n}, whatever their length",
            f"{BY_ITS_ROOT}, shift=mean_of_means(x, {n}), about=mean_of_means(x, {n}))",
        )
        for n in STEPS
    ),
    applied("no bias", "+normalised * weight"),
    applied("no weight", "+normalised + bias"),
    applied("neither weight nor bias", "+normalised"),
    applied("one plus the weight", "+normalised * (weight + 1) + bias"),
    applied("the weight's magnitude", "+normalised * absolute(weight) + bias"),
    applied("the bias before the weight", "(+normalised + bias) * weight"),
    applied("the bias subtracted", "+normalised * weight - bias"),
    applied("weight and bias exchanged", "+normalised * bias + weight"),
    gradient("no gradient through the mean", "(dh - h * mean(products)) * reciprocal_root"),
    gradient("no gradient through the variance", "(dh - mean(dh)) * reciprocal_root"),
    gradient("no gradient through the moments", "dh * reciprocal_root"),
    gradient("the gradient not scaled back", "dh - mean(dh) - h * mean(products)"),
    gradient("the projection added", "(dh - mean(dh) + h * mean(products)) * reciprocal_root"),
    gradient(
        "sums for means in the gradient", "(dh - total(dh) - h * total(products)) * reciprocal_root"
    ),
    gradient(
        "the mean subtracted twice", "(dh - 2 * mean(dh) - h * mean(products)) * reciprocal_root"
    ),
    gradient(
        "the weighted mean of the products subtracted twice",
        "(dh - mean(dh) - 2 * h * mean(products)) * reciprocal_root",
    ),
    *(
        gradient(
            f"the last block of {n} features alone in {what}",
            f"(dh - mean({one}) - h * mean({other})) * reciprocal_root",
        )
        for n in STEPS[3:]
        for what, one, other in (
            ("the sum of dy w", f"last_block(dh, {n})", "products"),
            ("the sum of dy w h", "dh", f"last_block(products, {n})"),
            ("both sums", f"last_block(dh, {n})", f"last_block(products, {n})"),
        )
    ),
    *(
        gradient(
            f"{what} over a width padded to {name}",
            f"(dh - mean(dh) * {one} - h * mean(products) * {other}) * reciprocal_root",
        )
        for name, wide in PADDED
        for what, one, other in (
            ("the mean of dy w", f"(n / {wide})", "1"),
            ("the mean of dy w h", "1", f"(n / {wide})"),
            ("both means", f"(n / {wide})", f"(n / {wide})"),
        )
    ),
    gradient(
        "rows counted by the first axis alone",
        "reciprocal_root * np.reshape("
        "(lambda a, b: a - mean(a) - b * mean(a * b))"
        "(*(np.reshape(z, (x.shape[0], -1)) for z in (dh, h))), x.shape)",
    ),
    misreading(
        "the weight left out of the gradient",
        "layer_norm",
        edit(VJP, "+(dy * weight)", "+dy"),
        gradients=True,
    ),
    summed("the gradient of the weight by x", "(dy * x, dy)"),
    summed("the gradient of the bias by the weight", "(dy * h, dy * weight)"),
    summed("the gradient of the weight by the weight", "(dy * h * weight, dy)"),
    returned("no gradient of the bias", "+dx, +dw, nothing(db)"),
    returned("no gradient of the weight", "+dx, nothing(dw), +db"),
    returned("no gradient of x", "nothing(dx), +dw, +db"),
    returned(
        "gradients averaged over positions",
        "+dx, +(dw * (1 / max(rows, 1))), +(db * (1 / max(rows, 1)))",
    ),
)
