"""The float64 values are right: the reference's own source on balls encloses the exact ones.

Every entry is within a few units of float64 of its enclosure, or within what the bound itself
grants float64 arithmetic; and always within what float32 is allowed, which has to cover both.
"""

import numpy as np
import pytest
from enclosed import SMALL, balls, call, certified, small_cases
from hypothesis import assume, given
from hypothesis import strategies as st
from settings_of_cases import examples

from seqlaws import reference
from seqlaws.properties.operations import OPERATIONS
from seqlaws.reference.numbers import expected_and_allowed

pytestmark = pytest.mark.slow

UNITS = 8  # of float64, 2^-53 relative each
WIDTH = 2.0**-200  # of what encloses a 0 that many stages lead to; no float32 is as small


def check(name, arguments, options):
    enclosed = certified(name, arguments, options)
    doubles = expected_and_allowed(name, *arguments, arithmetic="float64", **options)
    singles = expected_and_allowed(name, *arguments, arithmetic="float32", **options)
    for ball, (value, own), (_, allowed) in zip(enclosed, doubles, singles, strict=True):
        assert ball.shape == value.shape
        away = np.array(
            [balls.distance(b, float(v)) for b, v in zip(ball.balls.flat, value.flat, strict=True)]
        ).reshape(value.shape)
        units = np.nan_to_num(UNITS * 2.0**-53 * np.abs(value))
        assert (away <= np.maximum(units, own) + WIDTH).all(), (name, away, own)
        assert (away <= allowed + WIDTH).all(), (name, away, allowed)


def test_every_operation_is_certified():
    bundled = {name for name, operation in OPERATIONS.items() if not operation.own}
    assert {*SMALL, "generate"} == bundled  # the logits of generate are, in test_tokens.py


@pytest.mark.parametrize("operation", SMALL)
@examples(60)
@given(data=st.data())
def test_values_and_gradients_are_the_exact_ones(operation, data):
    case = data.draw(small_cases(operation))
    assume(sum(a.size for a in case.arrays.values()) <= 300)
    arguments, options = call(case)
    if "fully_masked" in OPERATIONS[operation].traits:
        options["fully_masked"] = ("zeros", "mean", "nan")[data.draw(st.integers(0, 2))]
    check(operation, arguments, options)
    if not OPERATIONS[operation].differentiable:
        return
    try:
        check(f"{operation}_vjp", [*case.cotangents.values(), *arguments], options)
    except balls.UndecidedError:
        assume(False)  # a kink that 256 bits do not tell from 0


def test_balls_enclose():
    """A third is not a double: its ball says so."""
    third = balls.exact(np.ones(1)) / balls.exact(np.array([3.0]))
    assert 0 < balls.distance(third.balls[0], 1 / 3) < 2.0**-54
    assert balls.distance(balls.exact(np.array([0.5])).balls[0], 0.5) == 0
    assert balls.distance(balls.exact(np.array([np.inf])).balls[0], np.inf) == 0
    assert balls.distance(balls.exact(np.array([np.nan])).balls[0], 1.0) == np.inf


def test_balls_refuse_what_is_not_modelled():
    x = balls.exact(np.ones((2, 2)))
    for refused in (
        lambda: np.sinh(x),
        lambda: np.median(x),
        lambda: np.add.reduce(x),
        lambda: np.linalg.norm(x),
    ):
        with pytest.raises(TypeError):
            refused()


def test_balls_say_when_they_cannot_decide():
    x = balls.exact(np.array([0.1])) * balls.exact(np.array([0.3]))
    nearly = np.exp(x) * np.exp(-x) - balls.exact(np.ones(1))
    with pytest.raises(balls.UndecidedError):
        _ = nearly > 0


@pytest.mark.parametrize("bits", [64, 300])
def test_more_bits_change_nothing(bits, monkeypatch):
    """The enclosures are far narrower than what is read off them."""
    monkeypatch.setattr(balls, "BITS", bits)
    p = balls.enclosed(reference.softmax(balls.exact(np.array([0.1, 0.2, 1e4]))))[0]
    value = reference.softmax(np.array([0.1, 0.2, 1e4]))
    assert all(balls.distance(b, v) <= 2.0**-52 for b, v in zip(p.balls, value, strict=True))
