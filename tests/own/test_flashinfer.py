"""Definitions in FlashInfer-Bench's form: translated or refused, and candidates judged."""

import json
from pathlib import Path

import numpy as np
import pytest

from seqlaws import check
from seqlaws.properties.own.flashinfer import definition_of, specification_of
from seqlaws.properties.own.torch_graph import NoRuleError

torch = pytest.importorskip("torch")
FILE = Path(__file__).with_name("flashinfer_definition.json")
NAME = "fused_add_rmsnorm_h24"
RIGHT = """
import torch

def run(hidden_states, residual, weight):
    x = hidden_states.float() + residual.float()
    return torch.nn.functional.rms_norm(x, (24,), weight.float(), 1e-6).to(weight.dtype)
"""
WRONG = RIGHT.replace(" + residual.float()", "")


@pytest.fixture
def definition():
    return definition_of(FILE)


def written(folder, source):
    path = folder / "solution.py"
    path.write_text(source, encoding="utf-8")
    return path


def test_a_translation_gives_what_the_reference_gives(definition):
    source = specification_of(definition)
    scope = {}
    exec(compile(source, NAME, "exec"), scope)
    declared = scope[NAME].__seqlaws_operation__
    assert dict(declared.allowed_sizes) == {"hidden_size": (24,)}
    assert declared.dtypes == ("bfloat16",)
    normal = np.random.default_rng(0).normal
    x, residual = (np.round(8 * normal(size=(5, 24))) / 8 for _ in range(2))  # an exact sum
    weight = normal(size=24)
    exec(definition["reference"], reference := {})
    expected = reference["run"](*map(torch.from_numpy, (x, residual, weight)))
    found = scope[NAME](x, residual, weight)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5)  # the reference is float32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reference": "def run(a): return a"}, r"run takes \['a'\]; the inputs are"),
        ({"reference": "run = 1"}, "its reference has no function run"),
        ({"reference": "def run("}, "its reference raised SyntaxError"),
    ],
)
def test_what_cannot_be_translated_is_refused(definition, changes, message):
    with pytest.raises(NoRuleError, match=message):
        specification_of({**definition, **changes})


def test_whole_numbers_of_unknown_range_are_refused(definition):
    definition["inputs"]["weight"]["dtype"] = "int32"
    with pytest.raises(NoRuleError, match="weight holds int32, and no definition says"):
        specification_of(definition)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "no JSON of a definition"), (json.dumps({"name": "x"}), "it has no 'axes'")],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "definition.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NoRuleError, match=message):
        definition_of(path)


@pytest.mark.slow
def test_a_right_candidate_passes(tmp_path):
    result = check(written(tmp_path, RIGHT), spec=FILE, examples=4)
    assert not result.problem
    assert not result.failures, result


@pytest.mark.slow
def test_a_wrong_candidate_fails(tmp_path):
    result = check(written(tmp_path, WRONG), spec=FILE, seconds=10, stop_at_first=True)
    assert not result.problem
    assert result.failures
