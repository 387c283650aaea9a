"""The hook for pre-commit: its definition, and what it does beside settings of a project."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).resolve().parents[2]
WRONG = """
import numpy as np

TRAITS = {"dtypes": ("float32",)}


def softmax(x, axis=-1):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)
"""
RIGHT = "from seqlaws.impls.numpy_vectorized import TRAITS, softmax, softmax_vjp\n"


def hook():
    (found,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    return found


def arguments():
    """Those of the example in docs/ci.md, whose hook has to be the defined one."""
    text = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    (example,) = (yaml.safe_load(block) for block in blocks if "hooks:" in block)
    ((used,),) = (repo["hooks"] for repo in example["repos"])
    assert used["id"] == hook()["id"]
    return used["args"]


def test_pre_commit_accepts_the_definition():
    clientlib = pytest.importorskip("pre_commit.clientlib")
    (found,) = clientlib.load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))
    assert found["language"] == "python"


@pytest.mark.parametrize(("source", "status", "says"), [(WRONG, 1, "no maximum"), (RIGHT, 0, "")])
def test_it_checks_in_a_project_with_settings_of_its_own(tmp_path, source, status, says):
    (tmp_path / "mine.py").write_text(source, encoding="utf-8")
    (tmp_path / "conftest.py").write_text("import what_is_not_there\n", encoding="utf-8")
    (tmp_path / "test_own.py").write_text("def test_own():\n    assert False\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    name, *options = shlex.split(hook()["entry"])
    assert name == "pytest"
    few = ("-k", "rows_sum or no_overflow")
    command = [sys.executable, "-m", "pytest", *options, *arguments(), *few]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert says in done.stdout
    assert "test_own" not in done.stdout
