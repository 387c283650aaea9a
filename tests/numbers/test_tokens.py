"""Tokens: the logits certified, what may be the arg max, and right implementations admitted."""

import numpy as np
import pytest
from enclosed import balls, lifted
from hypothesis import assume, given
from hypothesis import strategies as st
from observed import ARITHMETICS, observe
from settings_of_cases import examples, times

from seqlaws import reference
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build, cases
from seqlaws.properties.operations import OPERATIONS
from seqlaws.reference.generate import logits
from seqlaws.reference.numbers import Arithmetic, unpacked
from seqlaws.reference.numbers import lifted as bounded
from seqlaws.reference.numbers.tokens import admissible, expected_token_by_token

pytestmark = pytest.mark.slow

SMALL = {"S": 2, "N": 1, "D": 2, "F": 2, "V": 3, "B": 1, "steps": 3}


def arguments(case):
    given_, _ = OPERATIONS["generate"].arranged(case.arrays, case.options)
    return given_


def scored(lift, memory, start, steps, params, num_heads):
    """The logits at every position of the specification's own text, in a number system."""
    tokens = reference.generate(memory, start, steps, params, num_heads)
    read = np.concatenate([start[:, None], tokens], axis=1)
    with np.errstate(all="ignore"):
        return logits(lift(memory), read, lift(params), num_heads)


@examples(15)
@given(data=st.data())
def test_logits_are_the_exact_ones(data):
    """On balls as on float64, and within what float32 is allowed."""
    case = data.draw(
        cases(OPERATIONS["generate"], "float32", **SMALL, layers=data.draw(st.integers(1, 2)))
    )
    assume(all(np.isfinite(a).all() for a in case.arrays.values()))
    enclosed = scored(lifted, *arguments(case)).balls
    for dtype in ("float64", "float32"):
        arithmetic = Arithmetic(dtype)
        found = scored(lambda x, a=arithmetic: bounded(x, a), *arguments(case))
        ((value, allowed),) = unpacked(found, arithmetic)
        away = [balls.distance(b, float(v)) for b, v in zip(enclosed.flat, value.flat, strict=True)]
        assert (np.array(away).reshape(value.shape) <= allowed).all()


@pytest.mark.parametrize("dtype", ARITHMETICS)
def test_simulated_implementations_are_admitted(dtype):
    """Each token chosen by a machine, recomputing everything, from its own tokens before."""
    (found,) = observe("generate", dtype, times(20)).values()
    assert not found["violations"]
    assert found["unclaimed"] < found["entries"]


def test_the_specification_admits_its_own_text_and_no_other():
    """In float64, where no logits are near, one token at each place is admissible."""
    case = build(
        by_seed(2), OPERATIONS["generate"], "float64", S=3, V=4, steps=5, layers=1, N=2, D=3, B=2
    )
    given_ = arguments(case)
    tokens = reference.generate(*given_)
    for other in range(4):
        written = tokens.astype(float)
        written[1, 3] = other
        (due,) = expected_token_by_token(written, *given_, arithmetic=Arithmetic("float64"))
        assert (due.allowed[:, :4] == 0).all()
        assert due.value[1, 3] == tokens[1, 3]
        assert (due.value[0] == tokens[0]).all()


@pytest.mark.parametrize("odd", [-1.0, 4.0, 0.5, np.nan])
def test_what_is_no_token_is_never_expected(odd):
    case = build(by_seed(2), OPERATIONS["generate"], "float32", V=4, steps=3, layers=1, B=1)
    (due,) = expected_token_by_token(
        np.full((1, 3), odd), *arguments(case), arithmetic=Arithmetic("float32")
    )
    assert (due.value != odd).all()
    assert (due.allowed == 0).all()


@pytest.mark.parametrize(
    ("value", "allowed", "may"),
    [
        ([1, 2, 3], [0, 0, 0], "001"),
        ([2, 2, 2], [0, 0, 0], "100"),  # ties go to the lowest
        ([1, 2, 2], [0, 0, 0], "010"),
        ([1, 2, 2], [0.6, 0.5, 0], "011"),  # the second may be smaller than the third
        ([1, 2, 2.1], [0, 0.2, 0], "011"),
        ([1, 2, 3], [1, 0, 0], "001"),
        ([3, 2, 1], [0, 0, 2], "100"),  # the third may equal the first, but not exceed it
        ([1, 2, 3], [np.inf, 0, 0], "101"),
        ([np.nan, 2, 3], [0, 0, 0], "101"),
        ([5], [0], "1"),
    ],
)
def test_what_may_be_the_arg_max(value, allowed, may):
    found = admissible(np.array(value, float), np.array(allowed, float))
    assert found.tolist() == [m == "1" for m in may]


def test_an_admissible_token_is_one_that_some_logits_choose():
    """Against all corners of small boxes of logits, and their midpoints."""
    random = np.random.RandomState(3)
    for _ in range(200):
        value, allowed = random.randint(0, 4, 3), random.randint(0, 2, 3)
        steps = np.linspace(-1, 1, 9)  # fine enough to tell < from <=
        grids = np.meshgrid(*(v + e * steps for v, e in zip(value, allowed, strict=True)))
        chosen = np.argmax(np.stack(grids, axis=-1).reshape(-1, 3), axis=-1)
        expected = [v in chosen for v in range(3)]
        assert admissible(value.astype(float), allowed.astype(float)).tolist() == expected
