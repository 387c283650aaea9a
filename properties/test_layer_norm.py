"""Laws of layer_norm that need no oracle or have an exact answer.

Ba, Kiros and Hinton (2016), "Layer normalization", section 5.1, lists its invariances.
"""

import numpy as np

from seqlaws.properties.laws import (
    Array,
    Case,
    Expected,
    Fixed,
    NotOfferedError,
    Operation,
    Subject,
    agree,
    both_within,
    drawn,
    law,
    require,
    same,
    unless_refused,
)

ORDINARY = drawn(scale=1.0, offset=0.0, constant=(0.0,))
FAR = {"bfloat16": 64.0, "float16": 1024.0, "float32": 65536.0, "float64": 2.0**30}
LARGE = {"bfloat16": 55, "float16": 9, "float32": 55, "float64": 300}  # powers of two


def whole(array: Array) -> Array:
    """Return integers up to 60."""
    return np.round(np.clip(array, -60, 60))


def few_features(operation: Operation) -> list[Fixed]:
    """Return numbers of features: powers of two, where integers have an exact mean, and others."""
    return [{"E": n, "scale": 4.0, "offset": 0.0} for n in (1, 2, 3, 4, 8, 16, 7, 64)]


def one_feature(operation: Operation) -> list[Fixed]:
    """Return one feature, at every rank."""
    return [{"E": 1, "rank": rank} for rank in (1, 2, 3, 4)]


@law("layer_norm", share=0.06, sweep=few_features)
def test_shift_invariance(impl: Subject, case: Case) -> None:
    """A common offset does not change the output: y(x + c) = y(x), if x + c is exact.

    With a large offset, moments in one pass and the form x / sigma - mu / sigma lose all digits.
    """
    one = case.having(x=whole(case.arrays["x"]))
    other = one.having(x=one.arrays["x"] + FAR[case.dtype])
    first, second = impl.run(one), impl.run(other)
    slack = impl.expected(one)["y"].allowed + impl.expected(other)["y"].allowed
    says = f"an offset of {FAR[case.dtype]:g} changes the output"
    both_within(impl, second, first, {"y": slack}, says)


@law("layer_norm", share=0.2, cases=ORDINARY, needs=("eps",))
def test_scale_invariance(impl: Subject, case: Case) -> None:
    """Scaling x and eps does not change the output: y(a x, a^2 eps) = y(x, eps) for a > 0."""
    factor = 2.0 ** int(case.random().choice([-8, -3, 5, 8]))
    other = case.having(x=case.arrays["x"] * factor, eps=case.option("eps") * factor**2)
    if np.any(other.arrays["x"] != case.arrays["x"] * factor):
        return
    first, second = impl.run(case), impl.run(other)
    slack = impl.expected(case)["y"].allowed + impl.expected(other)["y"].allowed
    says = f"a factor of {factor:g} changes the output"
    both_within(impl, second, first, {"y": slack}, says)


@law("layer_norm", share=0.2)
def test_moments_of_the_output(impl: Subject, case: Case) -> None:
    """With weight 1 and bias 0: mean(y) = 0 and mean(y^2) = sigma^2 / (sigma^2 + eps).

    Allowed: the sum of the entries' bounds.
    """
    ones, zeros = np.ones_like(case.arrays["weight"]), np.zeros_like(case.arrays["bias"])
    plain = case.having(weight=ones, bias=zeros)
    if not plain.arrays["x"].shape[-1]:
        return
    y, (value, allowed) = impl.run(plain)["y"], impl.expected(plain)["y"]
    mean, slack = np.mean(y, axis=-1), np.mean(allowed, axis=-1)
    off = np.abs(np.mean(value, axis=-1))  # of the reference, in float64
    agree(
        impl,
        {"y": mean},
        {"y": Expected(np.zeros_like(mean), slack + off)},
        "the mean of the output is not 0",
    )
    square, due = np.mean(y * y, axis=-1), np.mean(value * value, axis=-1)
    slack = np.mean((2 * np.abs(value) + allowed) * allowed, axis=-1) + 2.0**-50 * due
    agree(
        impl, {"y": square}, {"y": Expected(due, slack)}, "the mean square of the output is wrong"
    )


@law("layer_norm", share=0.2)
def test_weight_and_bias_are_applied_last(impl: Subject, case: Case) -> None:
    """y(x, w, b) = w y(x, 1, 0) + b, feature by feature."""
    w, b = case.arrays["weight"], case.arrays["bias"]
    plain = case.having(weight=np.ones_like(w), bias=np.zeros_like(b))
    due = w * impl.run(plain)["y"] + b
    before, after = impl.expected(plain)["y"].allowed, impl.expected(case)["y"].allowed
    slack = np.where(np.isinf(before), np.inf, np.abs(w) * before) + after
    slack = slack + 2.0**-51 * (np.abs(due) + np.abs(b))
    agree(impl, impl.run(case), {"y": Expected(due, slack)}, "weight and bias are not applied last")


@law("layer_norm", share=0.1, sweep=one_feature, section="edges")
def test_one_feature(impl: Subject, case: Case) -> None:
    """Return one feature, at every rank."""
    case = case.having(bias=whole(case.arrays["bias"]))
    due = np.broadcast_to(case.arrays["bias"], case.arrays["x"].shape)
    allowed = impl.expected(case)["y"].allowed
    agree(
        impl,
        impl.run(case),
        {"y": Expected(due, allowed)},
        "the output for a single feature is not the bias",
    )


@law("layer_norm", share=0.1, gradients=True, sweep=one_feature, section="edges")
def test_gradients_of_one_feature(impl: Subject, case: Case) -> None:
    """A single feature is its own mean: dx = 0 and dw = 0; db is the sum of dy."""
    case = case.having(weight=whole(case.arrays["weight"]))
    pulled = case.pulled(y=whole(4 * case.cotangents["y"]))
    says = "the gradient of a single feature is wrong"
    agree(impl, impl.pull(pulled), impl.expected(pulled, vjp=True), says, nan_is_free=True)


@law("layer_norm", share=0.06, sweep=few_features, section="edges")
def test_constant_features(impl: Subject, case: Case) -> None:
    """If all features are equal, the output is the bias: y = b, for any finite value."""
    x, b = case.arrays["x"], case.arrays["bias"]
    level = FAR[case.dtype] if case.random().randint(2) else 0.0
    constant = case.having(x=np.broadcast_to(whole(x[..., :1]), x.shape) + level)
    y, (_, allowed) = impl.run(constant)["y"], impl.expected(constant)["y"]
    finite = np.isfinite(y) | np.isinf(allowed)  # a step may overflow
    require(bool(np.all(finite)), "constant features give a result that is not finite")
    due = Expected(np.broadcast_to(b, x.shape), allowed)
    agree(impl, {"y": y}, {"y": due}, "constant features do not give the bias")


@law("layer_norm", share=0.12, cases=ORDINARY, section="edges")
def test_large_features(impl: Subject, case: Case) -> None:
    """Large features are normalised like others as long as their squares do not overflow.

    Up to 2^55 in float32 and 2^300 in float64. Beyond that there is no bound.
    """
    x = case.arrays["x"] * 2.0 ** LARGE[case.dtype]
    large = case.having(x=x)
    agree(
        impl, impl.run(large), impl.expected(large), "large features are not normalised correctly"
    )


@law("layer_norm", share=0.12, cases=ORDINARY, section="edges")
def test_small_features(impl: Subject, case: Case) -> None:
    """Features whose squares underflow are divided by sqrt(eps), and do not become 0."""
    factor = 2.0**-12 if case.dtype == "float16" else 2.0**-100
    bare = case.having(x=case.arrays["x"] * factor, bias=np.zeros_like(case.arrays["bias"]))
    agree(impl, impl.run(bare), impl.expected(bare), "small features are not divided by sqrt(eps)")


@law("layer_norm", share=0.1, needs=("eps",), cases=drawn(E=2, scale=1.0))
def test_eps_is_added_to_the_variance(impl: Subject, case: Case) -> None:
    """eps is added to the variance: c - 3 and c + 3 have variance 9; with eps = 7 the root is 4.

    y = w (-3/4, 3/4) + b: not 3 / (3 + 7), nor 3 / sqrt(18 + 7).
    """
    x = whole(case.arrays["x"][..., :1]) + np.array([-3.0, 3.0])
    seven = case.having(x=x, eps=7.0)
    due = case.arrays["weight"] * np.array([-0.75, 0.75]) + case.arrays["bias"]
    allowed = impl.expected(seven)["y"].allowed + 2.0**-52 * np.abs(due)
    says = "eps is not added to the variance"
    agree(impl, impl.run(seven), {"y": Expected(np.broadcast_to(due, x.shape), allowed)}, says)


@law("layer_norm", share=0.06, needs=("eps",), cases=drawn(E=2), section="edges")
def test_an_eps_of_zero_is_none(impl: Subject, case: Case) -> None:
    """If eps = 0 is accepted, features -1/64 and 1/64 become -1 and 1: y = w (-1, 1) + b.

    eps = 0 is not replaced by the default.
    """
    x = np.broadcast_to(np.array([-1.0, 1.0]) / 64, case.arrays["x"].shape)
    bare = case.having(x=x, eps=0.0)
    outputs = unless_refused(impl, bare)
    if outputs is None:
        raise NotOfferedError("an eps of 0")
    agree(impl, outputs, impl.expected(bare), "an eps of 0 is replaced by another value")


@law("layer_norm", share=0.2)
def test_permutation_equivariance(impl: Subject, case: Case) -> None:
    """Permuting the features, with their weights and biases, permutes the output."""
    s = case.random().permutation(case.arrays["x"].shape[-1])
    moved = case.having(**{name: array[..., s] for name, array in case.arrays.items()})
    value, allowed = impl.expected(case)["y"]
    agree(impl, impl.run(moved), {"y": Expected(value[..., s], allowed[..., s])})


@law("layer_norm", share=0.2)
def test_positions_are_apart(impl: Subject, case: Case) -> None:
    """A position equals the position computed alone, even if its neighbours are NaN."""
    x = case.arrays["x"]
    if x.ndim < 2 or not x.size:
        return
    expected = impl.expected(case)["y"]
    at = tuple(int(case.random().randint(n)) for n in x.shape[:-1])
    alone = impl.run(case.having(x=x[at]))["y"]
    due = Expected(expected.value[at], expected.allowed[at])
    agree(
        impl,
        {"y": alone},
        {"y": due},
        "a position computed alone differs from the one in the batch",
    )
    others = np.where(case.random(1).randint(2), np.nan, x * 100 + 1)
    others = np.broadcast_to(others, x.shape).copy()
    others[at] = x[at]
    beside = impl.run(case.having(x=others))["y"][at]
    agree(impl, {"y": beside}, {"y": due}, "another position affects the output")


@law("layer_norm", share=0.1, section="manners")
def test_neighbours_have_no_influence(impl: Subject, case: Case) -> None:
    """With the shape unchanged, the bits of a position do not depend on its neighbours."""
    x = case.arrays["x"]
    if x.ndim < 2 or not x.size:
        return
    at = tuple(int(case.random().randint(n)) for n in x.shape[:-1])
    others = np.array(x * 100 + 1)
    others[at] = x[at]
    first, second = impl.run(case)["y"][at], impl.run(case.having(x=others))["y"][at]
    same(impl, {"y": second}, {"y": first}, "another position affects the output")


@law("layer_norm", share=0.12)
def test_ranks_agree(impl: Subject, case: Case) -> None:
    """Axes before the last are positions: how they are arranged has no effect.

    y(x) of shape (A, B, n) equals y of shape (A B, n), and of shape (1, A, B, n), reshaped.
    """
    x, (value, allowed) = case.arrays["x"], impl.expected(case)["y"]
    rows = int(np.prod(x.shape[:-1]))
    for shape in ((rows, x.shape[-1]), (1, *x.shape), (*x.shape[:-1], 1, x.shape[-1])):
        other = case.having(x=x.reshape(shape))
        due = Expected(value.reshape(shape), allowed.reshape(shape))
        agree(impl, impl.run(other), {"y": due}, f"the shape {shape} gives another result")


@law("layer_norm", share=0.2, gradients=True)
def test_gradient_is_orthogonal_to_constants(impl: Subject, case: Case) -> None:
    """A common offset has no effect, so the gradient sums to zero: sum_j dx_j = 0."""
    dx, value, allowed = gradient_of_x(impl, case)
    own = np.abs(np.sum(value, axis=-1)) + 2.0**-50 * np.sum(np.abs(dx), axis=-1)
    due = Expected(0 * own, np.sum(allowed, axis=-1) + own)
    says = "a position's gradient does not sum to 0"
    agree(impl, {"x": np.sum(dx, axis=-1)}, {"x": due}, says)


@law("layer_norm", share=0.2, gradients=True)
def test_gradient_is_orthogonal_to_the_input(impl: Subject, case: Case) -> None:
    """A common factor only changes the share of eps, so the gradient along x comes from eps alone.

    sum_j dx_j (x_j - mu) = eps / (sigma^2 + eps) sum_j dy_j w_j h_j, with h = (x - mu) / sigma.
    """
    x, eps = case.arrays["x"], float(case.option("eps"))
    if not x.shape[-1]:
        return
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    parts = case.cotangents["y"] * case.arrays["weight"] * centred / np.sqrt(variance + eps)
    due = np.sum(parts * eps / (variance + eps), axis=-1)
    dx, value, allowed = gradient_of_x(impl, case)
    own = np.abs(np.sum(value * centred, axis=-1) - due)  # of float64: the reference's own
    own = own + 2.0**-50 * np.sum(np.abs(dx * centred), axis=-1)
    slack = np.sum(np.where(np.isinf(allowed), np.inf, allowed * np.abs(centred)), axis=-1) + own
    says = "a position's gradient along its features is not the one due to eps"
    agree(impl, {"x": np.sum(dx * centred, axis=-1)}, {"x": Expected(due, slack)}, says)


def gradient_of_x(impl: Subject, case: Case) -> tuple[Array, Array, Array]:
    """Return the gradient, the specification's and the allowed error; 0 if there is no bound."""
    dx, (value, allowed) = impl.pull(case)["x"], impl.expected(case, vjp=True)["x"]
    claimed = np.isfinite(allowed)
    return np.where(claimed, dx, 0.0), np.where(claimed, value, 0.0), allowed
