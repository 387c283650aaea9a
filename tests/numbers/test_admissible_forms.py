"""Forms that are admitted, or only where they are declared, written out in float32."""

import numpy as np
import pytest

from seqlaws.reference.numbers import Arithmetic, expected_and_allowed

pytestmark = pytest.mark.slow

ONE = np.float32(1)


def expected(operation, *arguments, **declared):
    """Value and bound of each output in float32, as declared."""
    return expected_and_allowed(operation, *arguments, arithmetic=Arithmetic("float32", **declared))


def within(found, expected):
    value, allowed = expected
    return bool(np.all(np.abs(found - value) <= allowed))


def by_logarithm(x, exp=np.exp, log=np.log):
    """exp(x - log_sum_exp(x))."""
    largest = x.max(axis=-1, keepdims=True)
    return exp(x - (largest + log(np.sum(exp(x - largest), axis=-1, keepdims=True))))


@pytest.mark.parametrize("shape", [(1,), (2,), (8,), (64,)])
@pytest.mark.parametrize("level", [0.0, 3.7, -40.3])
def test_softmax_may_go_by_log_sum_exp(shape, level):
    """Equal scores do not share equally then; a score of 0 alone has all of the weight."""
    x = np.full(shape, np.float32(level))
    (p,) = expected("softmax", x)
    assert within(by_logarithm(x), p)
    log2e = np.float32(np.log2(np.e))
    assert within(by_logarithm(x * log2e, np.exp2, np.log2), p)
    assert (p.allowed == 0).all() == (shape == (1,) and level == 0)


def test_what_vanishes_beside_a_score_of_0_leaves_it_all_of_the_weight():
    (p,) = expected("softmax", np.array([-1000.0, 0.0, -1000.0]))
    assert p.value.tolist() == [0.0, 1.0, 0.0]
    assert p.allowed[1] == 0
    assert p.allowed.max() < 1e-36


def normalised_by(x, affine):
    """Features, normalised with the moments of two passes."""
    mean = np.mean(x)
    r = ONE / np.sqrt(np.mean((x - mean) ** 2) + np.float32(1e-5))
    return (x * r + -r * mean, r, mean) if affine else ((x - mean) * r, r, mean)


def gradient_in_products_with_x(dh, x, r, mean):
    """dx = r dh + b x + c."""
    n = np.float32(x.size)
    b = (np.sum(dh) * mean - np.sum(dh * x)) * r * r * r / n
    return r * dh + b * x + (-b * mean - np.sum(dh) * r / n)


def test_the_affine_form_is_admitted_where_it_is_declared():
    random = np.random.RandomState(0)
    x = (random.standard_normal(24) + 100).astype(np.float32)
    dy = random.standard_normal(24).astype(np.float32)
    one, none = np.ones(24), np.zeros(24)
    found, r, mean = normalised_by(x, affine=True)
    gradient = gradient_in_products_with_x(dy, x, r, mean)
    forms = ("centred", "affine")
    y = [expected("layer_norm", x, one, none, normalise=form)[0] for form in forms]
    dx = [expected("layer_norm_vjp", dy, x, one, none, normalise=form)[0] for form in forms]
    for value, seen in ((y, found), (dx, gradient)):
        assert within(seen, value[1])
        assert np.all(value[1].allowed > value[0].allowed)
    assert within(normalised_by(x, affine=False)[0], y[0])


def test_one_feature_is_its_bias_unless_the_affine_form_is_declared():
    x, one, none = np.array([3.3]), np.ones(1), np.zeros(1)
    assert expected("layer_norm", x, one, none)[0].allowed == 0
    assert 0 < expected("layer_norm", x, one, none, normalise="affine")[0].allowed < np.inf


def test_a_sigmoid_by_tanh_has_no_digits_where_it_is_small():
    """As (1 + tanh(a / 2)) / 2 sigmoid(-20) is 0, not 2e-9."""
    zero, one = np.zeros((1, 1)), np.ones((1, 1))
    states = np.full((1, 1, 1), -20.0), zero, one, zero, zero[0], zero[0]
    found = (ONE + np.tanh(np.float32(-20) / 2)) / 2
    relative, absolute = (
        expected_and_allowed(
            "rnn", *states, nonlinearity="sigmoid", arithmetic=Arithmetic("float32", elementary=e)
        )[0]
        for e in ("relative", "absolute")
    )
    assert not within(found, relative)
    assert within(found, absolute)
    assert absolute.allowed.max() < 6 * 2.0**-24


def test_tanh_of_0_is_0_unless_its_error_is_absolute():
    zero, one = np.zeros((1, 1)), np.ones((1, 1))
    states = zero[None], zero, one, zero, zero[0], zero[0]
    assert expected("rnn", *states)[0].allowed == 0
    assert expected("rnn", *states, elementary="absolute")[0].allowed >= 4 * 2.0**-24


def test_sums_in_the_dtype_itself_may_be_declared():
    for dtype in ("float64", "float32", "bfloat16", "float16"):
        assert Arithmetic(dtype, "dtype") == Arithmetic(dtype, dtype)


@pytest.mark.parametrize("part", ["elementary", "normalise"])
def test_other_forms_are_refused(part):
    with pytest.raises(ValueError, match=f"{part} is 'other'; known: "):
        Arithmetic(**{part: "other"})


def test_the_logarithm_of_a_whole_table_may_be_taken():
    """Its gradient is 0/0 where a probability is 0, and what it is elsewhere."""
    transition = np.array([[0.5, 0.5], [1.0, 0.0]], np.float32)
    states = np.array([[0, 0, 1, 0]])
    initial = np.array([0.5, 0.5])
    _, (value, allowed) = expected("markov_log_prob_vjp", np.ones(1), states, initial, transition)
    added = np.array([[1.0, 1.0], [1.0, 0.0]], np.float32)
    with np.errstate(invalid="ignore"):
        found = added / transition
    assert np.isnan(found[1, 1])
    assert np.isinf(allowed[1, 1])
    np.testing.assert_array_equal(found[transition > 0], value[transition > 0])
