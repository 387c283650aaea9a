"""Wrong softmax in NumPy: the forward."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, put, times
from zoo.entries import wrong
from zoo.layouts import as_if_contiguous
from zoo.roundings import bfloat16, float16
from zoo.softmax import base
from zoo.softmax.base import softmax
from zoo.witness import backwards, differs, layout, transposed

given = partial(case, "softmax")
row = lambda *values: fill(np.array(values))  # noqa: E731
# One row of seven entries around 1 in float32: the exponents are exact to 2^-22, seven terms are
# added, one quotient: off by less than 2e-6 of each entry.
FINE = 5e-6


@wrong(softmax, "shift", "overflow", differs(given(x=times(150))), diagnosis="no maximum")
def softmax_without_maximum(a, x):
    """The maximum is not subtracted, so logits beyond 88.7 overflow."""
    return np.zeros_like(x[..., :1])


@wrong(
    softmax,
    "shift",
    "overflow",
    differs(given(x=put(np.s_[1], 200.0))),
    diagnosis="the maximum of all rows",
)
def softmax_maximum_of_all_rows(a, x):
    """The maximum of the whole array is subtracted, so rows far below it vanish."""
    return np.full((*x.shape[:-1], 1), x.max(initial=-np.inf))


@wrong(softmax, "shift", "overflow", differs(given(x=times(-80), shape=(3, 9))))
def softmax_shift_by_mean(a, x):
    """The mean is subtracted in place of the maximum."""
    return np.mean(x, axis=-1, keepdims=True)


@wrong(softmax, "shift", "tile tail", differs(given(shape=(2, 19), x=put(np.s_[:, 17], 300.0))))
def softmax_maximum_of_first_sixteen(a, x):
    """The maximum is taken over the first 16 entries, so a larger one behind them overflows."""
    return np.max(x[..., :16], axis=-1, keepdims=True, initial=-np.inf)


@wrong(
    softmax, "shift", "overflow", differs(given(x=row(-150.0, -151, -149, -150, -152, -150, -149)))
)
def softmax_shift_by_largest_magnitude(a, x):
    """The largest absolute value is subtracted, so a row of large negative logits vanishes."""
    return np.max(np.abs(np.where(x == -np.inf, 0, x)), axis=-1, keepdims=True, initial=0)


@wrong(softmax, "shift", "tile tail", differs(given(shape=(2, 7), x=put(np.s_[:, 6], 120.0))))
def softmax_maximum_without_odd_tail(a, x):
    """Where the length is odd, the last entry is left out of the maximum."""
    n = x.shape[-1]
    return np.max(x[..., : n - n % 2 or n], axis=-1, keepdims=True, initial=-np.inf)


@wrong(softmax, "arguments", "option ignored", differs(given(axis=0)), diagnosis="axis ignored")
def softmax_axis_ignored(a):
    """The softmax is always over the last axis."""
    a.axis = -1


@wrong(softmax, "arguments", "option ignored", differs(given(shape=(2, 3, 4), axis=1)))
def softmax_axis_ignored_above_two(a):
    """The axis is ignored for arrays with three or more axes."""
    a.axis = a.axis if a.x.ndim < 3 else -1


@wrong(softmax, "arguments", "option ignored", differs(given(shape=(2, 3, 4), axis=-2)))
def softmax_negative_axis_one_off(a):
    """A negative axis other than -1 is counted from one further to the right."""
    a.axis = a.axis + 1 if a.axis < -1 else a.axis


@wrong(softmax, "total", "softmax formula", differs(given()), diagnosis="softmax over all entries")
def softmax_over_all_entries(a, e):
    """The sum runs over the whole array."""
    return np.full_like(e[..., :1], e.sum())


@wrong(softmax, "exponential", "softmax formula", differs(given()), diagnosis="base 2")
def softmax_base_two(a, x):
    """Powers of 2 are taken in place of powers of e."""
    return np.exp2(x)


@wrong(softmax, "exponential", "softmax formula", differs(given()), diagnosis="temperature sqrt n")
def softmax_divided_by_root_length(a, x):
    """The logits are divided by the root of the row's length, as if they were scores."""
    return np.exp(x / np.float32(np.sqrt(x.shape[-1])))


@wrong(softmax, "total", "softmax formula", differs(given()), diagnosis="softmax plus one")
def softmax_plus_one(a, e):
    """One is added to the sum, as in attention with a silent key."""
    return np.sum(e, axis=-1, keepdims=True) + 1


@wrong(softmax, "total", "tile tail", differs(given(shape=(2, 17))))
def softmax_tail_8k_plus_1(a, e):
    """At lengths 8k+1 the last entry is left out of the sum."""
    n = e.shape[-1]
    return np.sum(e[..., : n - 1] if n % 8 == 1 and n > 1 else e, axis=-1, keepdims=True)


@wrong(softmax, "total", "tile tail", differs(given(shape=(2, 33))))
def softmax_wrong_at_33(a, e):
    """At length 33, and no other, the last entry is left out of the sum."""
    return np.sum(e[..., : 32 if e.shape[-1] == 33 else None], axis=-1, keepdims=True)


@wrong(softmax, "total", "tile tail", differs(given(shape=(2, 129)), beyond=1e-5))
def softmax_sum_of_128(a, e):
    """The sum ends after 128 entries, a hard-coded width."""
    return np.sum(e[..., :128], axis=-1, keepdims=True)


@wrong(softmax, "total", "tile tail", differs(given(shape=(2, 6)), beyond=1e-2))
def softmax_padded_to_fours(a, e):
    """Rows are padded with zero logits to a multiple of four, and the padding is summed."""
    m = -base.shift(a, np.moveaxis(a.x, a.axis, -1))
    return np.sum(e, axis=-1, keepdims=True) + (-e.shape[-1] % 4) * np.exp(np.minimum(m, 80))


# One entry has probability 1 within a few ulp, 2e-7.
@wrong(softmax, "total", "softmax formula", differs(given(shape=(2, 1)), beyond=2e-6))
def softmax_epsilon_in_the_sum(a, e):
    """1e-5 is added to the sum against division by zero."""
    return np.sum(e, axis=-1, keepdims=True) + 1e-5


# The same in float64, within 1e-15.
@wrong(
    softmax, "total", "softmax formula",
    differs(given(shape=(2, 1), dtype="float64"), beyond=1e-13), dtypes=("float64",),
    diagnosis="1e-12 added to the sum",
)  # fmt: skip
def softmax_tiny_epsilon_in_double(a, e):
    """1e-12 is added to the sum, far above the rounding of float64."""
    return np.sum(e, axis=-1, keepdims=True) + 1e-12


@wrong(
    softmax, "arguments", "fully masked row",
    differs(given(x=row(-20000.0, -np.inf, -20001, -20000, -20002, -20001, -20000))),
)  # fmt: skip
def softmax_minus_inf_is_minus_ten_thousand(a):
    """-inf is replaced by -10000, which is above logits of -20000."""
    a.x = np.where(a.x == -np.inf, np.float32(-1e4), a.x)


@wrong(
    softmax, "arguments", "fully masked row", differs(given(x=put(np.s_[1], -np.inf))),
    diagnosis="the mean for a fully masked row",
)  # fmt: skip
def softmax_empty_row_gives_mean(a):
    """-inf is replaced by the least float, so a row of -inf gives equal weights, not zeros."""
    a.x = np.maximum(a.x, np.finfo(a.x.dtype).min)


@wrong(
    softmax, "result", "fully masked row", differs(given(x=put(np.s_[1], -np.inf))),
    diagnosis="NaN for a fully masked row",
)  # fmt: skip
def softmax_empty_row_gives_nan(a, o):
    """A row of -inf gives NaN where zeros are declared."""
    o.p[np.broadcast_to(np.all(a.x == -np.inf, axis=a.axis, keepdims=True), o.p.shape)] = np.nan


@wrong(softmax, "result", "one size only", differs(given(shape=(2, 1), x=put(0, -np.inf))))
def softmax_one_entry_is_one(a, o):
    """A row of one entry gives 1 without a look at it, also where it is -inf."""
    if a.x.shape[a.axis] == 1:
        o.p[...] = 1


@wrong(softmax, "exponential", "approximation", differs(given(x=times(2)), beyond=1e-4))
def softmax_exponential_by_powers(a, x):
    """exp(x) is computed as (1 + x / 1024)^1024, off by about x^2 / 2048."""
    return np.maximum(1 + x / 1024, 0) ** 1024


@wrong(softmax, "exponential", "approximation", differs(given(), 1e-5, relative=True))
def softmax_exponential_by_degree_four(a, x):
    """exp is a power of two times a polynomial of degree 4, off by up to 4e-5."""
    n = np.round(np.maximum(x, -100) / np.log(2))
    r = np.maximum(x, -100) - n * np.log(2)
    return np.ldexp(1 + r * (1 + r / 2 * (1 + r / 3 * (1 + r / 4))), n.astype(int)).astype(x.dtype)


@wrong(softmax, "exponential", "lower precision", differs(given(), beyond=FINE * 4))
def softmax_exponentials_in_half(a, x):
    """The exponentials are kept in float16."""
    return float16(np.exp(x))


@wrong(
    softmax, "exponential", "lower precision", differs(given(), 1e-3, relative=True),
    diagnosis="bfloat16 inside",
)  # fmt: skip
def softmax_logits_in_bfloat16(a, x):
    """The logits are rounded to bfloat16."""
    return np.exp(bfloat16(x))


@wrong(softmax, "total", "lower precision", differs(given(shape=(2, 40)), beyond=FINE))
def softmax_sum_in_bfloat16(a, e):
    """The sum is rounded to bfloat16 for rows longer than 32."""
    s = np.sum(e, axis=-1, keepdims=True)
    return bfloat16(s) if e.shape[-1] > 32 else s


@wrong(
    softmax, "exponential", "lower precision", differs(given(dtype="float64"), beyond=1e-10),
    diagnosis="float32 inside", dtypes=("float64",),
)  # fmt: skip
def softmax_double_computed_in_single(a, x):
    """float64 logits are exponentiated in float32."""
    return np.exp(x.astype(np.float32)).astype(x.dtype)


# Relative to the entry: exp of -40 is known to a few ulp.
@wrong(
    softmax,
    "exponential",
    "overflow",
    differs(given(x=put(np.s_[:, 0], -40.0)), 1e-2, relative=True),
)
def softmax_exponent_clipped_at_minus_20(a, x):
    """Exponents below -20 are raised to -20, so small probabilities come out far too large."""
    return np.where(x == -np.inf, 0, np.exp(np.maximum(x, -20)))


@wrong(
    softmax, "result", "overflow", differs(given(x=put(np.s_[:, 0], -20.0)), 1e-2, relative=True)
)
def softmax_small_probabilities_dropped(a, o):
    """Probabilities below 1e-7 become 0."""
    o.p[o.p < 1e-7] = 0


@wrong(
    softmax,
    "probabilities",
    "leak",
    differs(given(x=put(np.s_[1, 2], np.nan))),
    diagnosis="NaN taken for -inf",
)
def softmax_nan_is_minus_inf(a, x):
    """A NaN counts as -inf, so it does not show."""
    return base.probabilities(a, np.where(np.isnan(x), np.asarray(-np.inf, x.dtype), x))


@wrong(softmax, "result", "one size only", differs(given(shape=(3, 5))))
def softmax_third_row_like_first(a, o):
    """Where there are exactly three rows, the third gets the first one's probabilities."""
    if o.p.ndim == 2 and len(o.p) == 3:
        o.p[2] = o.p[0]


@wrong(softmax, "arguments", "memory layout", differs(given(), layout=layout("x", transposed)))
def softmax_reads_transposed_as_contiguous(a):
    """The entries are read in the order of memory, whatever the strides."""
    a.x = as_if_contiguous(a.x) if a.x.ndim > 1 and a.x.strides[-1] > 0 else a.x


@wrong(softmax, "arguments", "memory layout", differs(given(), layout=layout("x", backwards)))
def softmax_reads_backwards_as_forwards(a):
    """A negative stride is read as a positive one."""
    a.x = as_if_contiguous(a.x) if min(a.x.strides) < 0 else a.x


@wrong(softmax, "shift", "overflow", differs(given(x=lambda t: t - 200)))
def softmax_maximum_begins_at_zero(a, x):
    """The running maximum begins at 0, so that rows below it underflow."""
    return np.max(x, axis=-1, keepdims=True, initial=0)
