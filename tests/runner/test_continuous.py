"""CI: shards, annotations at the line of the function, properties for JUnit, the example files."""

import json
import os
import re
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.laws import LAWS
from seqlaws.properties.reporting.annotations import AT_MOST, annotations, place_of
from seqlaws.properties.reporting.page.documents import Run
from seqlaws.properties.reporting.page.report import Report
from seqlaws.properties.runner.continuous import asked_shard
from seqlaws.properties.runner.pairing import register_laws

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples/ci").glob("*.yml"))
SOURCE = """\
import numpy as np

def attention(q, k, v): ...

class Mine:
    def other(self): ...

    @staticmethod
    def softmax(x, axis=-1):
        e = np.exp(x)
        return e / e.sum(axis=axis, keepdims=True)
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path / "mine.py"


@pytest.mark.parametrize(
    ("spec", "operation", "line"),
    [
        ("mine.py", "attention", 3),
        ("mine.py:Mine", "softmax", 9),
        ("mine.py", "softmax", 9),
        ("mine.py:Mine", "attention", 3),
        ("mine.py", "gru", 1),
    ],
)
def test_the_place_is_that_of_the_function(mine, spec, operation, line):
    assert place_of(spec, operation) == ("mine.py", line)
    assert place_of(f"{mine.parent}/{spec}", operation) == ("mine.py", line)


def test_an_import_path_has_a_place_and_what_is_nowhere_has_none(mine):
    file, line = place_of("seqlaws.impls.numpy_vectorized._softmax", "softmax")
    text = Path(file).read_text(encoding="utf-8").splitlines()[line - 1]
    assert text.startswith("def softmax(")
    for spec in ("nowhere.py", "no.such.module", "<SimpleNamespace>", ""):
        assert place_of(spec, "softmax") == ("", 0)


def test_an_annotation_says_the_cause_in_one_line(mine):
    must = Cause("mine", "law", "100% wrong,\nreally", operations=["softmax"], laws=["a", "b"])
    should = Cause("other", "law", "loose", "SHOULD", operations=["softmax"], laws=["a"])
    found = list(annotations([must, should], {"mine": "mine.py:Mine"}))
    assert found == [
        "::error file=mine.py,line=9,title=seqlaws%3A softmax::100%25 wrong,%0Areally [2 laws]",
        "::warning title=seqlaws%3A softmax::loose [1 law]",
    ]
    many = [Cause("mine", "law", str(k)) for k in range(3 * AT_MOST)]
    assert len(list(annotations([*many, should], {}))) == AT_MOST + 1


RIGHT = """
import numpy as np
TRAITS = {"dtypes": ("float32",)}
def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-1e30))
    return FACTOR * e / np.maximum(e.sum(axis=axis, keepdims=True), np.float32(1e-30))
"""
WORDS = ("rows_sum", "test_values", "order_is_kept")


def keys(path):
    rows = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
    return {(v["law"], v["dtype"]): v["status"] for v in rows}


def test_shards_together_are_the_whole(run_suite, plug_in, tmp_path, monkeypatch):
    """The parts do not overlap, their reports merge, and each tells its causes to GitHub."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    path = plug_in(SOURCE.replace("class Mine:", "class Mine:\n    TRAITS = {}"))
    chosen = ("--op", "softmax", "-k", " or ".join(WORDS), "-q")
    chosen += ("--hypothesis-profile", "quick", "-o", "junit_family=xunit1")
    files, said = [tmp_path / "1.json", tmp_path / "2.json"], []
    for number, file in enumerate(files, 1):
        more = (f"--shard={number}/2", "--verdict-json", file, f"--junitxml={file}.xml")
        run = run_suite(f"--impl={path}:Mine", *chosen, *more)
        assert run.returncode == 1, run.stdout + run.stderr
        said.append(run.stdout)
    one, other = map(keys, files)
    assert one
    assert other
    assert not one.keys() & other.keys()
    register_laws()
    names = {f"test_{law.name}" for law in LAWS.values() if "softmax" in law.operations}
    due = {name for name in names if any(word in name for word in WORDS)}
    assert {f"test_{law.partition('.')[2]}" for law, _ in one | other} == due
    annotation = re.compile(r"^::error file=\w+\.py,line=10,title=seqlaws", re.MULTILINE)
    assert all(map(annotation.search, said))
    cases = list(ET.parse(f"{files[0]}.xml").iter("testcase"))
    told = [{p.get("name"): p.get("value") for p in case.iter("property")} for case in cases]
    told = [t for t in told if t]
    assert {(t["seqlaws.law"], t["seqlaws.dtype"]): t["seqlaws.status"] for t in told} == one
    assert not any("seqlaws" in t for t in told)
    report = [sys.executable, "-m", "seqlaws.properties.reporting.page", *map(str, files)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".typings")}
    subprocess.run(
        [*report, "--to", "merged.md"], cwd=tmp_path, env=environment, check=True, timeout=60
    )
    merged = (tmp_path / "merged.md").read_text(encoding="utf-8")
    failed = sum(status == "failed" for status in (one | other).values())
    assert f"{failed} of " in merged


def test_a_cause_of_several_shards_is_one():
    report = Report()
    for law in ("softmax.values", "softmax.gradients"):
        found = {"operations": ["softmax"], "laws": [law], "failures": 1}
        same = Cause("mine", "specification", "the scale is 1", names=("scale 1",), **found)
        report.add(Run(implementations={"mine": "mine.py"}, causes=[same]))
    for _ in range(2):  # to ask does not change the answer
        (cause,) = report.causes["mine"]
        assert cause.laws == ["softmax.values", "softmax.gradients"]
        assert cause.failures == 2


def test_a_wrong_shard_is_refused():
    assert asked_shard(None) is None
    assert asked_shard("3/8") == (3, 8)
    with pytest.raises(pytest.UsageError, match="--shard: shard '9/8': write K/N"):
        asked_shard("9/8")


def test_the_commands_of_the_examples_are_known(run_suite, plug_in, tmp_path):
    """All their options at once are an ordinary run."""
    text = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES)
    commands = re.findall(r"- run: pytest --impl mine.py (.*)", text)
    assert len(commands) == len(EXAMPLES)
    given = " ".join(commands).replace("${{ matrix.shard }}", "2").split()
    mine = plug_in(SOURCE.replace("class Mine:", "class Mine:\n    TRAITS = {}"))
    run = run_suite(f"--impl={mine}", *given, "--collect-only", "-q", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "no tests" not in run.stdout
    options = re.findall(r"(--[\w-]+)", "".join(re.findall(r"seqlaws-report .*", text)))
    assert options
    assert set(options) <= {"--to", "--earlier", "--relative-to"}


@pytest.mark.parametrize(("factor", "status"), [("1", 0), ("2", 1)])
def test_the_action_runs_the_laws_and_writes_the_summary(plug_in, tmp_path, factor, status):
    text = (ROOT / "examples/ci/action/action.yml").read_text(encoding="utf-8")
    (script,) = re.findall(r"run: \|\n((?: {8}.*\n)+)", text)
    (default,) = re.findall(r"default: (.*)", text)
    mine = plug_in(RIGHT.replace("FACTOR", factor))
    summary = tmp_path / "summary"
    given = {"IMPL": mine, "OPTIONS": f"{default} --op softmax -k rows_sum"}
    here = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    here |= {"PYTHONPATH": str(ROOT / ".typings"), "GITHUB_STEP_SUMMARY": str(summary)}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    run = subprocess.run(
        ["bash", "-e", "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env={**environment, **here, **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == status, run.stdout + run.stderr
    assert "seqlaws: conformance" in summary.read_text(encoding="utf-8")
    assert (tmp_path / "seqlaws-verdict.json").exists()
