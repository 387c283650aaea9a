"""Each rule of the rounding numbers: its result contains what any machine may make of it.

Operands are drawn with a ball around each; machines hold points of the ball, its ends among them,
and evaluate the same expression. The result must lie within the resulting ball.
"""

import numpy as np
import pytest
import simulated_angles  # noqa: F401  registers its rules
import simulated_moments  # noqa: F401  registers its rules
import simulated_softmax  # noqa: F401  registers its rules
from hypothesis import given
from hypothesis import strategies as st
from machine import Machine, rounded_to
from settings_of_cases import examples
from simulated import Simulated

from seqlaws.reference import algebra
from seqlaws.reference.numbers import Arithmetic, Rounding
from seqlaws.reference.numbers.entries import grid_of
from seqlaws.reference.numbers.rounding import exact, settled

ARITHMETICS = (
    Arithmetic("float64"), Arithmetic("float32"), Arithmetic("bfloat16"), Arithmetic("float16"),
    Arithmetic("float16", "float16"), Arithmetic("bfloat16", "bfloat16"),
    Arithmetic("float32", matmul="tf32"), Arithmetic("float32", "float64"),
    Arithmetic("float32", elementary="absolute", normalise="affine"),
    Arithmetic("bfloat16", elementary="absolute", normalise="affine"),
)  # fmt: skip
PLACES = np.array([[0, 2, 0], [1, 0, 2]])
KEEP = np.array([[True, False, True], [False, True, True]])

RULES = {  # of x, y, z (2, 3) and w (3, 2)
    "add": lambda x, y, z, w: +(x + y),
    "add many": lambda x, y, z, w: +(x + y + z + x + 1.0),
    "subtract": lambda x, y, z, w: +(x - y),
    "negative": lambda x, y, z, w: +-(x * y),
    "multiply": lambda x, y, z, w: +(x * y),
    "products": lambda x, y, z, w: +(x * y + z * x - y * z + z),
    "cubes": lambda x, y, z, w: +(x * y * z),
    "slope of tanh": lambda x, y, z, w: +((1 - x * x) * y),
    "matmul": lambda x, y, z, w: +(x @ w),
    "matmul and bias": lambda x, y, z, w: +(x @ w + y @ w + x[:, :2] + y[0, :2]),
    "scaled sum": lambda x, y, z, w: +((x + y + z) * 0.3),
    "scaled matmul": lambda x, y, z, w: +((x @ w) * (1 / 3) + x[:, :2]),
    "quarter of a matmul": lambda x, y, z, w: +((x @ w) * 0.25),
    "scaled up": lambda x, y, z, w: +((x @ w) * -48.0),
    "scaled twice": lambda x, y, z, w: +(((x @ w) * 0.7) * (1 / 20)),
    "scaled operand": lambda x, y, z, w: +((x * 0.3) @ w),
    "scaled by nothing": lambda x, y, z, w: +((x @ w) * 0.0),
    "sum": lambda x, y, z, w: +np.sum(x * y, axis=-1, keepdims=True),
    "sum of all": lambda x, y, z, w: +np.sum(x, axis=(0, 1)),
    "sum of products in place": lambda x, y, z, w: +np.sum(np.reshape(x @ w, (4, 1)), axis=0),
    "maximum": lambda x, y, z, w: +np.maximum(x, y),
    "relu": lambda x, y, z, w: +algebra.relu(x * y + z),
    "where": lambda x, y, z, w: +np.where(KEEP, x * y, z),
    "where nothing": lambda x, y, z, w: +np.where(KEEP, x + y, 0),
    "constant": lambda x, y, z, w: +np.where(KEEP, x, 1 / 3),
    "tanh": lambda x, y, z, w: +np.tanh(x),
    "tanh of a sum": lambda x, y, z, w: +np.tanh(x @ w + y[:, :2]),
    "sigmoid": lambda x, y, z, w: +algebra.sigmoid(x),
    "sigmoid of a sum": lambda x, y, z, w: +algebra.sigmoid(x @ w + y[:, :2]),
    "exp": lambda x, y, z, w: +np.exp(x),
    "exp of a difference": lambda x, y, z, w: +np.exp(x - y),
    "softmax": lambda x, y, z, w: +algebra.softmax_rows(x),
    "softmax of scores": lambda x, y, z, w: +algebra.softmax_rows((x @ w) * 0.3 + y[:, :2]),
    "softmax and product": lambda x, y, z, w: +(+algebra.softmax_rows(x) @ w),
    "masked softmax": lambda x, y, z, w: +algebra.softmax_rows(np.where(KEEP, x + y, -np.inf)),
    "log_sum_exp": lambda x, y, z, w: +algebra.log_sum_exp(x),
    "log_sum_exp of scores": lambda x, y, z, w: +algebra.log_sum_exp((x @ w) * 0.3),
    "step": lambda x, y, z, w: algebra.step(+(x + y)),
    "either": lambda x, y, z, w: +algebra.either(x * (y - z), x * y - x * z),
    "sine": lambda x, y, z, w: +np.sin(x),
    "cosine of a product": lambda x, y, z, w: +np.cos(x * y),
    "power": lambda x, y, z, w: +algebra.exponential(fraction(x), 500.0),
    "power of a small base": lambda x, y, z, w: +algebra.exponential(fraction(x), 0.3),
    "constant quotient": lambda x, y, z, w: +(x * algebra.number(y, KEEP, 3)),
    "quotient": lambda x, y, z, w: +(x / y),
    "quotient of sums": lambda x, y, z, w: +((x + y) / (z * z + 1.0)),
    "reciprocal": lambda x, y, z, w: +(1 / y),
    "halves": lambda x, y, z, w: +((x + y) / 2),
    "mean": lambda x, y, z, w: +algebra.mean(x + y),
    "difference from the mean": lambda x, y, z, w: +(x - algebra.mean(x)),
    "three times": lambda x, y, z, w: +((x * y) * 3),
    "log": lambda x, y, z, w: +np.log(x * x),
    "log of a sum": lambda x, y, z, w: +np.log(x * x + y * y + 1.0),
    "standardized": lambda x, y, z, w: +algebra.standardized(x, 1e-5)[0],
    "standardized sum": lambda x, y, z, w: +algebra.standardized(x + y, 0.1)[0],
    "standardized, with nothing added": lambda x, y, z, w: +algebra.standardized(x, 0.0)[0],
    "reciprocal root": lambda x, y, z, w: +algebra.standardized(x, 1e-5)[1],
    "reciprocal root of an offset": lambda x, y, z, w: +algebra.standardized(x + 1e3, 1e-5)[1],
    "added at": lambda x, y, z, w: +algebra.added_at(x * y, (PLACES,), (4,)),
    "taken": lambda x, y, z, w: +(x * y)[:, np.array([2, 0, 0])],
    "stored": lambda x, y, z, w: +(+(+x * +y) + +z),
    "stacked": lambda x, y, z, w: +np.concatenate([np.stack([x, y], 1)[0], z], axis=0),
    "moved": lambda x, y, z, w: +np.moveaxis(np.swapaxes(np.repeat(x * y, 2, axis=0), 0, 1), 0, -1),
}


def fraction(x):
    """Between 0 and 1, as exponents are that float16 holds the powers of."""
    return algebra.sigmoid(x)


def drawn(random, shape, arithmetic):
    """A rounding number of some scale and width, on its grid if it has no width; its v and e."""
    low, high = (-5, 5) if arithmetic.accumulate in ("float16", "bfloat16") else (-9, 9)
    v = random.standard_normal(shape) * 2.0 ** random.randint(low, high)
    kind = random.randint(6)
    if kind == 0:
        v = np.round(v)
    elif kind == 1:
        v = v * 2.0 ** random.randint(low, high, shape)
    elif kind == 2:
        v = np.where(random.random_sample(shape) < 0.4, 0.0, v)
    with np.errstate(over="ignore"):
        v = rounded_to(v, arithmetic.dtype)
    v = np.where(np.isfinite(v), v, 1.0)
    if random.randint(3) == 0:
        return exact(v, arithmetic), v, np.zeros(shape)
    width = 2.0 ** -random.randint(2, 20) * random.random_sample(shape)
    e = width * np.abs(v) + width * random.choice([0.0, 1e-3, 1.0])
    return Rounding(v, e, arithmetic), v, e


def held(random, v, e, dtype):
    """Points of the ball that a machine can hold; where there is none but v, v."""
    t = random.choice([-1.0, 1.0, 0.0, 0.5], v.shape) * random.choice([0.5, 1.0])
    points = rounded_to(v + t * e, dtype)
    return np.where(np.abs(points - v) <= e, points, rounded_to(v, dtype))


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@examples(60)
@given(seed=st.integers(0, 2**32 - 1))
def test_contains_every_machine(rule, seed):
    random = np.random.RandomState(seed)
    arithmetic = ARITHMETICS[random.randint(len(ARITHMETICS))]
    operands = [drawn(random, shape, arithmetic) for shape in ((2, 3), (2, 3), (2, 3), (3, 2))]
    with np.errstate(all="ignore"):
        ball = settled(RULES[rule](*(x for x, _, _ in operands)))
        for again in range(4):
            machine = Machine([seed, again], arithmetic)
            machine.accumulate = arithmetic.accumulate  # points are numbers of this dtype
            points = [held(random, v, e, arithmetic.accumulate) for _, v, e in operands]
            points = [Simulated(machine, p) for p in points]
            found = RULES[rule](*points).value
            assert found.shape == ball.value.shape
            within = (found == ball.value) | (np.abs(found - ball.value) <= ball.error)
            wrong = ~within & np.isfinite(ball.error)
            said = found[wrong], ball.value[wrong], ball.error[wrong]
            assert not wrong.any(), (rule, arithmetic, said)


@pytest.mark.parametrize("rule", RULES)
@examples(15)
@given(seed=st.integers(0, 2**32 - 1))
def test_nan_is_kept_and_nothing_is_claimed_of_it(rule, seed):
    """A NaN operand gives a NaN with an infinite bound wherever float64 gives one."""
    random = np.random.RandomState(seed)
    a = Arithmetic("float32")
    operands = [random.standard_normal(s) for s in ((2, 3), (2, 3), (2, 3), (3, 2))]
    spoiled = operands[random.randint(4)]
    spoiled.reshape(-1)[random.randint(6)] = (np.nan, np.inf)[random.randint(2)]
    with np.errstate(all="ignore"):
        plain = RULES[rule](*operands)
        ball = settled(RULES[rule](*(exact(x, a) for x in operands)))
    np.testing.assert_array_equal(np.isnan(ball.value), np.isnan(plain))
    assert np.isinf(ball.error[np.isnan(plain)]).all()


@pytest.mark.parametrize("rule", RULES)
@examples(15)
@given(seed=st.integers(0, 2**32 - 1))
def test_value_is_what_float64_gives(rule, seed):
    """The value is that of the same expression on float64 arrays, to the last bits."""
    random = np.random.RandomState(seed)
    a = ARITHMETICS[random.randint(len(ARITHMETICS))]
    operands = [rounded_to(random.standard_normal(s), a.dtype) for s in ((2, 3),) * 3 + ((3, 2),)]
    with np.errstate(all="ignore"):
        plain = RULES[rule](*operands)
        ball = settled(RULES[rule](*(exact(x, a) for x in operands)))
    np.testing.assert_allclose(ball.value, plain, rtol=1e-13, atol=1e-15)
    assert (ball.error >= 0).all()
    assert not np.isnan(ball.error).any()


@examples(60)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_grid_divides_every_entry(seed):
    random = np.random.RandomState(seed)
    v = random.standard_normal(5) * 2.0 ** random.randint(-100, 100)
    v = rounded_to(v, "bfloat16") if random.randint(2) else v
    grid = grid_of(v)
    assert grid > 0
    np.testing.assert_array_equal(v / grid, np.rint(v / grid))
    assert (np.rint(v / grid) % 2 == 1).any()  # no larger power of two does
