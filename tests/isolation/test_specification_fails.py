"""A specification that cannot be run is nobody's verdict: it is said, once, and the run fails."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties.diagnosis import diagnose
from seqlaws.properties.isolation.specification_server import SpecificationError, ask, refuses
from seqlaws.properties.laws import LAWS
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Arithmetic
from seqlaws.reference.numbers.rounding import exact

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
X = exact(np.array([1.0, 4.0]), Arithmetic("float32"))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: np.sinh(X), "numpy.sinh"),
        (lambda: np.cosh(X), "numpy.cosh"),
        (lambda: np.add.reduce(X), "numpy.add"),
        (lambda: np.add(X, X, where=[True, False]), "numpy.add"),
        (lambda: np.median(X), "numpy.median"),
        (lambda: np.linalg.norm(X), "numpy.linalg.norm"),
    ],
    ids=["sinh", "cosh", "reduce", "where", "median", "norm"],
)
def test_a_function_without_a_rule_is_named(call, named):
    with pytest.raises(TypeError, match=f"{named} has no rounding rule"):
        call()


def test_what_the_specification_refuses_is_a_refusal():
    x = np.zeros((2, 3))
    assert not refuses("softmax", x, axis=-1)
    assert refuses("softmax", x, axis=2)
    assert refuses("softmax_vjp", x[:1, :2], x)


def test_what_it_raises_for_another_reason_is_an_error():
    with pytest.raises(SpecificationError, match="no_such_operation"):
        ask("plain", "no_such_operation", np.zeros(2))
    with pytest.raises(
        SpecificationError, match=r"reference/\w+\.py, line \d+, in \w+: "
    ) as caught:
        ask("plain", "softmax", np.zeros(2), axis=1)
    assert caught.value.refused


@pytest.fixture
def clone(tmp_path):
    """A clone whose softmax takes a hyperbolic sine, of which no rule knows."""
    for name in ("front", "reference", "properties", "impls", ".typings"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=ignored)
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    path = tmp_path / "reference" / "softmax.py"
    source = path.read_text(encoding="utf-8")
    last = "return +np.moveaxis(p, -1, axis)"
    assert last in source
    path.write_text(source.replace(last, last.replace("+np", "np.sinh(np") + ")"), encoding="utf-8")
    return tmp_path


def test_it_is_said_once_and_counted(clone, run_suite, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(clone / ".typings"))  # another one may be installed
    report = clone / "verdict.json"
    laws = "inputs_are_not_written or test_values and not (every or large)"  # no value; values
    chosen = ("--op=softmax", "--dtype=float32", "-k", laws)
    how = ("--hypothesis-profile=quick", "--verdict-json", report, "--grade-precision")
    run = run_suite("--impl=numpy_vectorized", *chosen, *how, cwd=clone)
    assert run.returncode == 1, run.stdout
    says = "the specification raised NoRuleError: numpy.sinh has no rounding rule"
    document = json.loads(report.read_text(encoding="utf-8"))
    (undecided,) = [v for v in document["verdicts"] if v["status"] != "passed"]
    assert (undecided["law"], undecided["status"]) == ("softmax.values", "not run")
    assert undecided["reason"].startswith(says)
    assert " (reference/softmax.py, line " in undecided["reason"]
    assert document["run"]["complaints"] == [f"numpy_vectorized: {undecided['reason']}"]
    assert document["summary"]["not run"] == 1
    assert "Traceback" not in run.stdout
    assert "1 passed, 1 not run" in run.stdout


def test_check_does_not_pass_it(clone):
    program = (
        "from seqlaws.properties import check\n"
        "result = check('numpy_vectorized', ['softmax'], ['float32'], seconds=5)\n"
        "assert not result.failures, result\n"
        "assert result.status == 'undecided', result\n"
        "assert any(v.is_undecided for v in result.verdicts)"
    )
    environment = {**os.environ, "PYTHONPATH": str(clone / ".typings")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)


def test_without_misreadings_nothing_is_said_of_them(monkeypatch):
    register_laws()
    cosine = SimpleNamespace(softmax=lambda x, axis=-1: np.cos(np.float32(7) * x + 1))
    verdicts = []
    for known in (diagnose.about, lambda operation: ()):
        monkeypatch.setattr(diagnose, "about", known)
        subject = Subject("cosine", cosine, "softmax", "float32", "cpu")
        verdicts.append(examine(LAWS["values"], subject, Effort(examples=10, shrinking=0.1)))
    assert [v.status for v in verdicts] == ["failed", "failed"]
    assert "misreadings of softmax in the catalogue" in verdicts[0].diagnosis
    assert verdicts[1].diagnosis == ""
