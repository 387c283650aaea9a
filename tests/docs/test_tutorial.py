"""The attention of the tutorial fails, and is told why; with a dimension it passes."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial_attention.py"
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module", autouse=True)
def _torch():
    pytest.importorskip("torch")


def run(path, *more):
    command = [sys.executable, "-m", "pytest", ROOT / "properties" / "test_agreement.py", "-q"]
    command += [f"--impl={path}", "--op", "attention", "--hypothesis-profile", "quick"]
    command += ["-k", "test_values and not test_values_", "-p", "no:cacheprovider", *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_softmax_without_a_dimension_is_told_to_be_over_the_heads():
    done = run(TUTORIAL, "--all-failures")
    assert done.returncode == 1, done.stdout + done.stderr
    told = [line for line in done.stdout.splitlines() if "  cause  " in line]
    (shown,) = [line for line in PAGE.splitlines() if "  cause  " in line]
    assert shown.endswith("softmax over the heads")
    assert told
    assert all(line.startswith(shown) for line in told), told  # on one head: or the batch


def test_with_a_dimension_it_passes(tmp_path):
    text = TUTORIAL.read_text(encoding="utf-8")
    mended = text.replace("math.sqrt(d))", "math.sqrt(d), dim=-1)")
    assert mended != text
    (tmp_path / "mended.py").write_text(mended, encoding="utf-8")
    done = run(tmp_path / "mended.py")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_shows_the_file():
    source = {line.strip() for line in TUTORIAL.read_text(encoding="utf-8").splitlines()}
    block = PAGE.partition("```python\n")[2].partition("```")[0].splitlines()
    assert all(line.strip() in source for line in block[1:])


@pytest.mark.parametrize(("axes", "picked"), [(1, 0), (2, 1), (3, 0), (4, 1)])
def test_torch_picks_the_dimension_by_rank(axes, picked):
    import torch

    x = torch.arange(2.0**axes).reshape((2,) * axes)
    with pytest.warns(UserWarning, match="dimension"):
        found = torch.nn.functional.softmax(x)
    assert torch.equal(found, torch.softmax(x, picked))
