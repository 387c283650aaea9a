"""No simulated admissible implementation is ever beyond the bound.

SEQLAWS_CASES=100 runs a hundred times as many; `python tests/numbers/observed.py` says how near
they come, for one operation and dtype.
"""

import pytest
from observed import ARITHMETICS, observe
from settings_of_cases import times

from seqlaws.properties.operations import OPERATIONS

CASES = {"softmax": 90, "attention": 60, "lstm_gates": 40, "rnn": 30, "lstm": 12, "gru": 12}


@pytest.mark.parametrize("dtype", ARITHMETICS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_simulated_implementation_is_within_the_bound(operation, dtype):
    for check, found in observe(operation, dtype, times(CASES[operation])).items():
        assert not found["violations"], (check, found["violations"][0])
        assert found["cases"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_most_entries_are_claimed(operation):
    """A bound that is infinite says nothing: few are, on the suite's own cases."""
    found = observe(operation, "float32", times(20), harder=False)
    entries = sum(check["entries"] for check in found.values())
    assert sum(check["unclaimed"] for check in found.values()) < 0.1 * entries
