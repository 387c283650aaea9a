"""What the rules of moments and logarithms know exactly, keep finite, and do not admit."""

import numpy as np
import pytest
from observed import observe

from seqlaws.reference.numbers import Arithmetic, expected_and_allowed, moments
from seqlaws.reference.numbers.rounding import Rounding, exact, settled

pytestmark = pytest.mark.slow

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


def test_an_offset_costs_what_a_running_mean_loses():
    """Nothing to two whole numbers, whose mean is exact in every form; a few units of it to more.

    Whoever sums whole numbers has an exact mean; whoever runs one along divides by 3.
    """
    near, far = normalised([1.0, 3.0]), normalised([65537.0, 65539.0])
    np.testing.assert_array_equal(near.value, far.value)
    np.testing.assert_array_equal(near.allowed, far.allowed)
    near, far = normalised([1.0, 2.0, 3.0, 6.0]), normalised([65537.0, 65538.0, 65539.0, 65542.0])
    np.testing.assert_array_equal(near.value, far.value)
    assert near.allowed.max() < 100 * 2.0**-24 < far.allowed.max() < 16 * 65536 * 2.0**-24


def test_moments_in_one_pass_are_not_admitted_unless_declared():
    x = np.array([65537.0, 65538.0, 65539.0, 65542.0], np.float32)
    value, allowed = normalised(x)
    variance = np.mean(x * x) - np.mean(x) ** 2
    found = (x - np.mean(x)) / np.sqrt(variance + np.float32(1e-5))
    assert np.any(np.abs(found - value) > 1e3 * allowed)
    _, allowed = normalised(x, Arithmetic("float32", normalise="affine"))
    assert np.all(np.abs(found - value) <= allowed)


@pytest.mark.parametrize("level", [0.1, 1000.1, 1e6 + 0.1])
def test_constant_features_may_be_off_by_what_their_mean_is(level):
    """Means of 8 and of 4 features, merged by weights that are thirds, are not those of either."""
    c, third = np.float32(level), np.float32(1) / np.float32(12)
    mean = c * (np.float32(8) * third) + c * (np.float32(4) * third)
    _, allowed = normalised(np.full(12, c))
    off = np.abs(c - mean) / np.sqrt(np.float32(1e-5))
    assert np.all(off <= allowed)
    assert np.all(allowed < 20 * 2.0**-24 * level / np.sqrt(1e-5))


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


def test_no_gradient_is_claimed_of_a_probability_of_0():
    """Whether it is read or not; of others it is, and it is 0 where they are not read."""
    states = np.array([[0, 1, 1]])
    transition = np.array([[0.25, 0.5, 0.25], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    initial = np.array([0.5, 0.5, 0.0])
    of_initial, of_transition = expected_and_allowed(
        "markov_log_prob_vjp", np.ones(1), states, initial, transition
    )
    np.testing.assert_array_equal(np.isinf(of_initial.allowed), initial == 0)
    np.testing.assert_array_equal(np.isinf(of_transition.allowed), transition == 0)
    assert of_transition.value[0].tolist() == [0.0, 2.0, 0.0]
    assert of_transition.allowed[0, 0] == of_transition.allowed[1, 0] == 0


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
    assert violations(200)
