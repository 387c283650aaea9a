"""The float64 values of NumPy's functions and of the gallery are within certified enclosures."""

from pathlib import Path

import numpy as np
import pytest
from enclosed import balls
from simulated_rules import ALONG, BINARY, MATRICES, NOTHING_TO_SIMULATE, REDUCTIONS, UNARY
from test_simulated_rules import drawn

from seqlaws import reference
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.adding import add_file, remove
from seqlaws.reference.numbers import Arithmetic, exact, expected_and_allowed, number, settled
from seqlaws.reference.numbers.rounding import FUNCTIONS, UFUNCS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SHAPES = {**dict.fromkeys((*UNARY, *BINARY), (30,)), **dict.fromkeys(MATRICES, (2, 3, 3))}
EVERY = {
    **{name: (f, domain, 1) for name, (f, domain, _) in UNARY.items()},
    **{name: (f, domain, 2) for name, (f, domain, _) in BINARY.items()},
    **{
        n: (lambda x, f=f: f(x, axis=-1), "any", 1) for n, (f, _) in {**REDUCTIONS, **ALONG}.items()
    },
    **{name: (f, "any", 2) for name, (f, _) in MATRICES.items()},
}
WIDTH = 2.0**-200  # of an enclosure of 0


def away(ball, value):
    found = [balls.distance(b, float(v)) for b, v in zip(ball.flat, value.flat, strict=True)]
    return np.array(found).reshape(value.shape)


def within(enclosed, due):
    """Compare the enclosure of each output with its float64 value and bound."""
    for one, (value, allowed) in zip(enclosed, due, strict=True):
        held = getattr(one, "balls", None)
        off = np.abs(one - value) if held is None else away(np.asarray(held), value)
        assert (off <= allowed + WIDTH).all(), (off, value, allowed)


@pytest.mark.parametrize("name", EVERY)
def test_a_function_of_numpy_is_within_its_ball(name):
    function, domain, count = EVERY[name]
    random, a = np.random.default_rng(4), Arithmetic("float64")
    for _ in range(3):
        given = [drawn(random, SHAPES.get(name, (3, 6)), domain, "float32") for _ in range(count)]
        given = [np.clip(x, 0, 4) if name == "x^y" else x for x in given]
        with np.errstate(all="ignore"):
            y = settled(number(function(*(exact(x, a) for x in given)), a))
            assert np.isfinite(y.error).any()
            within([function(*map(balls.exact, given))], [(y.value, y.error)])


def test_every_rule_that_computes_has_a_ball():
    missing = {*UFUNCS, *FUNCTIONS} - {*balls.UFUNCS, *balls.FUNCTIONS}
    assert missing <= NOTHING_TO_SIMULATE, missing - NOTHING_TO_SIMULATE


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_a_specification_of_the_gallery_is_certified(path):
    (name,) = add_file(path)
    try:
        fixed = {"dense": True, "regime": "ordinary", "scales": (1.0,), "leading": (2,)}
        operation = OPERATIONS[name]
        sizes = {letter: 2 + k % 2 for k, letter in enumerate(operation.letters)}
        case = build(by_seed(5, 1), operation, "float32", **fixed, **sizes)
        given, options = operation.arranged(case.arrays, case.options)
        lifted = [
            balls.exact(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
            for x in given
        ]
        with np.errstate(all="ignore"):
            enclosed = reference.OWN[name](*lifted, **options)
            within(enclosed, expected_and_allowed(name, *given, arithmetic="float64", **options))
    finally:
        remove([name])


def test_a_value_outside_of_its_ball_is_found():
    x = np.array([0.3, 2.0])
    enclosed = np.log1p(balls.exact(x))
    within([enclosed], [(np.log1p(x), 1e-15 * np.ones(2))])
    with pytest.raises(AssertionError):
        within([enclosed], [(np.log1p(x) + 1e-12, 1e-15 * np.ones(2))])


@pytest.mark.parametrize("function", [np.sort, np.argmax, np.floor, np.sign, np.rint])
def test_what_the_enclosures_do_not_tell_is_undecided(function):
    third = balls.exact(np.array([1.0, 1.0])) / 3.0 * 3.0  # encloses 1, and numbers beside it
    unsure = third - np.array([0.0 if function in (np.sort, np.argmax) else 1.0, 0.0])
    unsure = unsure + 0.5 if function is np.rint else unsure
    with pytest.raises(balls.UndecidedError):
        function(unsure)
