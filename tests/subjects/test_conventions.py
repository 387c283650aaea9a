"""Implementations that are called in their own way: laws hold for right ones, and catch others."""

import shutil
from pathlib import Path

import pytest
from zoo.conventions import attention, beyond, packed

from seqlaws.properties.discovery import loader
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.limits import Limits
from seqlaws.properties.laws import LAWS
from seqlaws.properties.operations import OPERATIONS, SPECS
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.subject import Subject

register_laws()
WITHIN = "calls_stay_within_their_arrays"
UNTOUCHED = "rows_beyond_the_last_sequence_are_not_written"
WRITTEN = "outputs_are_written_into_the_given_arrays"

GRADIENTS_WITHIN = "gradients_stay_within_their_arrays"

MADE = {  # the makers of right and wrong ones: operation, what is wrong, laws
    attention.in_heads_inside: ("attention", attention.LAYOUT, ("values", "gradients")),
    attention.time_first: ("rnn", attention.TIME, ("values",)),
    attention.into_an_array: ("attention", attention.WRITES, (WRITTEN, "values")),
    attention.with_lse: ("attention", attention.LSE, ("returned_log_sum_exp", "values")),
}

PACKED = {
    packed.packed: ("attention_varlen", packed.VARLEN, ("values",)),
    packed.packed_into: ("attention_varlen", packed.INTO, (WRITTEN, UNTOUCHED)),
    packed.paged: ("attention_paged", packed.PAGED, ("values", "unused_pages_may_hold_nan")),
}


def put(namespace, operation, *laws, dtype="float32", examples=20):
    """The status of each law, and what the failures say."""
    subject = Subject("made", namespace, operation, dtype, "cpu")
    effort = Effort(examples=examples, explains=False, shrinking=0.0)
    verdicts = [examine(LAWS[law], subject, effort) for law in laws]
    return [v.status for v in verdicts], " ".join(v.reason for v in verdicts)


def name_of(one):
    """The name of a maker, or of what is wrong."""
    return getattr(one, "__name__", one)


@pytest.fixture(scope="module")
def in_c(tmp_path_factory):
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    return beyond.compiled(tmp_path_factory.mktemp("c"))


def kinds(in_c, offence):
    """The C function behind NumPy, and behind torch."""
    yield beyond.InC(in_c, offence)
    pytest.importorskip("torch")
    yield beyond.InCOfTensors(in_c, offence)


def test_a_c_function_that_stays_within_its_arrays_passes(in_c):
    for namespace in kinds(in_c, "none"):
        statuses, says = put(namespace, "softmax", WITHIN, WRITTEN, "values", examples=10)
        assert statuses == ["passed"] * 3, says


@pytest.mark.parametrize("offence", [o for o in beyond.OFFENCES if o.startswith("reads")])
def test_a_c_function_that_reads_beyond_its_arrays_is_caught(in_c, offence):
    for namespace in kinds(in_c, offence):
        statuses, says = put(namespace, "softmax", WITHIN, examples=40)
        assert statuses == ["failed"]
        assert "affects the output (it holds large numbers)" in says


def test_a_c_function_that_writes_beyond_its_arrays_is_caught(in_c):
    for namespace in kinds(in_c, "writes beyond"):
        statuses, says = put(namespace, "softmax", WITHIN, WRITTEN, "values")
        assert statuses == ["failed", "failed", "passed"]
        assert "something was written beyond the ends of the array for p" in says


def test_a_strided_view_beyond_the_end_is_caught():
    statuses, says = put(beyond.OverlappingWindow, "layer_norm", WITHIN)
    assert statuses == ["failed"]
    assert "affects the output (it holds NaN)" in says


def test_a_gradient_that_reads_beyond_the_end_is_caught():
    laws = "gradients", WITHIN, GRADIENTS_WITHIN
    statuses, says = put(beyond.OverlappingCotangent, "softmax", *laws)
    assert statuses[1:] == ["passed", "failed"], says  # what lies there may be a NaN by chance
    assert "affects the gradient (it holds NaN)" in says


@pytest.mark.parametrize("made", MADE, ids=name_of)
def test_laws_hold_for_what_is_called_as_it_declares(made):
    operation, _, laws = MADE[made]
    statuses, says = put(made(), operation, *laws, WITHIN, "inputs_are_not_written")
    assert set(statuses) == {"passed"}, says


@pytest.mark.parametrize(
    ("made", "wrong"),
    [(made, one) for made, (_, wrong, _) in MADE.items() for one in wrong[1:]],
    ids=name_of,
)
def test_laws_catch_what_is_not_as_it_declares(made, wrong):
    operation, _, laws = MADE[made]
    statuses, _ = put(made(wrong), operation, *laws, examples=60)
    assert "failed" in statuses


@pytest.fixture(scope="module")
def packed_attention():
    names = specification_server.add("packed_attention")
    yield names
    specification_server.remove(names)


def test_a_function_that_the_suite_can_specify_is_named_with_its_specification():
    namespace = packed.packed()
    if "attention_varlen" not in OPERATIONS:
        with pytest.raises(loader.NotFoundError, match="did you mean --spec packed_attention"):
            loader.refuse_unusable("mine.py", namespace)
    assert {"packed_attention": tuple(specification_server.add("packed_attention"))} == SPECS
    loader.refuse_unusable("mine.py", namespace)


@pytest.mark.parametrize("made", PACKED, ids=name_of)
def test_laws_hold_for_packed_sequences_and_pages(made, packed_attention):
    operation, _, laws = PACKED[made]
    others = [law.name for law in LAWS.values() if law.operations == (operation,)]
    general = [WITHIN, "answers_are_not_kept", "inputs_are_not_written", "broadcast_inputs"]
    statuses, says = put(made(), operation, *laws, *general, *others)
    assert set(statuses) <= {"passed", "not offered"}, says
    assert statuses.count("not offered") == (made is packed.packed)  # it writes to no array


@pytest.mark.parametrize(
    ("made", "wrong"),
    [(made, one) for made, (_, wrong, _) in PACKED.items() for one in wrong[1:]],
    ids=name_of,
)
def test_laws_catch_wrong_packed_sequences_and_pages(made, wrong, packed_attention):
    operation, _, laws = PACKED[made]
    statuses, _ = put(made(wrong), operation, *laws)
    assert "failed" in statuses


def test_gradients_of_packed_sequences_are_those_of_each(packed_attention):
    pytest.importorskip("torch")
    statuses, says = put(packed.of_tensors(), "attention_varlen", "values", "gradients")
    assert statuses == ["passed", "passed"], says


@pytest.mark.parametrize("wrong", ["", "array of its own"])
def test_arrays_to_write_to_are_in_the_process_of_the_implementation(wrong, tmp_path):
    file, tests = tmp_path / "mine.py", str(Path(__file__).resolve().parents[1])
    text = f"import sys\nsys.path.append({tests!r})\nfrom zoo.conventions import attention as zoo\n"
    file.write_text(f"{text}made = zoo.into_an_array({wrong!r})\n", encoding="utf-8")
    inside = Contained(f"{file}:made", Limits(seconds=60.0, memory=4096))
    try:
        statuses, says = put(inside, "attention", WRITTEN, WITHIN)
    finally:
        inside.end()
    assert statuses == ["failed" if wrong else "passed", "passed"], says
