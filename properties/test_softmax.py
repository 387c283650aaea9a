"""Laws of softmax that need no oracle or have an exact answer."""

import numpy as np

from seqlaws.properties.inputs.sweeps import beyond_tiles
from seqlaws.properties.laws import (
    Array,
    Case,
    Expected,
    Subject,
    agree,
    drawn,
    exactly,
    law,
    require,
)

UNMASKED = drawn(masked=False)


def axis_of(case: Case) -> int:
    """Return the axis along which the weights sum to one."""
    return int(case.option("axis"))


@law("softmax", share=0.2)
def test_rows_sum_to_one(impl: Subject, case: Case) -> None:
    """The weights of a row that is not fully masked sum to one: sum_j p_j = 1.

    Allowed: the sum of the entries' bounds.
    """
    axis = axis_of(case)
    p, (_, allowed) = impl.run(case)["p"], impl.expected(case)["p"]
    alive = np.any(case.arrays["x"] > -np.inf, axis=axis)
    total = np.where(alive, np.sum(p, axis=axis), 1.0)
    slack = np.sum(np.where(np.isnan(allowed), np.inf, allowed), axis=axis) + 2.0**-50
    agree(
        impl, {"p": total}, {"p": Expected(np.ones_like(total), slack)}, "a row does not sum to 1"
    )


@law("softmax", share=0.2, cases=UNMASKED)
def test_weights_are_probabilities(impl: Subject, case: Case) -> None:
    """0 <= p_j <= 1 for any scores: nothing overflows, nothing is negative."""
    p, (_, allowed) = impl.run(case)["p"], impl.expected(case)["p"]
    bound = np.isfinite(allowed)  # else a step may overflow
    require(bool(np.all(np.isfinite(p[bound]))), "a weight is not finite")
    require(bool(np.all(p[bound] >= 0)), "a weight is negative")
    require(bool(np.all(p[bound] <= 1 + allowed[bound])), "a weight is larger than 1")


@law("softmax", share=0.12, cases=UNMASKED, section="edges", also=beyond_tiles)
def test_no_overflow_at_1e4(impl: Subject, case: Case) -> None:
    """Scores up to +-1e4 or +-4e4 neither overflow nor vanish.

    The weights match the specification.
    """
    x, largest = case.arrays["x"], 1e4 * case.random().choice([1, 4])
    span = np.max(np.abs(x), initial=0.0)
    grown = case.having(x=np.round(x * (largest / span if span else 1.0) / 64) * 64)
    agree(impl, impl.run(grown), impl.expected(grown))


@law("softmax", share=0.2)
def test_shift_invariance(impl: Subject, case: Case) -> None:
    """A common offset has no effect: softmax(x + c) = softmax(x), if x + c is exact."""
    x = np.round(np.clip(case.arrays["x"], -60, 60))
    one = case.having(x=x)
    first, allowed = impl.run(one), impl.expected(one)["p"].allowed
    for offset in (64.0, -128.0):  # with -128 no score is above -60
        other = case.having(x=x + offset)
        due = Expected(first["p"], allowed + impl.expected(other)["p"].allowed)
        agree(impl, impl.run(other), {"p": due}, f"an offset of {offset:g} changes the weights")


@law("softmax", share=0.2)
def test_order_is_kept(impl: Subject, case: Case) -> None:
    """A larger score has no smaller weight: x_i <= x_j implies p_i <= p_j, up to the bounds."""
    axis = axis_of(case)
    p, (_, allowed) = impl.run(case)["p"], impl.expected(case)["p"]
    order = np.argsort(case.arrays["x"], axis=axis, kind="stable")
    ranked, slack = (np.take_along_axis(z, order, axis) for z in (p, allowed))
    falls = -np.diff(ranked, axis=axis)
    two = np.take(slack, range(1, slack.shape[axis]), axis) + np.take(
        slack, range(max(slack.shape[axis] - 1, 0)), axis
    )
    require(not np.any(falls > two), "a larger score has a smaller weight")


@law("softmax", share=0.2)
def test_permutation_equivariance(impl: Subject, case: Case) -> None:
    """Permuting the scores permutes the weights: softmax(x[s]) = softmax(x)[s]."""
    axis = axis_of(case)
    s = case.random().permutation(case.arrays["x"].shape[axis])
    moved = case.having(x=np.take(case.arrays["x"], s, axis))
    value, allowed = impl.expected(case)["p"]
    agree(
        impl, impl.run(moved), {"p": Expected(np.take(value, s, axis), np.take(allowed, s, axis))}
    )


@law("softmax", share=0.2, section="edges", also=beyond_tiles)
def test_masked_scores_weigh_nothing(impl: Subject, case: Case) -> None:
    """A score of -inf has a weight of exactly 0 if its row has a finite score."""
    axis, x = axis_of(case), case.arrays["x"]
    p = impl.run(case)["p"]
    masked = np.isneginf(x) & np.any(x > -np.inf, axis=axis, keepdims=True)
    observed, zero = np.where(masked, p, 0), np.zeros_like(p)
    agree(impl, {"p": observed}, {"p": exactly(zero)}, "a masked score has a nonzero weight")


@law("softmax", share=0.2, section="edges", also=beyond_tiles)
def test_fully_masked_rows(impl: Subject, case: Case) -> None:
    """A row with only -inf gives the declared output: zeros, NaN or equal weights."""
    axis, x = axis_of(case), np.array(case.arrays["x"])
    if not x.size:
        return
    rows = np.moveaxis(x, axis, -1)
    rows[case.random().random_sample(rows.shape[:-1]) < 0.5] = -np.inf
    masked = case.having(x=x)
    agree(
        impl,
        impl.run(masked),
        impl.expected(masked),
        "a fully masked row does not give the declared output",
    )


@law("softmax", share=0.12)
def test_equal_scores_share_equally(impl: Subject, case: Case) -> None:
    """2^m scores of 0, with all others masked, have weight 2^-m each."""
    flat, _ = equal_scores(case)
    agree(
        impl, impl.run(flat), impl.expected(flat), "equal scores do not have the expected weights"
    )


@law("softmax", share=0.05, level="SHOULD")
def test_equal_scores_share_exactly(impl: Subject, case: Case) -> None:
    """2^m scores of 0, with all others masked, have weight 2^-m each, to the last bit."""
    flat, exact = equal_scores(case)
    agree(impl, impl.run(flat), {"p": exactly(exact)}, "the weights of equal scores are not exact")


def equal_scores(case: Case) -> tuple[Case, Array]:
    """Return the case with 2^m scores of 0 in each row, the others -inf; and the weights."""
    axis, x = axis_of(case), case.arrays["x"]
    n = x.shape[axis]
    count = 1 << int(case.random().randint(0, max(n.bit_length(), 1)))
    chosen = case.random(1).permutation(n) < count
    flat = case.having(x=along(np.where(chosen, 0.0, -np.inf), x.shape, axis))
    return flat, along(np.where(chosen, 1 / count, 0.0), x.shape, axis)


@law("softmax", share=0.12, section="edges")
def test_one_hot_is_exact(impl: Subject, case: Case) -> None:
    """Scores of -1000 next to a score of 0 vanish: the weights are 1 and 0."""
    axis, x = axis_of(case), case.arrays["x"]
    n = x.shape[axis]
    if not n:
        return
    hot = np.arange(n) == case.random().randint(n)
    steep = case.having(x=along(np.where(hot, 0.0, -1000.0), x.shape, axis))
    agree(impl, impl.run(steep), impl.expected(steep), "the weights of a one-hot row are wrong")


@law("softmax", share=0.2, gradients=True, cases=UNMASKED)
def test_gradient_is_orthogonal_to_constants(impl: Subject, case: Case) -> None:
    """The sum of the weights is constant, so the gradient sums to zero: sum_j dx_j = 0."""
    axis = axis_of(case)
    dx, (_, allowed) = impl.pull(case)["x"], impl.expected(case, vjp=True)["x"]
    total, slack = np.sum(dx, axis=axis), np.sum(allowed, axis=axis)
    zero = Expected(np.zeros_like(total), slack + 2.0**-50 * np.sum(np.abs(dx), axis=axis))
    agree(impl, {"x": total}, {"x": zero}, "a gradient's row does not sum to 0")


def along(row: Array, shape: tuple[int, ...], axis: int) -> Array:
    """Return the row, repeated along every other axis."""
    view = [1] * len(shape)
    view[axis] = row.size
    return np.array(np.broadcast_to(row.reshape(view), shape))
