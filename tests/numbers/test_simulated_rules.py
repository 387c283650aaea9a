"""No admissible implementation of a function of NumPy is beyond the bound of its rule.

Each rule has 10,000 entries, half of them of arguments that are not known exactly. The numbers are
of many sizes, some of them equal, zero, or next to a point where the function turns.
"""

import numpy as np
import pytest
from machine import Machine, rounded_to
from settings_of_cases import times
from simulated_rules import (
    ALONG,
    BINARY,
    MATRICES,
    NOTHING_TO_SIMULATE,
    REDUCTIONS,
    UNARY,
)

from seqlaws import functions
from seqlaws.reference.numbers import Arithmetic, Rounding, exact, number, settled
from seqlaws.reference.numbers.rounding import FUNCTIONS, UFUNCS

ENTRIES = 10_000
SEEDS = 40
DTYPES = ("float32", "bfloat16", "float64")
REGIMES = (1.0, 1.0, 1.0, 30.0, 1e-3, 1e-6)


def drawn(random, shape, domain, dtype):
    """Numbers of the accumulating dtype, as a float64 array."""
    x = random.standard_normal(shape) * REGIMES[random.integers(len(REGIMES))]
    kind = random.integers(5)
    if kind == 0:
        x = np.round(x)
    if kind == 1:
        x = np.where(random.random(shape) < 0.3, 0.0, x)
    if kind == 2:
        x = np.where(random.random(shape) < 0.3, np.roll(x, 1, -1), x)
    if domain == "positive":
        x = np.abs(x) + 2.0**-30
    if domain == "small":
        x = np.clip(x, -20, 20)
    if domain == "above -1":
        x = np.abs(x) - np.minimum(np.abs(x), 0.99) * (random.random(shape) < 0.5)
    return rounded_to(x, "float32" if dtype == "bfloat16" else dtype)


def held(random, x, a, domain):
    """A rounding number, and numbers within it that an implementation may hold."""
    if random.random() < 0.5:
        return exact(x, a), x
    reach = np.abs(x) * 2.0 ** -random.integers(4, 22) * random.random(x.shape)
    if domain in ("any", "small"):
        reach = reach + 2.0 ** -random.integers(8, 30)
    near = rounded_to(x + reach * random.uniform(-1, 1, x.shape), a.accumulate)
    inside = np.abs(near - x) <= reach
    return Rounding(x, reach, a), np.where(inside, near, x)


def settings(dtype, count):
    for seed in range(times(count)):
        a = Arithmetic(dtype)
        yield Machine(seed, a), np.random.default_rng([seed, 77]), a


def within(found, y, a, least=0.6):
    """No entry beyond its bound; most have one."""
    y = settled(number(y, a))
    claimed = np.isfinite(y.error)
    with np.errstate(invalid="ignore"):
        off = np.abs(found - y.value)
    beyond = claimed & ~(off <= y.error) & ~(np.isnan(found) & np.isnan(y.value))
    beyond &= found != y.value
    assert not beyond.any(), (found[beyond][:3], y.value[beyond][:3], y.error[beyond][:3])
    return claimed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_number(name, dtype):
    function, domain, form = UNARY[name]
    claimed = []
    for m, random, a in settings(dtype, SEEDS):
        x = drawn(random, (ENTRIES // SEEDS,), domain, dtype)
        y, near = held(random, x, a, domain)
        with np.errstate(all="ignore"):
            claimed.append(within(form(m, near), function(y), a))
    assert np.mean(claimed) > 0.6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers(name, dtype):
    function, domain, form = BINARY[name]
    claimed = []
    for m, random, a in settings(dtype, SEEDS):
        x, y = (drawn(random, (ENTRIES // SEEDS,), domain, dtype) for _ in range(2))
        if random.random() < 0.5:
            y = np.where(random.random(y.shape) < 0.3, x, y)
        if name == "x^y":
            y = np.clip(y, 0, 4)
        (p, near), (q, other) = held(random, x, a, domain), held(random, y, a, domain)
        with np.errstate(all="ignore"):
            claimed.append(within(form(m, near, other), function(p, q), a))
    assert np.mean(claimed) > (0.2 if name == "remainder" else 0.6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name, dtype):
    function, form = REDUCTIONS[name]
    claimed = []
    for m, random, a in settings(dtype, SEEDS):
        n = int(random.integers(1, 40))
        x = drawn(random, (ENTRIES // SEEDS, n), "any", dtype)
        x = np.clip(x, -3, 3) if name == "prod" else x
        y, near = held(random, x, a, "any")
        with np.errstate(all="ignore"):
            claimed.append(within(form(m, near), function(y, axis=-1), a))
    assert np.mean(np.concatenate(claimed)) > 0.5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ALONG)
def test_functions_along_an_axis(name, dtype):
    function, form = ALONG[name]
    claimed = []
    for m, random, a in settings(dtype, SEEDS):
        n = int(random.integers(1, 20))
        x = drawn(random, (1 + ENTRIES // SEEDS // n, n), "any", dtype)
        x = np.clip(x, -3, 3) if name == "cumprod" else x
        y, near = held(random, x, a, "any")
        with np.errstate(all="ignore"):
            claimed.append(within(form(m, near), function(y, axis=-1), a).ravel())
    assert np.mean(np.concatenate(claimed)) > 0.4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MATRICES)
def test_products_of_matrices(name, dtype):
    function, form = MATRICES[name]
    for m, random, a in settings(dtype, SEEDS):
        i, j, k = (int(n) for n in random.integers(1, 9, 3))
        x = drawn(random, (1 + ENTRIES // SEEDS // (i * k), i, j), "any", dtype)
        y = drawn(random, (x.shape[0], j, k), "any", dtype)
        (p, near), (q, other) = held(random, x, a, "any"), held(random, y, a, "any")
        with np.errstate(all="ignore"):
            within(form(m, near, other), function(p, q), a)


def test_every_rule_that_computes_is_simulated():
    simulated = {*UNARY, *BINARY, *REDUCTIONS, *ALONG, *MATRICES}
    assert {*UFUNCS, *FUNCTIONS} - simulated == NOTHING_TO_SIMULATE
    assert {"power 3", "x^y", "3^x", "sigmoid", "max", "min"} <= simulated  # for power and aliases
    assert set(dir(functions)) - set(dir(np)) - {"algebra", "Array"} - simulated <= {
        "Any", "annotations", "np", "relu", "erf", "one_hot"}  # fmt: skip


def test_a_rule_with_too_few_ulps_is_found(monkeypatch):
    monkeypatch.setattr(Arithmetic, "ulps", 1)
    with pytest.raises(AssertionError):
        test_functions_of_one_number("expm1", "float32")


def test_a_bound_that_forgets_the_argument_is_found():
    a = Arithmetic("float32")
    wide = Rounding(np.full(9, 0.5), np.full(9, 0.1), a)
    narrow = np.sqrt(Rounding(wide.value, 0 * wide.error, a))
    with pytest.raises(AssertionError):
        within(np.sqrt(wide.value + 0.09), narrow, a)


@pytest.mark.parametrize("name", ["greater", "less", "greater_equal", "less_equal", "not_equal"])
def test_a_comparison_is_certain_only_where_no_other_answer_is_possible(name):
    compare = getattr(np, name)
    random, a = np.random.default_rng(3), Arithmetic("float32")
    for _ in range(200):
        x, y = np.round(random.standard_normal((2, 50)), 1)
        e, f = np.abs(np.round(random.standard_normal((2, 50)), 1)) * (random.random((2, 50)) < 0.5)
        found = compare(Rounding(x, e, a), Rounding(y, f, a))
        value, unsure = getattr(found, "value", found), getattr(found, "unsure", np.zeros(50, bool))
        assert (value == compare(x, y)).all()
        for _ in range(20):
            s, t = random.choice([-1.0, 0.0, 1.0], (2, 50))
            other = compare(x + s * e, y + t * f)
            assert (unsure | (other == value)).all()


@pytest.mark.parametrize("operator", ["and", "or", "xor", "not"])
def test_logic_of_uncertain_truths(operator):
    from seqlaws.reference.numbers.truths import Truth

    random, a = np.random.default_rng(5), Arithmetic("float32")
    logic = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}
    for _ in range(100):
        (x, y), (s, t) = random.random((2, 30)) < 0.5, random.random((2, 30)) < 0.3
        given = [Truth(x, s, a), Truth(y, t, a)]
        f = logic.get(operator)
        found = ~given[0] if f is None else f(*given)
        value, unsure = getattr(found, "value", found), getattr(found, "unsure", np.zeros(30, bool))
        for turn in range(4):
            p, q = x ^ (s & bool(turn & 1)), y ^ (t & bool(turn & 2))
            other = ~p if f is None else f(p, q)
            assert (unsure | (other == value)).all()
