"""How many examples a law is put: its share of the profile's, and a floor."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.impls import numpy_vectorized
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.laws import LAWS
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.runner.examine import FURTHER, NOTHING, SHRUNK, Effort, examine
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.record import LawBrokenError
from seqlaws.properties.subjects.subject import Subject

register_laws()
EFFORT = Effort(examples=10)


def examples(law, effort, operation="softmax"):
    subject = Subject("numpy_vectorized", numpy_vectorized, operation, "float32", "cpu")
    return examine(LAWS[law], subject, effort).examples


@pytest.mark.parametrize(("least", "count"), [(1, 1), (2, 2), (20, 2)])
def test_a_small_share_is_raised_to_the_floor_or_to_what_it_is_by_default(least, count):
    assert LAWS["functions_stay_as_they_were"].share * EFFORT.examples < 1
    assert examples("functions_stay_as_they_were", replace(EFFORT, least=least)) == count


def test_a_larger_share_is_not_raised():
    assert LAWS["values"].share * EFFORT.examples == 5
    assert examples("values", replace(EFFORT, least=3)) == 5


def test_a_sweep_has_no_floor():
    with_floor = examples("values_at_every_size", replace(EFFORT, least=3))
    assert with_floor == examples("values_at_every_size", EFFORT)


@pytest.mark.parametrize(
    ("law", "dtype", "profile", "count"),
    [
        ("functions_stay", "float32", ["--hypothesis-profile=quick"], 2),
        ("functions_stay", "float32", [], 2),
        ("shift_invariance", "float32", ["--hypothesis-profile=quick"], 3),
        ("shift_invariance", "float64", ["--hypothesis-profile=quick"], 1),
    ],
)
def test_quick_has_a_floor_of_three_in_float32(run_suite, tmp_path, law, dtype, profile, count):
    report = tmp_path / "verdict.json"
    chosen = ("--op=softmax", f"--dtype={dtype}", "-k", law)
    run_suite("--impl=numpy_vectorized", *chosen, *profile, "--verdict-json", report)
    (verdict,) = json.loads(report.read_text(encoding="utf-8"))["verdicts"]
    assert verdict["examples"] == count


def test_later_failures_of_an_operation_take_less_time(monkeypatch):
    """The counter is the run's: it goes along where an effort is changed."""
    given = []

    def noted(made, subject, effort):
        given.append(effort.shrinking)
        raise LawBrokenError("wrong")

    monkeypatch.setattr("seqlaws.properties.runner.examine.hunt", noted)
    for operation in ("softmax",) * 5 + ("gru",):
        examples("values", replace(EFFORT, shrinking=1.0, explains=False), operation)
    assert given == [1.0] * SHRUNK + [0.2] * 2 + [1.0]


def test_the_time_of_one_run_is_not_that_of_the_next():
    """A subject in this process has no time left: others go on asking the specification."""
    spent = Subject("numpy_vectorized", numpy_vectorized, "softmax", "float32", "cpu")
    assert examine(LAWS["values"], spent, replace(EFFORT, until=0.0)).status == "not run"
    other = Subject("numpy_vectorized", numpy_vectorized, "softmax", "float32", "cpu")
    case = Case(OPERATIONS["softmax"], "float32", {"x": np.zeros((2, 3))})
    assert [e.value.shape for e in other.expected(case).values()] == [(2, 3)]


def test_a_law_that_is_not_put_stands_in_its_section():
    """Without a vjp nothing is asked about cotangents."""
    without = SimpleNamespace(lstm=numpy_vectorized.lstm, TRAITS={})
    subject = Subject("mine", without, "lstm", "float32", "cpu")
    verdict = examine(LAWS["wrong_cotangents_are_refused"], subject, EFFORT)
    assert (verdict.status, verdict.section) == ("not offered", "guards")


@pytest.mark.parametrize("asked", [[], ["-v"]])
def test_what_only_a_should_law_says_is_explained_and_shrunk_where_it_is_shown(run_suite, asked):
    law = "nan_in_masked_keys_reaches_no_output"
    chosen = ("--op=attention", "--dtype=float64", "-k", law)
    run = run_suite("--impl=torch_native", *chosen, *asked)
    assert "1 SHOULD law failed" in run.stdout or asked
    assert ("1. SHOULD: your output is that of attention" in run.stdout) == bool(asked)


@pytest.mark.parametrize("shows", [True, False])
def test_a_should_law_that_is_not_shown_fails_at_its_first_case(shows):
    tried = []

    def check(impl, case):
        tried.append(case.arrays["x"].size)
        if tried[-1] > 1:
            raise LawBrokenError("there are two")

    subject = Subject("numpy_vectorized", numpy_vectorized, "softmax", "float32", "cpu")
    law = replace(LAWS["values"], level="SHOULD", check=check)
    effort = replace(EFFORT, shrinking=4.0, shows=shows, explains=False)
    verdict = examine(law, subject, effort)
    assert verdict.status == "SHOULD failed"
    first = next(k for k, size in enumerate(tried) if size > 1)
    assert (first + 1 == len(tried)) == (not shows)


def test_after_the_drawn_cases_come_those_that_a_law_names():
    law, sizes = LAWS["answers_are_not_kept"], []

    def of(examples):
        sizes.clear()
        noted = replace(law, check=lambda impl, case: sizes.append(impl.run(case) and case.sizes()))
        subject = Subject("numpy_vectorized", numpy_vectorized, "lstm", "float32", "cpu")
        examine(noted, subject, Effort(examples=examples))
        return [max(size.values()) > 128 for size in sizes]

    named = len(law.also(OPERATIONS["lstm"]))
    assert of(100) == [False] * round(100 * law.share) + [True] * named
    assert of(10) == [False] * round(10 * law.share) + [True]


def test_what_a_law_fixes_is_not_changed_by_the_cases_that_it_names():
    law, lengths = LAWS["padding_has_no_influence"], []
    noted = replace(law, check=lambda _, case: lengths.append(case.option("lengths")))
    subject = Subject("numpy_vectorized", numpy_vectorized, "lstm", "float32", "cpu")
    examine(noted, subject, EFFORT)
    assert lengths
    assert all(given is not None for given in lengths)


def test_a_law_that_calls_nothing_has_checked_nothing():
    idle = replace(LAWS["values"], check=lambda impl, case: None)
    subject = Subject("numpy_vectorized", numpy_vectorized, "softmax", "float32", "cpu")
    verdict = examine(idle, subject, EFFORT)
    assert (verdict.status, verdict.examples, verdict.reason) == ("not run", 0, NOTHING)


def test_where_one_case_has_nothing_to_check_others_are_drawn():
    drawn = []

    def fourth(impl, case):
        drawn.append(case)
        if len(drawn) == 4:
            impl.run(case)

    once = replace(LAWS["values"], check=fourth, share=0.01)
    subject = Subject("numpy_vectorized", numpy_vectorized, "softmax", "float32", "cpu")
    verdict = examine(once, subject, EFFORT)
    assert (verdict.status, verdict.examples, len(drawn)) == ("passed", 1, 1 + FURTHER)


def test_all_errors_are_added_up_where_they_are_shown():
    found = []
    for measures in (True, False):
        subject = Subject("numpy_vectorized", numpy_vectorized, "softmax", "float32", "cpu")
        found.append(examine(LAWS["values"], subject, replace(EFFORT, measures=measures)))
    assert all(told["entries"] > 0 for told in found[0].accuracy.values())
    assert found[0].accuracy
    assert not found[1].accuracy
    assert found[0].worst == found[1].worst > 0
