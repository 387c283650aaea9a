"""Every hand-written vjp is the derivative of the forward source.

By the complex step: Im f(x + i h d) / h is the derivative along d without cancellation, to the last
bits (Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions").
By the difference quotient of enclosures: (f(x + h d) - f(x - h d)) / 2h on balls of 256 bits, also
where complex numbers overflow. At the kinks by what the contract says.
"""

from dataclasses import replace

import numpy as np
import pytest
from enclosed import SMALL, balls, call, certified, small_cases
from hypothesis import assume, given
from hypothesis import strategies as st
from settings_of_cases import examples

from seqlaws import reference
from seqlaws.properties.inputs.strategies import cases
from seqlaws.properties.operations import OPERATIONS, RECURRENT
from seqlaws.reference.numbers import expected_and_allowed, flattened

pytestmark = pytest.mark.slow

H = 1e-30
TINY = 1e-270  # below it the step underflows
STEP = 2.0**-55  # of the difference quotient; its square is its error, and 2^-256 over it
ZERO = balls.exact(np.zeros(()))
DIFFERENTIATED = [name for name in SMALL if OPERATIONS[name].differentiable]


def slope_along(case, options, direction):
    """The derivative of <cotangents, outputs> along a direction: one number for each argument."""
    slopes = {}
    for name in case.differentiated:
        array = case.arrays[name]
        moved = np.where(np.isfinite(array), array + 1j * H * direction[name], array)
        arguments, _ = call(case, {**case.arrays, name: moved})
        with np.errstate(all="ignore"):
            outputs = flattened(getattr(reference, case.operation.name)(*arguments, **options))
        slopes[name] = sum(
            float(np.sum(c * np.imag(o))) / H
            for c, o in zip(case.cotangents.values(), outputs, strict=True)
        )
    return slopes


def away_from_kinks(case):
    """relu has no derivative at 0: biases that no sum of drawn numbers cancels; nor has log."""
    if case.operation.name == "markov_log_prob":
        tables = {n: case.arrays[n] for n in case.differentiated}
        return case.having(**{n: np.where(table == 0, 0.5, table) for n, table in tables.items()})
    if "relu" not in (case.options.get("nonlinearity"), case.options.get("activation")):
        return case
    name = "bias_ih" if "bias_ih" in case.arrays else "params.linear1.bias"
    bias = case.arrays[name]
    return case.having(**{name: bias + np.pi / 97 * (1 + np.arange(bias.size))})


@pytest.mark.parametrize("operation", DIFFERENTIATED)
@examples(60)
@given(data=st.data())
def test_vjp_is_the_derivative_of_the_forward_source(operation, data):
    """Along random directions, and along single entries, of every argument, with all options."""
    case = away_from_kinks(data.draw(cases(OPERATIONS[operation], "float64")))
    assume(sum(a.size for a in case.arrays.values()) < 20_000)
    given, options = call(case)
    if "fully_masked" in OPERATIONS[operation].traits:
        options["fully_masked"] = ("zeros", "mean")[data.draw(st.integers(0, 1))]
    arguments = [*case.cotangents.values(), *given]
    with np.errstate(all="ignore"):
        gradients = flattened(getattr(reference, f"{operation}_vjp")(*arguments, **options))
    vjp = f"{operation}_vjp"
    allowed = expected_and_allowed(vjp, *arguments, arithmetic="float64", **options)
    random = case.random(3)
    for single in (False, True):
        direction = {n: random.standard_normal(case.arrays[n].shape) for n in case.differentiated}
        if single:
            direction = {n: one_entry(d, random) for n, d in direction.items()}
        slopes = slope_along(case, options, direction)
        for (name, slope), g, bound in zip(slopes.items(), gradients, allowed, strict=True):
            d = np.where(np.isfinite(case.arrays[name]), direction[name], 0.0)
            scale = np.sum(np.abs(g * d)) + (np.abs(g).max(initial=0) if single else 0)
            rounding = np.sum(bound.allowed * np.abs(d), where=np.isfinite(bound.allowed))
            if not np.isfinite(slope) or scale > 1e100:
                continue  # complex numbers overflow earlier than real ones: the balls see to these
            away = abs(slope - np.sum(g * d))
            assert away <= 1e-12 * scale + rounding + TINY, (name, slope, single)


def one_entry(direction, random):
    """The direction of a single entry."""
    alone = np.zeros_like(direction)
    if alone.size:
        alone.reshape(-1)[random.randint(alone.size)] = 1.0
    return alone


def quotient(case, options, name, direction):
    """The difference quotient of <cotangents, outputs> along a direction of one argument."""
    x, d = balls.exact(case.arrays[name]), balls.exact(STEP * direction)
    ends = []
    for moved in (x + d, x - d):
        arguments, _ = call(case, {**case.arrays, name: moved})
        ends.append(certified(case.operation.name, arguments, options))
    pairs = zip(case.cotangents.values(), *ends, strict=True)
    total = sum((balls.total(balls.exact(c) * (up - down)) for c, up, down in pairs), start=ZERO)
    return float((total / balls.exact(np.array(2 * STEP))).balls[()])


@pytest.mark.parametrize("operation", DIFFERENTIATED)
@examples(25)
@given(data=st.data())
def test_vjp_is_the_difference_quotient_of_enclosures(operation, data):
    """In all options, and with weights of 2^150, whose gradients complex numbers do not hold."""
    case = away_from_kinks(data.draw(small_cases(operation)))
    assume(sum(a.size for a in case.arrays.values()) <= 300)
    if case.options.get("nonlinearity") == "relu" and data.draw(st.booleans()):
        case = replace(case, dtype="float64")
        assume(np.all(case.arrays["h0"] != 0))  # else the least step leads beyond the kink
        case = case.having(weight_hh=case.arrays["weight_hh"] * 2.0**150)
    given, options = call(case)
    arguments = [*case.cotangents.values(), *given]
    vjp = f"{operation}_vjp"
    with np.errstate(all="ignore"):
        gradients = flattened(getattr(reference, vjp)(*arguments, **options))
    allowed = expected_and_allowed(vjp, *arguments, arithmetic="float64", **options)
    for name, g, bound in zip(case.differentiated, gradients, allowed, strict=True):
        array = case.arrays[name]
        direction = case.random(4).standard_normal(array.shape)
        direction = np.where(np.isfinite(array), direction, 0.0)
        slope, found = quotient(case, options, name, direction), float(np.sum(g * direction))
        rounding = np.sum(bound.allowed * np.abs(direction), where=np.isfinite(bound.allowed))
        scale = float(np.sum(np.abs(g * direction)))
        assert abs(slope - found) <= 1e-12 * scale + rounding + TINY, (name, slope, found)


@pytest.mark.parametrize("operation", DIFFERENTIATED)
def test_every_argument_has_a_gradient_of_its_shape(operation):
    @examples(20)
    @given(case=cases(OPERATIONS[operation], "float64"))
    def holds(case):
        given, options = call(case)
        arguments = [*case.cotangents.values(), *given]
        with np.errstate(all="ignore"):
            gradients = getattr(reference, f"{operation}_vjp")(*arguments, **options)
        shapes = [g.shape for g in flattened(gradients)]
        assert shapes == [case.arrays[n].shape for n in case.differentiated]

    holds()


def test_relu_has_slope_zero_at_zero():
    """The contract's choice at the kink, in every direction of time."""
    zeros = {"x": (2, 3, 2), "h0": (2, 2), "weight_ih": (2, 2), "weight_hh": (2, 2)}
    arrays = [np.zeros(s) for s in zeros.values()] + [np.zeros(2), np.zeros(2)]
    for reverse in (False, True):
        gradients = reference.rnn_vjp(
            np.ones((2, 3, 2)), np.ones((2, 2)), *arrays, nonlinearity="relu", reverse=reverse
        )
        assert not any(g.any() for g in gradients)


def test_relu_beside_zero():
    """One unit each side of the kink: slope 1 above, 0 below, exactly."""
    x = np.array([[[2.0**-1074], [-(2.0**-1074)]]]).transpose(1, 0, 2)  # (2, 1, 1)
    one, zero = np.ones((1, 1)), np.zeros(1)
    dx, *_ = reference.rnn_vjp(
        np.ones((2, 1, 1)), np.zeros((2, 1)), x, np.zeros((2, 1)), one, one, zero, zero,
        nonlinearity="relu",
    )  # fmt: skip
    assert dx.ravel().tolist() == [1.0, 0.0]


def test_ties_of_the_maximum_are_no_kink():
    """Softmax subtracts a maximum, of which there may be several; its derivative does not care."""
    (dx,) = (reference.softmax_vjp(np.array([1.0, 0.0, 0.0, 0.0]), np.zeros(4)),)
    np.testing.assert_allclose(dx, [3 / 16, -1 / 16, -1 / 16, -1 / 16], rtol=1e-15)


@pytest.mark.parametrize("operation", RECURRENT)
def test_seen_gradients_change_nothing_if_they_are_its_own(operation):
    """The step-by-step form with the operation's own gradients is the whole gradient."""

    @examples(15)
    @given(case=cases(OPERATIONS[operation], "float64"))
    def holds(case):
        rows = case.arrays["weight_ih"].shape[0]
        x = case.random().standard_normal((*case.arrays["x"].shape[:2], rows))
        case = case.having(x=x, weight_ih=np.eye(rows))
        arguments = [*case.cotangents.values(), *case.arrays.values()]
        vjp = getattr(reference, f"{operation}_vjp")
        whole = vjp(*arguments, **case.options)
        again = vjp(*arguments, **case.options, seen=whole[0])
        for a, b in zip(whole, again, strict=True):
            np.testing.assert_array_equal(a, b)

    holds()
