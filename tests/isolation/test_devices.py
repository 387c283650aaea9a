"""A device other than the CPU, on a machine that has none: a stand-in for torch (tests/standin).

All verdicts come from one process, in which nothing but the last ones uses the device.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ASKING = Path(__file__).parents[1] / "standin" / "asking.py"
SURROUNDINGS, KIND = "surroundings_stay_as_they_were", "outputs_are_of_the_inputs_kind"
FAILED = "made the device standin fail: AcceleratorError: CUDA error: an illegal memory access"
ALONE = "isolated"
FAULTY = "that_starts_a_kernel_that_fails"
ASKED = [
    ("harmless", "values", ALONE),
    ("harmless", SURROUNDINGS, ALONE),
    ("harmless", "threads_do_not_disturb_each_other", ALONE),
    ("harmless", "any_other_program_gets_the_same_answer", ALONE),
    (FAULTY, "values", ALONE),
    (FAULTY, "one_hot_is_exact", ALONE),
    ("that_launches_what_is_refused", "values", ALONE),
    ("that_launches_what_is_refused", "one_hot_is_exact", ALONE),
    ("that_takes_all_memory", "values", ALONE),
    ("that_takes_all_memory", "one_hot_is_exact", ALONE),
    ("that_draws_random_numbers", SURROUNDINGS, ALONE),
    ("that_changes_the_device", SURROUNDINGS, ALONE),
    ("that_changes_the_stream", SURROUNDINGS, ALONE),
    ("that_allows_tf32", SURROUNDINGS, ALONE),
    ("that_answers_from_the_cpu", KIND, ALONE),
    ("known", KIND, ALONE),
    ("that_differs_from_run_to_run", "same_call_same_bits", ALONE),
    ("that_differs_from_run_to_run", "run_to_run_identity", ALONE),
    (FAULTY, "values", "object"),
    ("harmless", "values", "here"),
    ("harmless", "values", "object"),  # the process has used the device: it cannot be forked
    (FAULTY, "values", "here"),
    ("harmless", "one_hot_is_exact", "here"),
]


@pytest.fixture(scope="module")
def verdict(standin):
    """A function that gives the verdict on a subject, a law and a place."""
    found = subprocess.run(
        [sys.executable, ASKING, json.dumps(ASKED)],
        env=standin,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert not found.returncode, found.stderr
    by = dict(zip(ASKED, json.loads(found.stdout), strict=True))
    return lambda name, law, how=ALONE: by[name, law, how]


@pytest.mark.parametrize("law", [law for name, law, how in ASKED[:4]])
def test_a_right_implementation_passes(verdict, law):
    told = verdict("harmless", law)
    assert (told["status"], told["reason"]) == ("passed", "")


def test_an_error_of_the_device_belongs_to_the_call_that_made_it(verdict):
    told = verdict(FAULTY, "values")
    assert told["status"] == "failed"
    assert told["reason"].startswith(f"softmax {FAILED}")


def test_a_device_that_failed_ends_its_process_and_the_next_law_has_another(verdict):
    assert not verdict(FAULTY, "values")["process"]
    after = verdict(FAULTY, "one_hot_is_exact")
    assert after["status"] == "passed"
    assert after["process"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("that_launches_what_is_refused", "CUDA error: invalid configuration argument"),
        ("that_takes_all_memory", "OutOfMemoryError: CUDA out of memory. Tried to allocate"),
    ],
)
def test_an_error_that_passes_does_not_end_the_process(verdict, name, says):
    told, after = verdict(name, "values"), verdict(name, "one_hot_is_exact")
    assert told["status"] == "failed"
    assert told["reason"].startswith("softmax raised")
    assert says in told["reason"]
    assert after["status"] == "passed"
    assert after["process"] == told["process"] != 0


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("that_draws_random_numbers", "the random state of torch's device"),
        ("that_changes_the_device", "torch's current device"),
        ("that_changes_the_stream", "torch's current stream"),
        ("that_allows_tf32", "torch's TF32 flags"),
    ],
)
def test_the_state_of_the_device_is_watched(verdict, name, what):
    told = verdict(name, SURROUNDINGS)
    assert told["status"] == "failed"
    assert told["reason"].startswith("the call changed")
    assert what in told["reason"]


def test_an_output_on_another_device_is_refused(verdict):
    told = verdict("that_answers_from_the_cpu", KIND)
    assert told["status"] == "failed"
    assert told["reason"] == "softmax returned p on cpu, not standin"


def test_a_failure_can_be_known_on_one_device(verdict):
    told = verdict("known", KIND)
    assert (told["status"], told["reason"]) == ("known failure", "it is so")


def test_other_bits_in_the_next_run_break_a_should_alone(verdict):
    assert verdict("that_differs_from_run_to_run", "same_call_same_bits")["status"] == "passed"
    told = verdict("that_differs_from_run_to_run", "run_to_run_identity")
    assert (told["status"], told["level"]) == ("SHOULD failed", "SHOULD")


def test_an_object_is_contained_unless_the_device_is_in_use(verdict):
    assert FAILED in verdict(FAULTY, "values", "object")["reason"]
    own = verdict("harmless", "values", "here")
    assert own["status"] == "passed"
    assert verdict("harmless", "values", "object")["process"] == own["process"]


def test_in_this_process_nothing_is_judged_on_a_device_that_failed(verdict):
    assert FAILED in verdict(FAULTY, "values", "here")["reason"]
    after = verdict("harmless", "one_hot_is_exact", "here")
    assert after["status"] == "not run"
    assert after["reason"].startswith(f"an earlier call {FAILED}")
    assert "--isolate" in after["reason"]
