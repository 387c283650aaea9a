"""docs/pallas.md: its kernel has the mistake that the page tells, and mended it has none."""

import re
from pathlib import Path

import pytest

from seqlaws.properties import check

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pallas.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
(CAUSE,) = re.findall(r"^ {4}\d\. (.*?) \[", PAGE.replace("\n      ", " "), re.MULTILINE)
(PADDED,) = re.findall(r"^ {4}(padded = .*inf.*)$", PAGE, re.MULTILINE)


def test_its_snippets_compile():
    assert list(BLOCKS) == ["kernel.py", "mended.py"]
    for name, body in BLOCKS.items():
        compile(body, name, "exec")


@pytest.mark.slow
def test_its_kernel_has_the_mistake_that_it_tells(tmp_path):
    pytest.importorskip("jax")
    path = tmp_path / "kernel.py"
    path.write_text(BLOCKS["kernel.py"], encoding="utf-8")
    result = check(path, ["softmax"], seconds=90, stop_at_first=True)
    assert result.causes[0].sentence == CAUSE


@pytest.mark.slow
def test_mended_it_has_none(tmp_path):
    pytest.importorskip("jax")
    source = BLOCKS["kernel.py"]
    rows = re.search(r"^def rows.*?\n\n\n", source, re.DOTALL | re.MULTILINE).group()
    source = source.replace(rows, BLOCKS["mended.py"] + "\n\n")
    source = re.sub(r"padded = .*", PADDED, source)
    path = tmp_path / "mended.py"
    path.write_text(source, encoding="utf-8")
    result = check(path, ["softmax"], seconds=20)
    assert not result.failures
    assert any(v.status == "passed" for v in result.verdicts)
