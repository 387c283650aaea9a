"""No simulated admissible implementation is ever beyond the bound.

SEQLAWS_CASES=100 runs a hundred times as many; `python tests/numbers/observed.py` says how near
they come, for one operation and dtype.
"""

import numpy as np
import pytest
from observed import ARITHMETICS, DECLARED, observe, tried
from settings_of_cases import times

from seqlaws.properties.operations import OPERATIONS
from seqlaws.reference.numbers import Arithmetic, expected_and_allowed, rounding, stepwise

pytestmark = pytest.mark.slow

CASES = {
    "softmax": 90, "attention": 60, "lstm_gates": 40, "rnn": 30, "lstm": 12, "gru": 12,
    "positional_encoding": 60, "rotary_embedding": 60,
    "layer_norm": 90, "markov_log_prob": 60,
    "decoder_layer": 10, "multi_head_attention": 40, "encoder_layer": 15,
}  # fmt: skip


LAYERS = ("decoder_layer", "encoder_layer")
PAIRS = [(o, dtype) for o in CASES for dtype in OPERATIONS[o].dtypes or ARITHMETICS]


@pytest.mark.parametrize(("operation", "dtype"), PAIRS)
def test_every_simulated_implementation_is_within_the_bound(operation, dtype):
    for check, found in observe(operation, dtype, times(CASES[operation])).items():
        assert not found["violations"], (check, found["violations"][0])
        assert found["cases"]


FORMS = [
    (operation, dtype, declared)
    for declared, operations in DECLARED.items()
    for operation in operations
    for dtype in tried(operation, declared)
]


@pytest.mark.parametrize(("operation", "dtype", "declared"), FORMS)
def test_every_simulated_form_is_within_the_bound_that_is_declared(operation, dtype, declared):
    cases = times(max(CASES[operation] // 3, 4))
    for check, found in observe(operation, dtype, cases, 1000, declared=declared).items():
        assert not found["violations"], (check, found["violations"][0])
        assert found["cases"]


def violations(operation, dtype, cases):
    found = observe(operation, dtype, cases)
    return sum(len(check["violations"]) for check in found.values())


def test_a_bound_with_too_few_ulps_is_found(monkeypatch):
    monkeypatch.setattr(Arithmetic, "ulps", 3)
    assert violations("lstm_gates", "float32", 20)


def test_a_bound_that_forgets_storage_is_found(monkeypatch):
    monkeypatch.setattr(rounding.Rounding, "__pos__", rounding.settled)
    assert violations("rnn", "bfloat16", 10)


def test_a_step_from_exactly_what_was_returned_is_found(monkeypatch):
    """The state may be kept wider than it is returned."""
    monkeypatch.setattr(stepwise, "ball", lambda y, a, *_: rounding.exact(y, a))
    assert violations("rnn", "bfloat16", 20)


@pytest.mark.parametrize("operation", CASES)
def test_most_entries_are_claimed(operation, monkeypatch):
    """A bound that is infinite says nothing: few are, on the suite's own cases.

    Of a whole layer's gradients, with operands of 8 or 11 bits at every stage, nothing is left; nor
    of the gradient of a probability of 0.
    """
    fixed = {"zeros": (0.0,), "impossible": (False,)} if operation == "markov_log_prob" else {}
    if operation in LAYERS:
        monkeypatch.setitem(ARITHMETICS, "float32", (Arithmetic("float32"),))
    found = observe(operation, "float32", times(60), harder=False, **fixed)
    entries = sum(check["entries"] for check in found.values())
    assert sum(check["unclaimed"] for check in found.values()) < 0.03 * entries


def test_the_slope_of_relu_may_be_read_off_the_stored_state():
    """h = 2^-26 is 0 in float16: who keeps it there finds the slope of 0."""
    one, zero, small = np.ones((1, 1, 1)), np.zeros(1), np.full((1, 1, 1), 2.0**-13)
    *_, db = expected_and_allowed(
        "rnn_vjp", one, one[0] * 0, small, one[0] * 0, small[0], one[0], zero, zero,
        arithmetic="float16", nonlinearity="relu",
    )  # fmt: skip
    assert db.value == 1
    assert db.allowed >= 1
