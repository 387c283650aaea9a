"""check_many: one line for each candidate, whatever happens to it, to a worker or to the run."""

import json
import os
import re
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest

import seqlaws
from seqlaws.properties.check_result import Result
from seqlaws.properties.many import worker
from seqlaws.properties.many.lines import Lines

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOFTMAX = """
import os, time, signal
import numpy as np
TRAITS = {{"dtypes": ("float32",)}}
{before}
def softmax(x, axis=-1):
    {first}
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-1e30))
    return e / np.maximum(e.sum(axis=axis, keepdims=True), np.float32(1e-30))
"""
# of a process that runs a candidate: it, the server that forked it, the worker, the whole run
FAMILY = """
def parent(process):
    return int(open(f"/proc/{process}/stat").read().rpartition(")")[2].split()[1])
server = os.getppid()
a_worker = parent(server)
run = parent(a_worker)
"""
RMS_NORM = """
import numpy as np
TRAITS = {"dtypes": ("float32",)}
def rms_norm(x, weight, eps=1e-6):
    return x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True) + np.float32(eps)) * weight
"""
QUICK = {"operations": ["softmax"], "sections": ["numbers"], "examples": 1, "stop_at_first": True}


@pytest.fixture
def candidate(tmp_path):
    """Write a candidate; `first` stands before its answer, `before` before its function."""

    def write(name, first="pass", before=""):
        path = tmp_path / f"{name}.py"
        path.write_text(SOFTMAX.format(first=first, before=before), encoding="utf-8")
        return str(path)

    return write


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def missing(count):
    """Candidates that are judged at once: there are no such files."""
    return [f"no_such_file_{k}.py" for k in range(count)]


def run(folder, program, *arguments):
    """A program of its own that checks many candidates."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".typings")}
    text = textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, "-c", text, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_one_that_crashes_or_hangs_costs_one_line(candidate, tmp_path):
    crash = candidate("crash", "os.kill(os.getpid(), signal.SIGSEGV)")
    hang = candidate("hang", "time.sleep(60)")
    right, wrong = candidate("right"), candidate("wrong", "x = 2 * x")
    names, told = [crash, hang, right, wrong, "nowhere.py", right], []
    limits = {"workers": 1, "seconds_per_call": 2.0, "told": told.append}
    rows = seqlaws.check_many(names, tmp_path / "verdicts.jsonl", **QUICK, **limits)
    assert [row["candidate"] for row in rows] == names
    assert [row["status"] for row in rows] == [
        *("failed", "failed", "passed", "failed", "failed", "passed")
    ]
    assert "SIGSEGV" in rows[0]["failed"][0]["reason"]
    assert "did not return within" in rows[1]["failed"][0]["reason"]
    assert rows[3]["failed"][0]["law"].startswith("softmax.")
    assert "no file" in rows[4]["problem"]
    assert lines(tmp_path / "verdicts.jsonl") == told == rows[:-1]


def test_a_worker_that_is_killed_costs_no_candidate(candidate, tmp_path):
    """Once may be by chance: the candidate is judged. Twice is its own doing."""
    mark = tmp_path / "killed"
    kill = f"{FAMILY}\nos.kill(a_worker, 9)"
    first = f'os.path.exists("{mark}") or (open("{mark}", "w").close(), os.kill(a_worker, 9))'
    names = [candidate("once", before=f"{FAMILY}\n{first}")]
    names += [candidate("always", before=kill), *missing(1)]
    rows = seqlaws.check_many(names, tmp_path / "verdicts.jsonl", workers=1, **QUICK)
    assert mark.exists()
    assert [row["status"] for row in rows] == ["passed", "undecided", "failed"]
    assert rows[1]["problem"] == "the process that checks it ended 2 times (exit status -9)"


def test_a_run_that_is_killed_goes_on_where_it_stopped(candidate, tmp_path):
    note = tmp_path / "worker"
    kill = f'{FAMILY}\nopen("{note}", "w").write(str(a_worker))\nos.kill(run, 9)'
    names = [*missing(2), candidate("kills", before=kill), *missing(4)[2:]]
    program = "import seqlaws, sys; seqlaws.check_many(sys.argv[1:], workers=1, examples=1)"
    assert run(tmp_path, program, *names).returncode == -9
    written = lines(tmp_path / "verdicts.jsonl")
    assert [row["candidate"] for row in written] == names[:2]
    until = time.monotonic() + 20
    while is_running(int(note.read_text())) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(int(note.read_text()))
    candidate("kills")
    seqlaws.check_many(names, tmp_path / "verdicts.jsonl", workers=1, examples=1)
    assert lines(tmp_path / "verdicts.jsonl")[:2] == written
    assert [row["candidate"] for row in lines(tmp_path / "verdicts.jsonl")] == names


def is_running(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_full_disk_leaves_whole_lines(tmp_path):
    """The limit of a file's size stands for a full disk: a write ends in the middle of a line."""
    program = """
        import resource, seqlaws, sys
        size, *names = sys.argv[1:]
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), hard))
        seqlaws.check_many(names, workers=1, examples=1)
    """
    path, names = tmp_path / "verdicts.jsonl", missing(6)
    full = run(tmp_path, program, "1800", *names)
    assert full.returncode == 1
    assert "OSError" in full.stderr
    assert 0 < path.stat().st_size <= 1800
    assert 0 < len(lines(path)) < 6
    seqlaws.check_many(names, path, workers=1, examples=1)
    assert Counter(row["candidate"] for row in lines(path)) == Counter(names)


def test_a_half_written_last_line_is_judged_again(tmp_path):
    path, settings = tmp_path / "verdicts.jsonl", {"examples": 1}
    kept = Lines(path, settings)
    kept.add({"candidate": "a.py", "status": "passed"})
    kept.close()
    whole = path.read_bytes()
    for cut in (b"{", whole[:-1], b"\xff", b"\x00\x00"):
        path.write_bytes(whole + cut)
        again = Lines(path, settings)
        assert list(again.judged) == ["a.py"]
        again.add({"candidate": "b.py", "status": "failed"})
        again.close()
        assert [row["candidate"] for row in lines(path)] == ["a.py", "b.py"]


def test_a_file_that_is_in_use_or_of_other_settings_is_refused(tmp_path):
    path = tmp_path / "verdicts.jsonl"
    kept = Lines(path, {"examples": 1})
    with pytest.raises(ValueError, match="another run writes to it"):
        Lines(path, {"examples": 1})
    kept.add({"candidate": "a.py"})
    kept.close()
    with pytest.raises(ValueError, match="line 1: judged with examples = 1, now 2"):
        Lines(path, {"examples": 2})
    for text in ("[]\n", "{}\n", '{"schema": 2}\n', "text\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match="line 1: not a verdict"):
            Lines(path, {})
        assert path.read_text(encoding="utf-8") == text


def test_what_cannot_be_checked_is_said_at_once(tmp_path):
    path = tmp_path / "verdicts.jsonl"
    with pytest.raises(ValueError, match="a candidate is a file, a name or an import path"):
        seqlaws.check_many([object()], path)
    with pytest.raises(ValueError, match="did you mean 'softmax'"):
        seqlaws.check_many(["a.py"], path, operations=["sofmax"])
    with pytest.raises(ValueError, match="at least 1"):
        seqlaws.check_many(["a.py"], path, workers=0)
    assert not path.exists()


def test_operations_of_ones_own_are_checked_with_their_causes(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(RMS_NORM, encoding="utf-8")
    (row,) = seqlaws.check_many(
        [path],
        tmp_path / "verdicts.jsonl",
        spec=ROOT / "examples/rms_norm.py",
        sections=["numbers"],
        examples=1,
        explain=True,
    )
    assert row["status"] == "failed"
    assert row["causes"]
    assert row["failed"][0]["law"].startswith("rms_norm.")


def test_the_page_lists_the_fields_of_a_line(tmp_path):
    page = (ROOT / "docs/many.md").read_text(encoding="utf-8")
    _, _, table = page.partition("| field | |\n|---|---|\n")
    told = re.findall(r"^\| `(\w+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    kept = Lines(tmp_path / "verdicts.jsonl", {})
    kept.add(worker.row_of("a.py", Result("a.py", 1.0, 0)))
    kept.close()
    assert told == list(*lines(tmp_path / "verdicts.jsonl"))


def test_one_that_takes_far_too_long_is_given_up(candidate, tmp_path, monkeypatch):
    """The worker itself is watched, too: what hangs there is no call of the candidate's."""
    monkeypatch.setattr(worker, "GRACE", 0.0)
    stop = f"{FAMILY}\nos.kill(a_worker, signal.SIGSTOP)"
    names = [candidate("stops", before=stop), *missing(1)]
    limits = {"workers": 1, "seconds": 8.0}
    rows = seqlaws.check_many(names, tmp_path / "verdicts.jsonl", **QUICK, **limits)
    assert [row["status"] for row in rows] == ["undecided", "failed"]
    assert "not judged within 8 s" in rows[0]["problem"]
