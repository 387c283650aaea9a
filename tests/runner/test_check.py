"""check: verdicts as data within the time given, many times over, and no pytest."""

import gc
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties import check
from seqlaws.properties.check_run import HANGING, HANGS, Group, Run
from seqlaws.properties.judging.verdict import dumped
from seqlaws.properties.laws import LAWS
from seqlaws.properties.reporting.document import as_row
from seqlaws.properties.runner.examine import NONE_OFFERED, NOTHING, Effort
from seqlaws.properties.runner.pairing import register_laws

ROOT = Path(__file__).resolve().parents[2]
WRONG = ROOT / "tests" / "zoo" / "attention" / "wrong_scale.py"


def softmax(x, axis=-1):
    if x.ndim == 0 or x.dtype != np.float32:
        raise ValueError("a float32 array is expected")
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


class OfAClass:
    softmax = staticmethod(softmax)


@pytest.mark.slow
def test_a_wrong_one_fails_with_witness_and_diagnosis():
    result = check(f"{WRONG}:scale_one_over_d", ["attention"], seconds=60, stop_at_first=True)
    (failure,) = result.failures
    assert result.status == "failed"
    assert not result.passed
    assert "scale 1/D" in failure.diagnosis
    assert set(failure.witness["arrays"]) >= {"q", "k", "v"}
    assert "reproduce with" in failure.message
    document = json.loads(result.json())
    assert document["run"]["status"] == "failed"
    assert document["summary"]["failed"] == 1


@pytest.mark.slow
def test_a_right_one_uses_its_time_and_says_what_it_covered():
    result = check("numpy_vectorized", ["softmax", "rnn"], ["float32"], seconds=4)
    assert not result.failures
    assert 4 <= result.seconds < 7
    covered = result.coverage
    kept = [v for v in result.verdicts if v.status == "passed"]
    assert covered["finished"] == len(kept) > 0
    assert covered["examples"] > 0
    assert {v.operation for v in kept} == {"softmax", "rnn"}
    assert {v.level for v in result.unfinished} <= {"MUST", "SHOULD"}
    assert result.status == ("undecided" if result.unfinished_musts else "passed")


def test_without_time_nothing_has_passed():
    result = check("numpy_vectorized", ["gru"], ["float32"], seconds=0, isolate=False)
    assert result.status == "undecided"
    assert not result.coverage["finished"]
    assert result.coverage["not begun"] == len(result.verdicts) > 20


def with_pauses(x, axis=-1):
    time.sleep(0.003)
    return softmax(x, axis)


def verdicts_of(function):
    """What is said of a softmax in a number of examples, but for the time taken."""
    given = {"examples": 2, "explain": False, "sections": ["numbers"]}
    result = check(SimpleNamespace(softmax=function), ["softmax"], ["float32"], **given)
    assert not result.unfinished
    return [dumped({**as_row(v), "seconds": 0.0}) for v in result.verdicts]


def test_with_a_number_of_examples_verdicts_do_not_depend_on_the_speed():
    verdicts = verdicts_of(softmax)
    assert {json.loads(v)["status"] for v in verdicts} >= {"passed", "failed"}
    assert verdicts == verdicts_of(with_pauses)


def test_a_number_of_examples_ends_when_all_laws_have_run():
    result = check("numpy_vectorized", ["softmax"], ["float32"], examples=1, sections=["guards"])
    assert result.passed
    assert not result.unfinished
    assert "passed in" in str(result)
    assert json.loads(result.json())["run"]["budget"] == "inf"


def test_the_seconds_are_a_ceiling_of_the_examples():
    result = check("numpy_vectorized", ["softmax"], examples=10, seconds=0, isolate=False)
    assert result.status == "undecided"
    assert result.coverage["finished"] == 0


@pytest.mark.parametrize("explain", [False, True])
def test_causes_are_searched_for_where_they_are_asked_for(explain):
    result = check(
        SimpleNamespace(softmax=softmax), ["softmax"], examples=1, explain=explain, isolate=False
    )
    assert result.failures
    assert bool(result.causes) == explain
    assert bool(result.failures[0].witness)


@pytest.mark.parametrize(
    ("implementation", "isolate"),
    [
        (SimpleNamespace(softmax=softmax), True),
        (SimpleNamespace(softmax=softmax), False),
        (OfAClass, True),
        (OfAClass(), True),
        (sys.modules[__name__], True),
        (Path(__file__), True),
        (f"{__file__}:OfAClass", False),
    ],
    ids=["object", "object, here", "class", "instance", "module", "file", "spec, here"],
)
def test_whatever_has_the_functions_can_be_checked(implementation, isolate):
    result = check(implementation, seconds=60, stop_at_first=True, isolate=isolate)
    assert not result.problem
    assert result.failures[0].law.startswith("softmax.")
    assert "attention" in result.not_offered


def test_what_is_not_known_is_an_error():
    with pytest.raises(ValueError, match="did you mean 'softmax'"):
        check("numpy_vectorized", ["sofmax"])
    with pytest.raises(ValueError, match="examples=0: at least 1"):
        check("numpy_vectorized", examples=0)
    with pytest.raises(ValueError, match="seconds=-1: a number of at least 0"):
        check("numpy_vectorized", seconds=-1)
    with pytest.raises(ValueError, match="unknown dtype 'float8'"):
        check("numpy_vectorized", dtypes=["float8"])
    with pytest.raises(ValueError, match="unknown section 'number'; did you mean 'numbers'"):
        check("numpy_vectorized", sections="number")


def test_what_cannot_be_used_is_a_problem_and_no_error():
    for nothing in (SimpleNamespace(), "nowhere.py", "no_such_module_at_all"):
        result = check(nothing, seconds=5)
        assert result.problem
        assert result.status == "failed"


@pytest.mark.slow
def test_nothing_is_left_of_many():
    def once(k):
        source = SimpleNamespace(softmax=lambda x, axis=-1: softmax(x, axis) * np.float32(k))
        target = source if k % 2 else f"{WRONG}:scale_one"
        assert check(target, seconds=30, stop_at_first=True).failures

    for k in range(2, 6):
        once(k)
    before, modules = held(), set(sys.modules)
    for k in range(6, 14):
        once(k)
    assert held() == before
    assert set(sys.modules) == modules


def held():
    """Descriptors, threads, and processes of this one and of those that it began."""
    gc.collect()
    numbers, processes = [os.getpid()], 0
    while numbers:
        number = numbers.pop()
        found = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        processes += len(found)
        numbers += found
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), processes


@pytest.mark.slow
def test_it_needs_no_pytest():
    program = (
        "import sys\n"
        "sys.modules['pytest'] = None\n"  # to import it is an error
        "from seqlaws.properties import check\n"
        "result = check('numpy_vectorized', ['softmax'], ['float32'], seconds=1)\n"
        "assert not result.failures, result"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".typings")}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=120)


@pytest.mark.parametrize(
    ("status", "reason", "again"),
    [
        ("passed", "", True),
        ("not offered", f"{NONE_OFFERED}: E = 0", True),
        ("not run", NOTHING, True),
        ("not offered", "the option axis is not offered", False),
        ("failed", "", False),
    ],
)
def test_a_law_of_which_no_case_was_offered_is_asked_again(status, reason, again):
    register_laws()
    law = LAWS["values"]
    verdict = SimpleNamespace(status=status, reason=reason, seconds=0.0)
    result = SimpleNamespace(of=lambda *_: verdict)
    run = Run(None, "mine", Effort(examples=0), result)
    assert run.worth_more(Group(None, [law])) == ([law] if again else [])


def test_what_hangs_is_given_up_after_three_laws(tmp_path):
    path = tmp_path / "hangs.py"
    path.write_text(
        "import time\nTRAITS = {'dtypes': ('float32',)}\n"
        "def softmax(x, axis=-1):\n    time.sleep(1e6)\n"
    )
    result = check(path, examples=10, seconds_per_call=0.5, explain=False)
    assert result.status == "failed"
    assert len(result.failures) == HANGS
    assert sum(v.reason == HANGING for v in result.verdicts) > 20
