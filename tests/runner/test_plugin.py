"""The plugin: which implementation, what is said of bad input, and what a verdict keeps."""

import json
import signal
import textwrap

import pytest

from seqlaws.properties.discovery.exits import raised_by_a_call
from seqlaws.properties.runner.examine import NOTHING
from seqlaws.properties.runner.pairing import COSTLY

SOFTMAX = """
    import numpy as np
    TRAITS = {"dtypes": ("float32",)}
    def softmax(x, axis=-1):
        if x.ndim == 0 or x.dtype != np.float32 or not -x.ndim <= axis < x.ndim:
            raise ValueError("a float32 array and one of its axes are expected")
        m = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
        e = np.exp(x - np.where(m == -np.inf, np.float32(0), m))
        total = e.sum(axis=axis, keepdims=True)
        return e / np.where(total == 0, np.float32(1), total)
"""
QUICK = ("--hypothesis-profile", "quick", "-q")


def source(text):
    return textwrap.dedent(text)


def verdicts(path):
    return json.loads(path.read_text(encoding="utf-8"))["verdicts"]


def test_a_right_file_passes(run_suite, plug_in, tmp_path):
    path = plug_in(source(SOFTMAX))
    report = tmp_path / "verdict.json"
    run = run_suite(f"--impl={path}", "--op", "softmax", *QUICK, "--verdict-json", report)
    assert run.returncode == 0, run.stdout
    rows = verdicts(report)
    left_out = [v for v in rows if v["status"] == "not run"]
    assert left_out
    assert {v["reason"] for v in left_out} == {COSTLY, NOTHING}
    assert {v["status"] for v in rows} == {"passed", "not offered", "not run"}
    assert all("vjp" in v["reason"] for v in rows if v["status"] == "not offered")
    assert "mine" in run.stdout
    assert "examples" in run.stdout


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("import os; os._exit(0)", "softmax raised SystemExit: os._exit(0)"),
        ("raise KeyboardInterrupt", "softmax raised KeyboardInterrupt"),
    ],
)
def test_a_call_that_would_end_the_run_fails_its_law(run_suite, plug_in, tmp_path, deed, says):
    path = plug_in(f"def softmax(x, axis=-1): {deed}")
    report = tmp_path / "verdict.json"
    run = run_suite(f"--impl={path}", "-k", "values or threads", *QUICK, "--verdict-json", report)
    assert run.returncode == 1, run.stdout
    failed = [v["reason"] for v in verdicts(report) if v["status"] == "failed"]
    assert failed
    assert {says in reason for reason in failed if "raised" in reason} == {True}


def test_nobody_types_where_an_interruption_is_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert raised_by_a_call()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        assert not raised_by_a_call()
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("syntax", "def softmax(:", "importing it raised SyntaxError"),
        ("leaves", "raise SystemExit(3)", "importing it raised SystemExit"),
        ("exits", "import os; os._exit(0)", "importing it raised SystemExit: os._exit(0)"),
        ("needs", "import no_such_library", "No module named 'no_such_library'"),
        ("typo", "def softmx(x): return x", "it offers no operation; known: softmax, rnn"),
        ("trait", "TRAITS = {'dtype': 1}\ndef softmax(x): return x", "did you mean 'dtypes'?"),
        (
            "value",
            "TRAITS = {'fully_masked': 'zero'}\ndef softmax(x): return x",
            "trait 'fully_masked' is 'zero'; known: zeros, nan, mean",
        ),
        (
            "operation",
            "TRAITS = {'accumulate': {'sofmax': 'float32'}}\ndef softmax(x): return x",
            "unknown operation 'sofmax'; did you mean 'softmax'?",
        ),
        ("list", "TRAITS = [1]\ndef softmax(x): return x", "TRAITS is a list, not a dict"),
        (
            "known",
            "TRAITS = {'known_failures': ['x']}\ndef softmax(x): return x",
            "'known_failures' is not a dict from law to reason",
        ),
        (
            "where",
            "TRAITS = {'known_failures': {'values[flaot32]': 'x'}}\ndef softmax(x): return x",
            "'flaot32' in 'values[flaot32]'; known: float64, float32, bfloat16, float16, a device",
        ),
        (
            "dtypes",
            "TRAITS = {'dtypes': ('float8',)}\ndef softmax(x): return x",
            "trait 'dtypes' is 'float8'; known: float64, float32, bfloat16, float16",
        ),
        ("inner", "class Mine:\n    def softmax(x): return x", "did you mean"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(run_suite, plug_in, name, text, says):
    run = run_suite(f"--impl={plug_in(text, name)}")
    said = [line for line in (run.stdout + run.stderr).splitlines() if line.startswith("ERROR")]
    assert run.returncode == 4
    assert len(said) == 1
    assert says in said[0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--impl", "nunpy_vectorized"], "did you mean 'numpy_vectorized'?"),
        (["--impl", "nowhere.py"], "there is no file"),
        (["--impl", "nowhere.to.be.found"], "no such implementation"),
        (["--impl", "numpy_vectorized:nothing"], "has no 'nothing'"),
        (["--op", "sofmax"], "did you mean 'softmax'?"),
        (["--section", "number"], "did you mean 'numbers'? known: numbers, edges, manners, guards"),
        (["--strict-section", "all"], "unknown; known: numbers, edges, manners, guards"),
        (["--implx", "numpy_vectorized"], "seqlaws: did you mean --impl, not --implx?"),
        (["--impl=numpy_vectorized", "--dtypes=float32"], "did you mean --dtype, not --dtypes?"),
        (["--dtype", "float8"], "known: float64, float32, bfloat16, float16"),
        (["--impl", "numpy_vectorized", "--device", "cuda"], "NumPy has no device 'cuda'"),
    ],
)
def test_what_is_not_known_is_said_in_one_sentence(run_suite, arguments, says):
    run = run_suite(*arguments)
    assert run.returncode == 4
    assert says in run.stderr


def test_a_broken_one_leaves_the_rest_intact(run_suite, plug_in):
    broken = plug_in("def softmax(:", "broken")
    run = run_suite(
        "--impl", "numpy_vectorized", f"--impl={broken}", "--op", "softmax", "-k", "rows_sum", "-q"
    )
    assert run.returncode == 1
    assert "2 passed" in run.stdout
    assert "importing it raised SyntaxError" in run.stdout


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise RuntimeError('kernel launch failed')", "raised RuntimeError: kernel launch failed"),
        ("return x.tolist()", "returned p as a list, not a NumPy array"),
        ("return x[..., None]", "returned p with shape"),
        ("return x.astype('float64')", "returned p with dtype float64, not float32"),
        ("return x, x", "returned 2 outputs, not 1: p"),
        ("return None", "a NoneType, not a NumPy array"),
        ("return x * float('nan')", "is nan, expected"),
        ("x += 1; return x * 2", "the input x was modified"),
        ("return x", "shares memory with the input x"),
    ],
)
def test_what_a_subject_does_wrong_is_said_in_one_sentence(run_suite, plug_in, body, says):
    path = plug_in(f"def softmax(x, axis=-1):\n    {body}\n")
    laws = "test_values and not (every or large) or outputs_ or inputs_are"
    run = run_suite(f"--impl={path}", "-k", laws, "--op", "softmax", *QUICK)
    assert run.returncode == 1
    assert says in run.stdout


def test_a_failure_can_be_reproduced(run_suite, plug_in, tmp_path):
    """The script that a failure prints runs with NumPy alone, and fails."""
    import subprocess
    import sys

    wrong = SOFTMAX.replace("e / np.where", "np.float32(1.001) * e / np.where")
    report = tmp_path / "verdict.json"
    run = run_suite(
        f"--impl={plug_in(source(wrong))}",
        "-k",
        "test_values and not (every or large)",
        "--op",
        "softmax",
        *QUICK,
        "--verdict-json",
        report,
    )
    (failed,) = [v for v in verdicts(report) if v["status"] == "failed"]
    assert failed["worst"] > 1
    assert failed["witness"]["output"] == "p"
    script = textwrap.dedent(failed["message"].partition("reproduce with")[2])
    assert "seqlaws" not in script
    again = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "AssertionError" in again.stderr, script
    assert "mine: 1 failed law, 1 cause" in run.stdout


def test_known_failures(run_suite, plug_in):
    wrong = source(SOFTMAX).replace("e / np.where", "np.float32(1.001) * e / np.where")
    known = wrong.replace('TRAITS = {"', 'TRAITS = {"known_failures": {"values": "off by 1e-3"}, "')
    chosen = ("--op", "softmax", "-k", "test_values and not (every or large)", *QUICK)
    run = run_suite(f"--impl={plug_in(known)}", *chosen)
    assert run.returncode == 0, run.stdout
    assert "off by 1e-3" in run.stdout
    stale = source(SOFTMAX).replace(
        'TRAITS = {"', 'TRAITS = {"known_failures": {"softmax.values": "once upon a time"}, "'
    )
    run = run_suite(f"--impl={plug_in(stale, 'stale')}", *chosen)
    assert run.returncode == 1
    assert "declared a known failure but passed" in run.stdout
    unknown = source(SOFTMAX).replace(
        'TRAITS = {"', 'TRAITS = {"known_failures": {"softmax.vaules": "a typo"}, "'
    )
    run = run_suite(f"--impl={plug_in(unknown, 'unknown')}", *chosen)
    assert run.returncode == 1
    assert "did you mean 'softmax.values'?" in run.stdout


def test_options_that_are_not_offered_are_counted(run_suite, plug_in):
    no_axis = source(SOFTMAX).replace("axis=-1):", "):\n    axis = -1", 1)
    run = run_suite(f"--impl={plug_in(no_axis)}", "--op", "softmax", *QUICK)
    assert run.returncode == 0, run.stdout
    assert "softmax does not support: axis" in run.stdout


RECORDER = """
    import hashlib, os
    def {name}(x, axis=-1):
        with open(os.environ["RECORD"], "a") as f:
            f.write(hashlib.sha256(x.tobytes()).hexdigest() + str(x.shape) + str(axis) + chr(10))
        import numpy as np
        m = x.max(axis=axis, keepdims=True, initial=-np.inf)
        e = np.exp(x - np.where(m == -np.inf, np.float32(0), m))
        t = e.sum(axis=axis, keepdims=True)
        return e / np.where(t == 0, np.float32(1), t)
    # constants of an implementation must not find their way into the inputs
    SECRETS = (12345, 77777, 31337, 424242, 0.31337)
"""


def test_the_same_inputs_for_every_implementation_from_any_folder(
    run_suite, plug_in, tmp_path, monkeypatch
):
    import seqlaws.properties

    other = source(RECORDER.format(name="softmax")).replace("31337", "99999").replace("12345", "5")
    files = [plug_in(source(RECORDER.format(name="softmax"))), plug_in(other, "another")]
    laws = seqlaws.properties.__path__[0] + "/test_agreement.py"
    seen = []
    for path, cwd in ((files[0], None), (files[1], None), (files[0], tmp_path)):
        record = tmp_path / f"record{len(seen)}"
        monkeypatch.setenv("RECORD", str(record))
        where = {} if cwd is None else {"cwd": cwd}
        plugin = () if cwd is None else ("-p", "seqlaws.properties.plugin", laws)
        monkeypatch.setenv("PYTHONPATH", seqlaws.properties.__path__[0] + "/../.typings")
        run_suite(f"--impl={path}", *plugin, "-k", "test_values and not (every or large)", **where)
        seen.append(record.read_text(encoding="utf-8"))
    assert seen[0].count("\n") > 40
    assert seen[0] == seen[1]
    assert seen[0] == seen[2]


def test_xdist(run_suite):
    pytest.importorskip("xdist")
    run = run_suite("--impl", "numpy_vectorized", "--op", "softmax", "-n", "2", *QUICK)
    assert run.returncode == 0, run.stdout
    assert "numpy_vectorized: no MUST law failed" in run.stdout


def test_other_runs_are_left_alone(run_suite, plug_in, tmp_path):
    path = plug_in("def test_nothing(): pass\n", "test_nothing")
    run = run_suite(path, "-q")
    assert run.returncode == 0
    assert "seqlaws" not in run.stdout


@pytest.mark.parametrize("profile", ["quick", "nightly"])
def test_a_right_one_passes_in_each_profile(run_suite, profile):
    """A drawn law and a sweep."""
    chosen = "rows_sum_to_one or values_of_every_combination"
    run = run_suite(
        "--impl=numpy_vectorized", "--op=softmax", "--dtype=float32", "-k", chosen,
        f"--hypothesis-profile={profile}",
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    assert "2 passed" in run.stdout
