"""docs/triton.md: its kernel has the two mistakes that the page tells, and mended it has none."""

import re
from pathlib import Path

import pytest

from seqlaws.properties import check

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "triton.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
CAUSES = re.findall(r"^ {4}\d\. (.*?) \[", PAGE.replace("\n      ", " "), re.MULTILINE)


def test_its_snippets_compile():
    assert list(BLOCKS) == ["kernel.py", "mended.py"]
    for name, body in BLOCKS.items():
        compile(body, name, "exec")
    assert len(CAUSES) == 2


@pytest.mark.slow
def test_its_kernel_has_the_mistake_that_it_tells_first(tmp_path, monkeypatch):
    pytest.importorskip("triton")
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    path = tmp_path / "kernel.py"
    path.write_text(BLOCKS["kernel.py"], encoding="utf-8")
    result = check(path, ["softmax"], seconds=60)
    said = {cause.sentence for cause in result.causes if cause.level == "MUST"}
    assert any(sentence.endswith(CAUSES[0]) for sentence in said), said


@pytest.mark.slow
def test_mended_it_has_none(tmp_path, monkeypatch):
    pytest.importorskip("triton")
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    mended = BLOCKS["mended.py"].partition("@triton.jit")[2]
    wrong = BLOCKS["kernel.py"].partition("@triton.jit")[2].partition("\n\n\ndef ")[0]
    path = tmp_path / "mended.py"
    path.write_text(BLOCKS["kernel.py"].replace(wrong, mended.rstrip("\n")), encoding="utf-8")
    result = check(path, ["softmax"], seconds=15)
    assert not result.failures
    assert any(v.status == "passed" for v in result.verdicts)
