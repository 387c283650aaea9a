"""A fixed sample of the zoo: each wrong one is rejected by the law that is named, right ones pass.

All of the zoo: `python tests/power.py`.
"""

import pytest
from power import candidates, laws_of, right_ones
from power_sample import RIGHT, WRONG

from seqlaws.properties.runner.examine import Effort

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("target", "law"), sorted(WRONG.items()))
def test_a_wrong_one_is_rejected_by_its_law(target, law):
    operation, _, name = law.partition(".")
    found = [
        candidate.verdict(made)
        for made in laws_of()
        if made.name == name and operation in made.operations
        for candidate in candidates(target, made, Effort(examples=100, shrinking=0.2))
        if candidate.operation == operation
    ]
    broken = [v for v in found if v.status in ("failed", "SHOULD failed")]  # a MUST, a SHOULD
    assert broken, [(v.law, v.dtype, v.status) for v in found]
    assert all(v.message and v.witness for v in broken)


@pytest.mark.parametrize("target", RIGHT)
def test_a_right_one_passes(target):
    effort = Effort(examples=8, shrinking=0.2)
    found = [
        candidate.verdict(made)
        for made in laws_of()
        for candidate in candidates(target, made, effort)
    ]
    failed = [(v.law, v.dtype, v.reason) for v in found if v.status == "failed"]
    assert not failed
    assert sum(v.examples for v in found) > 60


def test_the_sample_is_a_sample_of_every_class():
    assert len(WRONG) >= 40
    assert len(RIGHT) >= 8
    assert {law.partition(".")[0] for law in WRONG.values()} >= {
        "softmax",
        "rnn",
        "lstm_gates",
        "lstm",
        "gru",
        "attention",
        "positional_encoding",
        "rotary_embedding",
        "layer_norm",
        "markov_log_prob",
    }
    assert set(RIGHT) <= {entry.target for entry in right_ones()}
