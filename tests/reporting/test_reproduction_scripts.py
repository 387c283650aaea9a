"""The scripts of failed laws, of each kind: they fail on the wrong one, and pass on the right one.

All laws: `python tests/scripts_of_all_laws.py`.
"""

import pytest
from power_sample import WRONG
from scripts import shown

from seqlaws.properties.runner.examine import Effort

pytestmark = pytest.mark.slow

LAWS = (
    # one number of one call
    "softmax.values_at_every_size",
    "lstm_gates.values",
    "rnn.values",
    "gru.gradients",
    "markov_log_prob.every_factor_counts_once",
    "rotary_embedding.values_at_every_size",
    "positional_encoding.position_zero_is_the_beginning",
    # two calls, or a number that is computed from outputs
    "layer_norm.moments_of_the_output",
    "layer_norm.ranks_agree",
    "markov_log_prob.chapman_kolmogorov",
    "markov_log_prob.order_k_is_order_1_over_tuples",
    "softmax.manners_at_every_size",
    "attention.neighbours_have_no_influence",
    "gru.nan_shows",
    "gru.answers_are_not_kept",
    "generate.a_long_text_goes_on",
    # memory: layouts, strides of 0, one array twice, what is written or shared
    "lstm.memory_layouts",
    "softmax.broadcast_cotangents",
    "attention.broadcast_inputs",
    "multi_head_attention.one_array_for_keys_and_values",
    "generate.inputs_are_not_written",
    "lstm_gates.outputs_share_no_memory",
    # what is refused, what is outside the call, another program
    "rotary_embedding.wrong_dtypes_are_refused",
    "attention.wrong_shapes_are_refused",
    "gru.surroundings_stay_as_they_were",
    "rnn.any_other_program_gets_the_same_answer",
)
BREAKS = {law: target for target, law in WRONG.items() if law in LAWS}


def test_every_law_has_one_that_breaks_it():
    assert set(LAWS) == set(BREAKS)


@pytest.mark.parametrize("law", LAWS)
def test_a_script_fails_on_the_wrong_one_and_passes_on_the_right_one(law, tmp_path):
    found = shown(BREAKS[law], law, tmp_path, Effort(examples=100, shrinking=0.2))
    assert found is not None
    assert not found.amiss, (found.program, found.wrong, found.mended)
