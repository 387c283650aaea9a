"""The notebooks of examples/: they run, and what is stored in them is what they print."""

import json
import subprocess
import sys

import notebooks
import pytest

pytestmark = pytest.mark.slow


def compared(*paths):
    command = [sys.executable, notebooks.__file__, *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_prints_what_is_stored_in_it(path):
    cells = [c for c in notebooks.read(path)["cells"] if c["cell_type"] == "code"]
    assert sum(bool(notebooks.stored(cell)) for cell in cells) > 3
    assert path.stat().st_size < 20_000
    done = compared(path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_three():
    assert len(notebooks.NOTEBOOKS) == 3


@pytest.mark.parametrize(("source", "status"), [("a = 1", 0), ("a = 2", 1)])
def test_an_output_that_is_not_the_real_one_is_shown(tmp_path, source, status):
    def cell(source, text):
        outputs = [{"output_type": "stream", "name": "stdout", "text": [text]}]
        return {"cell_type": "code", "source": [source], "outputs": outputs}

    path = tmp_path / "one.ipynb"
    cells = [cell(source, ""), cell("print(a)", "1\n")]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    done = compared(path)
    assert done.returncode == status, done.stderr
    assert ("one.ipynb: stored:\n1" in done.stdout) == bool(status)
