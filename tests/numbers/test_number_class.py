"""What rounding numbers keep, refuse, and know exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from settings_of_cases import examples

from seqlaws.reference import algebra
from seqlaws.reference.numbers import Arithmetic, Rounding, expected_and_allowed
from seqlaws.reference.numbers.rounding import exact, settled

FLOAT32 = Arithmetic("float32")
X = exact(np.array([[1.0, 2.0, 3.0], [0.5, -4.0, 0.0]]), FLOAT32)

REFUSED = {
    "a ufunc without a rule": lambda: np.sinh(X),
    "a reduction": lambda: np.add.reduce(X),
    "an outer sum": lambda: np.add.outer(X, X),
    "an output array": lambda: np.add(X, X, out=np.zeros((2, 3))),
    "a condition in a ufunc": lambda: np.add(X, X, where=np.ones((2, 3), bool)),
    "addition in place": lambda: np.zeros((2, 3)).__iadd__(X),
    "a sum of some": lambda: np.sum(X, where=np.ones((2, 3), bool)),
    "a sum from somewhere": lambda: np.sum(X, initial=1.0),
    "a median": lambda: np.median(X),
    "a norm": lambda: np.linalg.norm(X),
    "a conversion to one float": lambda: float(X[0, 0]),
    "a conversion to an array": lambda: np.asarray(X),
    "a conversion to a float array": lambda: np.asarray(X, float),
    "an array of arrays": lambda: np.array([X, X]),
    "a truth value": lambda: bool(X),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_modelled_is_refused(what):
    with pytest.raises(TypeError):
        REFUSED[what]()


def test_unknown_operation_is_refused():
    with pytest.raises(ValueError, match="known: "):
        expected_and_allowed("softmaxx", np.zeros(3))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
def test_empty_arrays_keep_their_shape(shape):
    x = exact(np.zeros(shape), FLOAT32)
    for y in (x + x, x * x, x * 0.3, +x, -x, np.tanh(x), np.exp(x), np.maximum(x, 0)):
        assert settled(y).value.shape == shape == settled(y).error.shape
    for f in (algebra.sigmoid, algebra.step, algebra.softmax_rows):
        assert f(x).value.shape == shape
    assert algebra.log_sum_exp(x).value.shape == (*shape[:-1], 1)
    assert settled(np.sum(x, axis=-1)).value.shape == shape[:-1]


def test_a_product_over_nothing_is_exactly_zero():
    x, y = exact(np.zeros((2, 0)), FLOAT32), exact(np.zeros((0, 3)), FLOAT32)
    z = settled(x @ y)
    assert z.value.tolist() == z.error.tolist() == np.zeros((2, 3)).tolist()


@examples(40)
@given(seed=st.integers(0, 2**32 - 1), dtype=st.sampled_from(["float32", "bfloat16", "float16"]))
def test_whole_numbers_are_summed_exactly(seed, dtype):
    """As long as sum|terms| stays below 1/u, every order gives the same: nothing is allowed."""
    random = np.random.RandomState(seed)
    x, w, b = (exact(random.randint(-8, 9, s), Arithmetic(dtype)) for s in ((3, 9), (9, 4), (4,)))
    total = settled(x @ w + b + np.sum(x * x, axis=-1, keepdims=True))
    assert not total.error.any()
    assert not settled(total * 0.25).error.any()
    kept = +total  # a multiple of 1: kept exactly up to 1/u of the dtype
    small = np.abs(total.value) <= 2.0 ** {"float32": 24, "bfloat16": 8, "float16": 11}[dtype]
    assert not kept.error[small & (np.abs(total.value) > 0)].any()


def test_whole_numbers_of_a_whole_network():
    """A relu network of small whole numbers has a tolerance of zero."""
    random = np.random.RandomState(0)
    shapes = (2, 3, 4), (2, 3), (3, 4), (3, 3), (3,), (3,)
    arrays = [random.randint(-1, 2, s).astype(float) for s in shapes]
    for value, allowed in expected_and_allowed("rnn", *arrays, nonlinearity="relu"):
        assert np.abs(value).max() > 0
        assert not allowed.any()


def test_a_sum_that_may_overflow_is_not_claimed():
    """Another order may overflow where this one does not."""
    x = exact(np.array([3e38, 3e38, -3e38]), FLOAT32)
    assert np.isinf(settled(np.sum(x)).error)
    assert np.isinf(settled(x * x).error).all()
    assert np.isinf(np.exp(exact(np.array([89.0]), FLOAT32)).error).all()
    assert np.isfinite(settled(np.sum(x[:1])).error)


def test_a_factor_does_not_undo_an_overflow():
    q, k = exact(np.array([[3e30]]), FLOAT32), exact(np.array([[3e30]]), FLOAT32)
    for scale in (0.25, 0.3, 0.0, 1e-30):
        assert np.isinf(settled((q @ k) * scale).error).all(), scale


def test_a_factor_may_wait_for_the_product():
    """(f x) y may be computed as f (x y), which may overflow before it is scaled."""
    half = Arithmetic("float16", "float16")
    x, y, one = (exact(np.array([[v]]), half) for v in (300.0, 300.0, 1.0))
    for factor in (0.25, 0.3, 0.0):
        assert np.isinf(settled((x * factor) @ y).error).all(), factor
        assert np.isinf(settled(y @ np.swapaxes(x * factor, 0, 1)).error).all(), factor
        assert np.isfinite(settled((x * factor) @ one).error).all(), factor


def test_what_underflows_before_it_is_scaled_is_scaled_with_it():
    half = Arithmetic("float16", "float16")
    x, y = (exact(np.array([[v]]), half) for v in (2.0**-20, 0.3))
    assert settled((x * 16.0) @ y).error[0, 0] >= 16 * 2.0**-25
    whole = exact(np.array([[3.0]]), half)
    assert not settled((whole * 16.0) @ whole).error.any()


def test_storing_beyond_the_range_is_not_claimed():
    x = exact(np.array([300.0, 200.0]), Arithmetic("float16"))
    stored = +(x * x)
    assert np.isinf(stored.error[0])
    assert np.isfinite(stored.error[1])


def test_minus_infinity_is_exact():
    """A masked score carries no error, whatever is added to it, and weighs nothing."""
    x = Rounding(np.array([[1.0, -np.inf, 2.0]]), np.array([[0.1, 0.0, 0.1]]), FLOAT32)
    y = settled(x + Rounding(np.ones((1, 3)), np.full((1, 3), 0.5), FLOAT32))
    assert y.value[0, 1] == -np.inf
    assert y.error[0, 1] < 1e-37
    p = algebra.softmax_rows(x)
    assert p.value[0, 1] == p.error[0, 1] == 0
    e = np.exp(x)
    assert e.value[0, 1] == 0


@pytest.mark.parametrize("product", [np.multiply, np.matmul])
def test_no_bound_of_a_product_is_nan(product):
    """Not of what is masked, infinite or NaN either; what is nobody's number has no bound."""
    values, errors = [-np.inf, np.inf, np.nan, 0.0, 1.0, 1e300], [0.0, 1.0, np.inf]
    numbers = [Rounding([[v]], [[e]], FLOAT32) for v in values for e in errors]
    for x in numbers:
        for y in numbers:
            with np.errstate(all="ignore"):
                z = settled(product(x, y))
            assert not np.isnan(z.error), (x, y)
            assert np.isinf(z.error) or not np.isnan(z.value), (x, y)


def test_a_product_with_infinity_is_not_claimed():
    """Another order of the sum may give NaN; for -inf is what masks it is exact."""
    ones = exact(np.ones((1, 2)), FLOAT32)
    with np.errstate(all="ignore"):
        infinite = settled(ones @ Rounding([[np.inf], [1.0]], np.zeros((2, 1)), FLOAT32))
        masked = settled(ones @ Rounding([[-np.inf], [1.0]], np.zeros((2, 1)), FLOAT32))
    assert (infinite.value, infinite.error) == (np.inf, np.inf)
    assert (masked.value, masked.error) == (-np.inf, 0)


def test_a_row_without_scores():
    x = exact(np.full((1, 3), -np.inf), FLOAT32)
    p, logarithm = algebra.softmax_rows(x), algebra.log_sum_exp(x)
    assert not p.value.any()
    assert not p.error.any()
    assert logarithm.value[0, 0] == 0


def test_infinite_bounds_stay_infinite():
    """What is not known does not become known by a function, a mask of weights, or a zero."""
    x = Rounding(np.array([0.5, -np.inf]), np.array([np.inf, np.inf]), FLOAT32)
    zero = exact(np.zeros(2), FLOAT32)
    with np.errstate(all="ignore"):
        for y in (np.maximum(x, 0), np.tanh(x), algebra.sigmoid(x), np.exp(x), x * zero, x * 0.0):
            assert np.isinf(settled(y).error[0])
        assert np.isinf(np.maximum(x, 0).error).all()
        assert np.isinf(settled(x[None] @ np.zeros((2, 1))).error).all()
        assert np.isinf(algebra.softmax_rows(x[None]).error).all()


def test_subnormal_inputs_may_be_read_as_zero():
    x = exact(np.array([2.0**-130, 2.0**-126]), FLOAT32)
    assert x.error.tolist() == [2.0**-130, 0.0]
    assert exact(np.array([2.0**-20]), Arithmetic("float16")).error.tolist() == [0.0]
    wide = exact(np.array([2.0**-130]), Arithmetic("float32", "float64"))
    assert wide.error.tolist() == [2.0**-130]


def test_tanh_and_relu_of_zero_are_exact():
    zero = exact(np.zeros(1), FLOAT32)
    assert not np.tanh(zero).error.any()
    assert not algebra.relu(zero).error.any()


def test_the_slope_of_relu_is_unsure_only_around_zero():
    value, error = [0.0, 1e-9, -1e-9, 1.0, 0.0], [0.0, 1e-8, 1e-8, 0.1, 1e-9]
    x = Rounding(np.array(value), np.array(error), FLOAT32)
    assert algebra.step(x).error.tolist() == [0, 1, 1, 0, 1]


def test_scalar_factors_keep_the_exactness_of_powers_of_four():
    x = exact(np.array([3.0]), FLOAT32) @ exact(np.array([[5.0]]), FLOAT32)
    assert settled(x * 0.25).error.tolist() == [0.0]
    assert settled(x * 0.5).error[0] > 0  # its root on both operands is not exact
