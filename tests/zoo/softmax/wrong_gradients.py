"""Wrong softmax in NumPy: the vjp, the forward being right."""

from functools import partial

import numpy as np

from zoo import calling
from zoo.cases import case, fill, put, times
from zoo.entries import wrong
from zoo.roundings import bfloat16
from zoo.softmax.base import dsoftmax, softmax
from zoo.witness import gradient_differs

given = partial(case, "softmax")


@wrong(softmax, "dsoftmax", "gradient", gradient_differs(given()), diagnosis="p * dp alone")
def softmax_gradient_without_the_sum(a, p, dp):
    """The gradient is p dp: the term of the normaliser is missing."""
    return p * dp


@wrong(
    softmax,
    "dsoftmax",
    "gradient",
    gradient_differs(given()),
    diagnosis="the row sum of dp, not of p dp",
)
def softmax_gradient_with_unweighted_sum(a, p, dp):
    """The sum of dp is subtracted in place of the sum of p dp."""
    return p * (dp - np.sum(dp, axis=-1, keepdims=True))


@wrong(softmax, "dsoftmax", "gradient", gradient_differs(given()), diagnosis="diagonal only")
def softmax_gradient_of_diagonal(a, p, dp):
    """Only the diagonal p (1 - p) of the Jacobian is used."""
    return p * (1 - p) * dp


@wrong(softmax, "dsoftmax", "gradient", gradient_differs(given()), diagnosis="gradient zero")
def softmax_gradient_zero(a, p, dp):
    """The gradient is zero: the graph is cut."""
    return np.zeros_like(p)


@wrong(softmax, "dsoftmax", "gradient", gradient_differs(given()), diagnosis="straight through")
def softmax_gradient_straight_through(a, p, dp):
    """The cotangent is handed through, as if softmax were the identity."""
    return dp.copy()


@wrong(softmax, "vjp_result", "gradient", gradient_differs(given()), diagnosis="gradient doubled")
def softmax_gradient_doubled(a, g):
    """The gradient is twice what it should be."""
    g.x = 2 * g.x


@wrong(softmax, "vjp_arguments", "option ignored", gradient_differs(given(axis=0)))
def softmax_gradient_ignores_axis(a):
    """The vjp is over the last axis whatever the forward's axis."""
    a.axis = -1


@wrong(softmax, "vjp_result", "tile tail", gradient_differs(given(shape=(2, 9))))
def softmax_gradient_tail_8k_plus_1(a, g):
    """At lengths 8k+1 the last entry gets no gradient."""
    if a.x.shape[-1] % 8 == 1 and a.axis in (-1, a.x.ndim - 1):
        g.x[..., -1] = 0


@wrong(softmax, "vjp_result", "one size only", gradient_differs(given(shape=(2, 65)), beyond=1e-4))
def softmax_gradient_zero_above_64(a, g):
    """Rows longer than 64 get no gradient in their second half."""
    if a.x.shape[-1] > 64:
        g.x[..., a.x.shape[-1] // 2 :] = 0


@wrong(softmax, "vjp_result", "fully masked row", gradient_differs(given(x=put(np.s_[1], -np.inf))))
def softmax_gradient_nan_at_empty_row(a, g):
    """The gradient of a row that is -inf throughout is NaN, where zeros are declared."""
    g.x = np.where(np.all(a.x == -np.inf, axis=a.axis, keepdims=True), np.nan, g.x)


@wrong(softmax, "vjp_result", "leak", gradient_differs(given(x=put(np.s_[:, 2], -np.inf))))
def softmax_gradient_nan_at_minus_inf(a, g):
    """An entry of -inf gets the gradient NaN, as 0 times infinity does."""
    g.x = np.where(a.x == -np.inf, np.nan, g.x)


# p dp and the sum are known within some 2e-6; bfloat16 probabilities are off by up to 1e-3.
@wrong(
    softmax, "dsoftmax", "lower precision", gradient_differs(given(), beyond=1e-4),
    diagnosis="bfloat16 inside",
)  # fmt: skip
def softmax_gradient_of_bfloat16_probabilities(a, p, dp):
    """The vjp works on probabilities that were saved in bfloat16."""
    return dsoftmax(a, bfloat16(p), dp)


# A dominating entry: p = 0.993, its complement is known relatively.
@wrong(
    softmax, "dsoftmax", "overflow", gradient_differs(given(x=put(np.s_[:, 0], 8.0)), beyond=1e-4)
)
def softmax_gradient_dropped_at_saturation(a, p, dp):
    """Rows whose largest probability is above 0.99 get no gradient."""
    return np.where(p.max(-1, keepdims=True, initial=0) > 0.99, 0, dsoftmax(a, p, dp))


@wrong(softmax, "dsoftmax", "gradient", gradient_differs(given(x=fill(1.0))))
def softmax_gradient_zero_at_ties(a, p, dp):
    """Where several entries share the maximum, it is taken to pass gradient, and they get none."""
    ties = (p == p.max(-1, keepdims=True, initial=0)).sum(-1, keepdims=True) > 1
    return np.where(ties, 0, dsoftmax(a, p, dp))


@wrong(softmax, "vjp_result", "gradient", gradient_differs(given(shape=(9, 4), x=times(0.1))))
def softmax_gradient_clipped(a, g):
    """Gradients are clipped to a tenth."""
    g.x = np.clip(g.x, -0.1, 0.1)


@wrong(softmax, "dsoftmax", "gradient", gradient_differs(given()), diagnosis="rowsum over rows")
def softmax_gradient_summed_over_rows(a, p, dp):
    """The sum of p dp runs over the rows in place of along them."""
    return p * (dp - np.sum(p * dp, axis=0, keepdims=True))


def of_a_sum(subject):
    """The gradient of sum(p), whose cotangent is a single 1 in memory, is not 0."""
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    (dx,) = calling.as_tuple(subject.softmax_vjp(np.broadcast_to(np.float32(1), x.shape), x))
    return bool(np.abs(dx).max() > 1e-3)


@wrong(softmax, "vjp_arguments", "memory layout", of_a_sum)
def softmax_gradient_of_a_sum_reads_one_entry(a):
    """Of a cotangent with stride 0 along every axis only the first entry is read."""
    if a.dp.size > 1 and not any(a.dp.strides):
        first = np.zeros(a.dp.size, a.dp.dtype)
        first[0] = a.dp.flat[0]
        a.dp = first.reshape(a.dp.shape)
