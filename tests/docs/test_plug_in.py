"""docs/plug-in.md: every snippet runs, and gives what the page says."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seqlaws.properties import check

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plug-in.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(?:#|//) (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = {name: (language, body) for language, name, body in BLOCK.findall(PAGE)}
COMMANDS = re.findall(r"^ {4,6}(?:- run: )?(pytest .*)$", PAGE, re.MULTILINE)
NEEDS = {
    "kernel.py": "triton",
    "model.py": "onnxruntime",
    "module.py": "torch",
    "over_mlx.py": "mlx",
    "over_tinygrad.py": "tinygrad",
}
FAILS = {"mine.py"}
FEW = ("-k", "values or rows_sum or nan_shows", "--hypothesis-profile", "quick", "-q")


@pytest.fixture
def folder(tmp_path):
    for name, (_, body) in BLOCKS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    return tmp_path


def skip_without(name):
    """Skip where a snippet's library, device or compiler is not at hand."""
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    if name == "kernel.py" and not pytest.importorskip("torch").cuda.is_available():
        pytest.skip("there is no CUDA device")
    if name == "piped.py" and not shutil.which("cc"):
        pytest.skip("there is no C compiler")


def test_every_block_is_named_and_every_snippet_compiles():
    assert len(BLOCKS) == PAGE.count("\n```") / 2
    for name, (language, body) in BLOCKS.items():
        if language == "python":
            compile(body, name, "exec")
            assert "\t" not in body


def test_every_implementation_has_its_command():
    asked = {
        shlex.split(command)[2].partition(":")[0] for command in COMMANDS if "--impl" in command
    }
    offering = {
        n for n, (_, body) in BLOCKS.items() if re.search(r"^def \w+\(x, ", body, re.MULTILINE)
    }
    assert offering <= asked <= BLOCKS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_does_what_the_page_says(run_suite, folder, command, monkeypatch):
    words = shlex.split(command)[1:]
    name = (words[1] if words[0] == "--impl" else words[0]).partition(":")[0]
    skip_without(name)
    if name == "piped.py":
        (build,) = re.findall(r"^    (cc .*)$", PAGE, re.MULTILINE)
        subprocess.run(shlex.split(build), cwd=folder, check=True)
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{ROOT / '.typings'}")
    done = run_suite(*words, *FEW, cwd=folder)
    assert done.returncode == (1 if name in FAILS else 0), done.stdout + done.stderr
    assert "passed" in done.stdout


def test_the_failure_is_the_one_that_is_shown(folder):
    shown = re.search(r"^    (softmax: .*?)^      case", PAGE, re.DOTALL | re.MULTILINE)[1]
    law = re.search(r"law +softmax\.(\w+)", shown)[1]
    result = check(folder / "mine.py", ["softmax"], ["float32"], seconds=60, stop_at_first=True)
    (failure,) = result.failures
    assert failure.law == f"softmax.{law}"
    lasting = ("law", "states", "observed", "expected", "allowed", "cause", "what to do")
    lines = [line.strip() for line in shown.splitlines() if line.strip().startswith(lasting)]
    assert len(lines) == len(lasting)
    for line in lines:
        assert line in failure.message
    cause = re.search(r"^    1\. (softmax.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE)[1].splitlines()
    for line in (cause[0].partition(" [")[0], cause[-1].strip()):  # the case depends on the time
        assert line in str(result)


def test_what_is_declared_is_a_known_failure(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    result = check(folder / "declared.py", ["softmax"], ["float32"], examples=5)
    assert not result.failures
    known = [v for v in result.verdicts if v.status == "known failure"]
    assert {v.reason for v in known} == {"rows of -inf alone give NaN (issue 12)"}


def test_the_program_says_what_fails(folder, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / ".typings"))
    program = [sys.executable, "grade.py"]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("failed {")
    assert "softmax: fully masked rows give NaN, not zeros ['softmax." in done.stdout


def test_traits_and_options_of_the_page_are_known():
    said = set(re.findall(r"`(--[a-z-]+)", PAGE))
    files = ("command_line.py", "receipt/command.py")
    known = "".join((ROOT / "properties" / f).read_text(encoding="utf-8") for f in files)
    others = {"--lf", "--strict", "--hypothesis-profile"}  # pytest's and Hypothesis's
    assert not [option for option in said - others if f'"{option}"' not in known]
    assert importlib.util.find_spec("seqlaws.properties.adoption")
