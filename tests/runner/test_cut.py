"""A run that is cut, by Ctrl-C, by `timeout` or by a crash: what it had found is there."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.reporting import journal
from seqlaws.properties.reporting.journal import Journal, read_journal
from seqlaws.properties.reporting.page.__main__ import main
from seqlaws.properties.reporting.page.documents import RefusedError, read
from seqlaws.properties.runner.signals import Listener

ROOT = Path(journal.__file__).resolve().parents[2]
LAWS = "rows_sum_to_one or weights_are_prob or no_overflow or order_is_kept or equal_scores_share"
SOFTMAX = """
import ctypes, os, signal, time
from pathlib import Path
import numpy as np
TRAITS = {"dtypes": ("float32",)}
HERE = Path(__file__).parent

def softmax(x, axis=-1):
    if (HERE / "go").exists():
        (HERE / "there").touch()
        DEED
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=axis, keepdims=True) * FACTOR
"""
# from the third check on; and what is not returned from is soon given up
PLUGIN = """
from pathlib import Path
from seqlaws.properties.runner import signals
signals.PATIENCE = 0.5
done = []
def pytest_runtest_logfinish(nodeid):
    done.append("softmax" in nodeid)
    here = Path(__file__).parent
    if sum(done) == 2 and not (here / "there").exists():
        (here / "go").touch()
"""
WAITS = "time.sleep(60)"
LOCK = "ctypes.CDLL(None).pthread_mutex_lock(MUTEX)"
WAITS_IN_C = f"MUTEX = ctypes.create_string_buffer(64); {LOCK}; {LOCK}"


class Run:
    """A run of five laws, in a folder with an implementation and a plugin."""

    def __init__(self, folder, deed, *arguments, factor="1"):
        self.folder = folder
        text = SOFTMAX.replace("DEED", deed).replace("FACTOR", factor)
        (folder / "mine.py").write_text(text, encoding="utf-8")
        (folder / "at_third.py").write_text(PLUGIN, encoding="utf-8")
        self.mark = f"CUT_RUN={folder}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
        environment |= {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}/.typings"}
        environment |= dict([self.mark.split("=")])
        command = [sys.executable, "-m", "pytest", "--impl", str(folder / "mine.py"), "-k", LAWS]
        command += ["--op", "softmax", "--hypothesis-profile", "quick", "-p", "at_third"]
        command += ["--all-failures"]
        command += ["-o", f"cache_dir={folder / 'cache'}", *map(str, arguments)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def wait_for_the_third_check(self):
        until = time.monotonic() + 60
        while not (self.folder / "there").exists():
            assert self.process.poll() is None, self.process.stdout.read()
            assert time.monotonic() < until
            time.sleep(0.02)

    def end(self):
        """The exit status and what was said, once no process of the run is left."""
        said, _ = self.process.communicate(timeout=60)
        until = time.monotonic() + 10
        while self.living() and time.monotonic() < until:
            time.sleep(0.05)
        assert not self.living()
        return self.process.returncode, said

    def living(self):
        """The processes of the run, by their environment."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.mark.encode() in path.read_bytes():
                    found.append(path.parent.name)
            except OSError:
                continue
        return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "deed", "arguments", "status"),
    [
        (signal.SIGINT, WAITS, (), 2),
        (signal.SIGTERM, WAITS, ("--isolate",), 143),
        (signal.SIGTERM, WAITS, ("-n", "1"), 143),
        (signal.SIGTERM, WAITS_IN_C, (), 143),
    ],
    ids=["SIGINT", "SIGTERM-isolated", "SIGTERM-xdist", "SIGTERM-in-C"],
)
def test_a_signal_leaves_all_that_was_found(tmp_path, number, deed, arguments, status):
    if "-n" in arguments:
        pytest.importorskip("xdist")
    path, page = tmp_path / "v.json", tmp_path / "r.md"
    run = Run(tmp_path, deed, "--verdict-json", path, "--report", page, *arguments, factor="2")
    run.wait_for_the_third_check()
    os.killpg(run.process.pid, number)  # as `timeout` and a terminal do
    returned, said = run.end()
    assert returned == status, said
    name, told = signal.Signals(number).name, json.loads(path.read_text(encoding="utf-8"))
    rows = {row["law"]: row for row in told["verdicts"]}
    missing = told["run"]["not_reached"]
    assert told["run"]["ended"] == name
    assert 0 < missing == told["summary"]["not run"] < len(rows)
    assert f"{missing} of {len(rows)} checks were not run: the run was ended by {name}" in said
    assert rows["softmax.rows_sum_to_one"]["status"] == "failed"
    assert "softmax.rows_sum_to_one" in page.read_text(encoding="utf-8")
    assert "failed law" in said
    assert ("did not return" in said) == (deed == WAITS_IN_C)
    assert not path.with_name("v.json.partial").exists()


@pytest.mark.slow
def test_what_is_not_offered_is_not_missed(plug_in, run_suite, tmp_path):
    path = tmp_path / "v.json"
    wrong = plug_in("import numpy as np\ndef softmax(x, axis=-1): return np.exp(x)\n")
    run = run_suite(f"--impl={wrong}", "-x", "-q", "--verdict-json", path)
    told = json.loads(path.read_text(encoding="utf-8"))
    missing = [v for v in told["verdicts"] if v["status"] == "not run"]
    assert {v["operation"] for v in missing} == {"softmax"}
    assert told["run"]["not_reached"] == len(missing)
    assert f"{len(missing)} of {len(told['verdicts'])} checks were not run" in run.stdout


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_check(tmp_path):
    pytest.importorskip("xdist")
    deed = '(HERE / "go").unlink(); os.kill(os.getpid(), signal.SIGSEGV)'
    path = tmp_path / "v.json"
    returned, said = Run(tmp_path, deed, "--verdict-json", path, "-n", "1").end()
    told = json.loads(path.read_text(encoding="utf-8"))
    (failed,) = [row for row in told["verdicts"] if row["status"] == "failed"]
    assert returned == 1, said
    assert "ended its process by SIGSEGV" in failed["reason"]
    assert "run with --isolate" in failed["reason"]
    assert failed["reason"] in said
    assert told["run"]["not_reached"] == 0
    assert told["summary"]["passed"] == len(told["verdicts"]) - 1


@pytest.mark.slow
def test_a_worker_that_dies_in_a_law_that_should_hold_is_a_failure_all_the_same(plug_in, run_suite):
    """What is called on invalid input may have spoilt the memory before, on valid input."""
    pytest.importorskip("xdist")
    mine = plug_in(
        "import os, signal\nimport numpy as np\n"
        "def softmax(x, axis=-1):\n"
        "    if x.dtype != np.float32:\n        os.kill(os.getpid(), signal.SIGABRT)\n"
        "    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-1e30))\n"
        "    return e / np.maximum(e.sum(axis=axis, keepdims=True), np.float32(1e-30))\n"
    )
    chosen = ("-k", "wrong_dtypes or rows_sum", "--op", "softmax", "-n", "1")
    run = run_suite(f"--impl={mine}", *chosen, "--hypothesis-profile", "quick", "-q")
    assert run.returncode == 1
    assert "1 failed law, 1 cause" in run.stdout
    assert "softmax.wrong_dtypes_are_refused ended its process by SIGABRT" in run.stdout


@pytest.mark.slow
def test_the_next_run_tells_of_a_death_without_a_word(tmp_path, capsys):
    path, partial = tmp_path / "v.json", tmp_path / "v.json.partial"
    deed = '(HERE / "go").unlink(); os.kill(os.getpid(), signal.SIGKILL)'
    returned, _ = Run(tmp_path, deed, "--verdict-json", path).end()
    assert returned == -signal.SIGKILL
    (found,) = read(partial)
    assert sorted(v.status for v in found.verdicts) == ["not run", "passed", "passed"]
    law = next(f"{v.law} (float32)" for v in found.verdicts if v.status == "not run")
    assert main([str(partial), "--to", str(tmp_path / "r.md")]) == 0
    assert law in (tmp_path / "r.md").read_text(encoding="utf-8")
    with pytest.raises(RefusedError, match=r"v.json.partial has the results of its interr"):
        read(path)

    returned, said = Run(tmp_path, "pass", "--verdict-json", path).end()
    assert returned == 0, said
    assert said.count(f"the last run of mine ended in {law} without a word") == 1
    assert not partial.exists()
    (found,) = read(path)
    assert {v.status for v in found.verdicts} == {"passed"}


def begun(path, checks=3):
    made = Journal(path)
    made.head({"implementations": {"mine": "mine.py"}}, {}, checks, isolated=False)
    return made


def test_a_journal_is_read_up_to_a_line_that_was_cut_off(tmp_path):
    path = tmp_path / "v.json.partial"
    made = begun(path)
    names = ("softmax.values", "softmax.jacobian")
    one, two = (Verdict(n, "MUST", "softmax", "mine", "float32", "cpu") for n in names)
    made.begin(one)
    made.write(journal.dumped(one.__dict__))
    made.begin(two)
    made.write(journal.dumped(two.__dict__)[:100])
    left = read_journal(path)
    assert [v.key for v in left.verdicts] == [one.key]
    assert left.sentence() == (
        "the last run of mine ended in softmax.jacobian (float32) without a word, as by SIGSEGV, "
        "SIGFPE or SIGKILL; run with --isolate"
    )
    (left,) = read(path)
    assert (left.ended, left.not_reached) == ("without a word", 2)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"verdicts": []}', '{"run": {}}'])
def test_another_file_is_no_journal(write, text):
    assert read_journal(write(text, "v.json.partial")) is None


def test_a_run_that_is_alive_keeps_its_journal(tmp_path):
    path = tmp_path / "v.json.partial"
    begun(path)
    code = f"from {journal.__name__} import *\nprint(Journal(Path({str(path)!r})).left)"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/.typings"}
    other = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout == "None\n"
    assert read_journal(path).checks == 3


def test_a_journal_that_cannot_be_written_is_none(tmp_path):
    made = begun(tmp_path / "no folder" / "v.json.partial")
    made.begin(Verdict("softmax.values", "MUST", "softmax", "mine", "float32", "cpu"))
    made.remove()


def test_a_fork_ends_by_sigterm_as_usual():
    listener = Listener()
    before = signal.getsignal(signal.SIGTERM)
    listener.listen()
    try:
        assert signal.getsignal(signal.SIGTERM) != before
        number = os.fork()
        if not number:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
            os._exit(0)
        _, ended = os.waitpid(number, 0)
        assert os.waitstatus_to_exitcode(ended) == -signal.SIGTERM
    finally:
        listener.restore()
    assert signal.getsignal(signal.SIGTERM) == before
