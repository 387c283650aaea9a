"""--grade-precision finds the arithmetic that an implementation really has, and says it."""

import json

import pytest
from zoo import catalogue

from seqlaws.properties.discovery import loader
from seqlaws.properties.judging.precision_grade import NONE, described, grade, ladder
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Arithmetic

WRONG = {  # what the zoo says of itself, and what its values or its gradients are then graded
    "scores_of_tf32_operands": "float32 with TF32 operands",
    "lstm_tf32_operands": "float32 with TF32 operands",
    "rnn_tf32_operands": "float32 with TF32 operands",
    "lstm_bfloat16_weights": "float32 with bfloat16 operands",
    "gru_bfloat16_weights": "float32 with bfloat16 operands",
    "probabilities_in_bfloat16": "float32 with bfloat16 operands",
    "probabilities_in_half_above_64_keys": "float16 with float32 accumulation",
    "lstm_state_in_half": "float16 with float32 accumulation",
    "gates_preactivation_in_bfloat16": "bfloat16 with float32 accumulation",
    "lstm_cell_in_bfloat16": "bfloat16 with float32 accumulation",
    "rnn_state_in_bfloat16": "bfloat16 with float32 accumulation",
    "softmax_gradient_of_bfloat16_probabilities": "bfloat16 with float32 accumulation",
    "softmax_double_computed_in_single": "float32",
    "attention_double_in_single": "float32 with float64 accumulation",
    "torch_softmax_sum_in_bfloat16": "bfloat16 throughout",
    "torch_scores_of_bfloat16_kept_in_bfloat16": "bfloat16 throughout",
}


def graded(entry, dtype):
    subject = Subject(entry.name, catalogue.load(entry), entry.operation, dtype, "cpu")
    return grade(subject, 0)


def listed(entries):
    return {entry.name: entry for entry in entries}


def some(entries):
    """One in four: the laws hold each of them to its arithmetic anyway."""
    return [e for e in sorted(entries, key=lambda e: e.name) if e.operation != "all"][::4]


@pytest.mark.parametrize("name", WRONG)
def test_a_lower_precision_inside_is_named(name):
    backend = ("torch",) if name.startswith("torch_") else ("numpy",)
    if "torch" in backend:
        pytest.importorskip("torch")
    entry = listed(catalogue.wrong(backend))[name]
    found = graded(entry, entry.dtypes[-1])
    assert WRONG[name] in (found.values, found.gradients), found.line()
    assert "declared: " in found.line()


@pytest.mark.parametrize("entry", some(catalogue.right(("numpy",))), ids=lambda e: e.name)
def test_a_right_implementation_has_what_it_declares(entry):
    found = graded(entry, "float32")
    rungs = [described(a) for a in ladder("float32", Arithmetic("float32"))]
    worst = rungs.index(found.declared)
    for said in filter(None, (found.values, found.gradients)):
        assert said.startswith("not graded") or rungs.index(said) <= worst, found.line()


def test_what_is_wrong_in_another_way_has_no_grade():
    """A sign is no question of precision."""
    right = loader.find("numpy_vectorized")

    class Opposite:
        TRAITS = right.TRAITS

        @staticmethod
        def softmax(*arguments, **options):
            return -right.softmax(*arguments, **options)

    found = grade(Subject("opposite", Opposite, "softmax", "float32", "cpu"), 0)
    assert found.values == NONE
    assert not found.gradients


def test_arithmetics_in_words():
    said = [described(a) for a in ladder("float64", Arithmetic("float64"))]
    assert said == [
        "float64",
        "float32 with float64 accumulation",
        "float32",
        "float32 with TF32 operands",
        "float32 with bfloat16 operands",
        "float16 with float32 accumulation",
        "bfloat16 with float32 accumulation",
        "float16 throughout",
        "bfloat16 throughout",
    ]
    unusual = Arithmetic("float16", matmul="bf16")
    rungs = [described(a) for a in ladder("float16", unusual)]
    assert described(unusual) == "float16 with float32 accumulation and bfloat16 operands"
    assert rungs.index(described(unusual)) == 1


def test_the_run_says_it_in_a_line_and_in_the_verdicts(run_suite, tmp_path):
    path = tmp_path / "verdict.json"
    chosen = ("--impl", "numpy_vectorized", "--op", "softmax", "--dtype", "float32")
    run = run_suite(*chosen, "--grade-precision", "--verdict-json", path, "-k", "order_is_kept")
    assert run.returncode == 0, run.stdout
    said = "precision: numpy_vectorized softmax float32: float32 (values and gradients)"
    assert said in run.stdout
    (kept,) = json.loads(path.read_text(encoding="utf-8"))["run"]["precision"]
    assert (kept["values"], kept["gradients"], kept["declared"]) == ("float32",) * 3
    assert kept["beyond"]["values"]["float32 with float64 accumulation"] > 1
