"""Traits that say how a function is called: what is known, and one sentence for the rest."""

import numpy as np
import pytest

from seqlaws.properties.discovery.convention import convention_of
from seqlaws.properties.discovery.traits import UnknownTraitError, traits_of
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.operations import OPERATIONS


def convention(operation, **declared):
    """The convention of an operation by what is declared."""
    return convention_of(traits_of(declared, operation), OPERATIONS[operation])


def test_nothing_declared_is_the_contracts_own():
    for name, operation in OPERATIONS.items():
        made = convention(name)
        assert made.returned == tuple(operation.outputs)
        assert not made.writes
        for array in (*operation.arrays, *operation.outputs):
            assert made.order(array, 4) is None


def test_arrays_are_given_and_taken_in_the_declared_order():
    made, q = convention("attention", layout="SBHD"), np.arange(120).reshape(2, 3, 4, 5)
    given = made.given("q", q)
    assert given.shape == (4, 2, 3, 5) == made.shape("q", q.shape)
    assert given[3, 1, 2, 4] == q[1, 2, 3, 4]
    assert made.place("q", (1, 2, 3, 4)) == (3, 1, 2, 4)
    np.testing.assert_array_equal(made.taken("q", given), q)
    assert made.given("mask", q) is q


def test_states_and_weights_have_one_order():
    made, case = convention("rnn", layout={"rnn": "TBI"}), np.zeros((2, 3))
    assert made.shape("x", (2, 5, 3)) == (5, 2, 3)
    assert all(made.given(name, case) is case for name in ("h0", "weight_ih", "h_n"))


def test_what_is_returned_besides_has_a_shape_and_a_place():
    made = convention("attention", returns={"attention": ("lse", "out")})
    arrays = {"q": np.zeros((2, 6, 4, 5)), "k": np.zeros((2, 3, 7, 5)), "v": np.zeros((2, 3, 7, 2))}
    case = Case(OPERATIONS["attention"], "float32", arrays)
    assert made.shapes(case) == {"lse": (2, 6, 4), "out": (2, 6, 4, 2)}
    assert made.pulled == (1,)


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"layout": {"attention": "BDHS"}},
         "trait 'layout' is 'BDHS' for attention; known: attention: BHSD, BSHD, SBHD"),
        ({"layout": {"attention": "TBI"}}, "known: attention: BHSD, BSHD, SBHD"),
        ({"layout": "NHWC"}, "trait 'layout' is 'NHWC'; known: rnn: BTI, TBI; lstm: BTI, TBI"),
        ({"returns": {"attention": ("out", "weights")}}, "known: attention: out, lse"),
        ({"returns": {"attention": ("lse",)}}, "known: attention: out, lse"),
        ({"returns": "lse"}, "known: attention: out, lse"),
        ({"writes": True}, "trait 'writes' is True; known: a text"),
        ({"writes": "out", "backend": "jax"}, "arrays of jax cannot be written to"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_one_sentence(declared, says):
    with pytest.raises(UnknownTraitError) as raised:
        traits_of(declared, "attention")
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_value_for_all_operations_is_of_those_that_know_it():
    declared = {"layout": "BSHD", "returns": ["out", "lse"]}
    assert traits_of(declared, "attention").layout == "BSHD"
    assert traits_of(declared, "rotary_embedding").layout == "BSHD"
    assert traits_of(declared, "rnn").layout == ""
    assert traits_of({"writes": {"attention_varlen": "out"}}, "attention").writes == ""
    assert traits_of(declared, "attention").returns == ("out", "lse")
    assert traits_of(declared, "softmax").returns == ()
