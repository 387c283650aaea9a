"""What the rules of moments and logarithms know exactly, keep finite, and do not admit."""

import numpy as np
import pytest
from observed import observe

from seqlaws.reference.numbers import Arithmetic, expected_and_allowed, moments
from seqlaws.reference.numbers.rounding import Rounding, exact, settled

FLOAT32 = Arithmetic("float32")


def normalised(x, dtype="float32", **options):
    """Value and bound, with weight 1 and bias 0."""
    x = np.asarray(x, float)
    n = x.shape[-1]
    return expected_and_allowed(
        "layer_norm", x, np.ones(n), np.zeros(n), arithmetic=dtype, **options
    )[0]


@pytest.mark.parametrize("level", [0.0, 1.0, 1.1, -3e4, 1e30])
def test_a_single_feature_is_its_own_mean(level):
    value, allowed = normalised([[level], [1.0]])
    assert not value.any()
    assert not allowed.any()


def test_an_offset_of_whole_numbers_costs_nothing():
    near, far = normalised([1.0, 2.0, 3.0, 6.0]), normalised([65537.0, 65538.0, 65539.0, 65542.0])
    np.testing.assert_array_equal(near.value, far.value)
    np.testing.assert_array_equal(near.allowed, far.allowed)
    assert far.allowed.max() < 24 * 2.0**-24 * np.abs(far.value).max()


def test_moments_in_one_pass_are_not_admitted():
    x = np.array([65537.0, 65538.0, 65539.0, 65542.0], np.float32)
    value, allowed = normalised(x)
    variance = np.mean(x * x) - np.mean(x) ** 2
    found = (x - np.mean(x)) / np.sqrt(variance + np.float32(1e-5))
    assert np.any(np.abs(found - value) > 1e3 * allowed)


@pytest.mark.parametrize("level", [0.1, 1000.1, 1e6 + 0.1, 1e12])
def test_constant_features_stay_below_the_root_of_their_number(level):
    """However far off the mean is."""
    x = np.full(7, np.float32(level))
    _, allowed = normalised(x)
    assert np.all(allowed <= np.sqrt(7) * 1.01)


def test_squares_that_overflow_are_not_claimed():
    x = np.array([1.0, 2.0, 3.0, 5.0])
    assert np.isinf(normalised(1e30 * x)[1]).all()
    assert np.isfinite(normalised(1e30 * x, "float64")[1]).all()
    assert np.isfinite(normalised(1e18 * x)[1]).all()
    assert np.isfinite(normalised(1e-30 * x)[1]).all()


def test_nothing_is_claimed_of_constant_features_without_eps():
    assert np.isinf(normalised(np.full(3, 0.1), eps=0.0)[1]).all()


def test_logarithms_of_0_and_1_are_exact():
    x = Rounding(np.array([0.0, 1.0, 0.0, 0.5]), np.array([0.0, 0.0, 1e-9, 0.0]), FLOAT32)
    with np.errstate(all="ignore"):
        y = np.log(x)
    assert y.value[0] == -np.inf
    assert y.error[:2].tolist() == [0.0, 0.0]
    assert np.isinf(y.error[2])
    assert 0 < y.error[3] < 1e-6


def test_minus_infinity_among_others_is_exact():
    """A sequence that meets a probability of 0 is claimed, to the last bit."""
    initial, transition = np.array([0.3, 0.7]), np.array([[0.5, 0.5], [1.0, 0.0]])
    states = np.array([[0, 1, 1, 0], [1, 0, 1, 0]])
    ((value, allowed),) = expected_and_allowed("markov_log_prob", states, initial, transition)
    assert value[0] == -np.inf
    assert allowed[0] == 0
    assert 0 < allowed[1] < 1e-5


def test_a_gradient_is_claimed_where_nothing_is_read():
    """0 there, also of a probability of 0; nothing of one that is read and 0."""
    states, initial = np.array([[0, 1, 1]]), np.array([1.0, 0.0])
    transition = np.array([[0.5, 0.5], [1.0, 0.0]])
    _, (value, allowed) = expected_and_allowed(
        "markov_log_prob_vjp", np.ones(1), states, initial, transition
    )
    assert value[0].tolist() == [0.0, 2.0]
    assert allowed[0, 0] == value[1, 0] == allowed[1, 0] == 0
    assert np.isinf(allowed[1, 1])


def test_a_quotient_by_what_may_be_zero_is_not_claimed():
    one = exact(np.ones(3), FLOAT32)
    y = Rounding(np.array([1e-3, 1e-3, 0.0]), np.array([0.0, 2e-3, 0.0]), FLOAT32)
    with np.errstate(all="ignore"):
        assert np.isfinite((one / y).error).tolist() == [True, False, False]


def test_powers_of_two_divide_exactly():
    x = exact(np.array([3.0, 5.0]), FLOAT32)
    assert not settled(x / 4).error.any()
    assert settled(x / 3).error.all()


def violations(cases):
    return sum(len(c["violations"]) for c in observe("layer_norm", "float32", cases).values())


def test_a_bound_that_forgets_the_mean_is_found(monkeypatch):
    """A mean that is taken for exact."""
    assert not violations(40)

    def forgetful(x):
        d = x.value - np.mean(x.value, axis=-1, keepdims=True)
        return Rounding(d, x.arithmetic.unit * np.abs(d), x.arithmetic), 0 * d[..., :1]

    monkeypatch.setattr(moments, "centred_values", forgetful)
    assert violations(40)


def test_a_bound_that_forgets_the_root_is_found(monkeypatch):
    monkeypatch.setattr(Arithmetic, "ulps", -1)
    assert violations(40)
