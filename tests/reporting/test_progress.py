"""The line on how far a long run is: where somebody watches, and nowhere else."""

import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest

from seqlaws.properties.reporting import progress
from seqlaws.properties.reporting.progress import Progress

ROOT = progress.__file__.rpartition("/properties/")[0]
CHOSEN = ("--impl", "numpy_vectorized", "--op", "softmax", "-k", "rows_sum or order_is_kept")


def report(when, *, failed=False):
    return SimpleNamespace(when=when, failed=failed)


def test_it_tells_how_far_and_how_long(monkeypatch):
    now, lines = [0.0], []
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    reporter = SimpleNamespace(ensure_newline=lambda: lines.append("\n"), write_line=lines.append)
    made = Progress(reporter)
    made.pytest_collection_finish(SimpleNamespace(items=[None] * 10))
    for k in range(10):
        now[0] += progress.EVERY / 2
        made.pytest_runtest_logreport(report("call", failed=k == 1))
        made.pytest_runtest_logreport(report("teardown"))
    assert lines[::2] == ["\n"] * 4  # not at the end
    assert lines[1] == "seqlaws: 2 of 10 checks, 1 failed; about 2 min left"
    assert lines[-1] == "seqlaws: 8 of 10 checks, 1 failed; about 30 s left"


def on_a_terminal(tmp_path, *arguments):
    """What a run writes on a terminal, where there is a line after each check."""
    (tmp_path / "at_once.py").write_text(
        "from seqlaws.properties.reporting import progress\nprogress.EVERY = 0\n"
    )
    ours, theirs = pty.openpty()
    path = os.pathsep.join([str(tmp_path), f"{ROOT}/.typings"])
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "at_once", *CHOSEN]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    with subprocess.Popen(
        [*command, *arguments], cwd=ROOT, stdout=theirs, stderr=theirs,
        env={**environment, "PYTHONPATH": path, "TERM": "xterm", "COLUMNS": "100"},
    ) as run:  # fmt: skip
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            said += part
    os.close(ours)
    assert run.returncode == 0, said.decode()
    return said.decode()


@pytest.mark.parametrize(("arguments", "lines"), [((), 3), (("-q",), 0), (("-n", "2"), 3)])
def test_on_a_terminal(tmp_path, arguments, lines):
    if "-n" in arguments:
        pytest.importorskip("xdist")
    said = on_a_terminal(tmp_path, *arguments)
    assert said.count("of 4 checks, 0 failed") == lines
    assert "4 passed" in said


def test_elsewhere_there_is_no_line(run_suite):
    assert "checks, " not in run_suite(*CHOSEN, "-v").stdout
