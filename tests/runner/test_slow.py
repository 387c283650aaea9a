"""Slow implementations, told by the time of calls: what there is no time for is not run."""

import time
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties import check
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.limits import EnoughError, Limits, LostError
from seqlaws.properties.laws import law_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.runner.law_cases import in_turn
from seqlaws.properties.runner.pairing import Candidate, register_laws
from seqlaws.properties.subjects.pace import PACES, TOO_LARGE, Pace, is_small
from seqlaws.properties.subjects.subject import Subject


def right(x, axis=-1):
    if not isinstance(x, np.ndarray) or x.dtype != np.float32 or not -x.ndim <= axis < x.ndim:
        raise ValueError("a float32 array and one of its axes are expected")
    top = x.max(axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(x - np.where(np.isneginf(top), 0, top))
    total = e.sum(axis=axis, keepdims=True)
    return e / np.where(total == 0, 1, total)


def taking(seconds, **traits):
    """A right softmax whose calls take so long."""

    def softmax(x, axis=-1):
        time.sleep(seconds)
        return right(x, axis)

    return SimpleNamespace(softmax=softmax, TRAITS=traits)


def subject_of(made, name, operation="softmax"):
    register_laws()
    PACES.pop((name, operation), None)
    return Subject(name, made, operation, "float32", "cpu")


def case_of(operation, **sizes):
    return build(by_seed(1), OPERATIONS[operation], "float32", **sizes)


def test_a_pace_is_known_after_a_few_small_calls_and_may_change():
    pace, small = Pace(interpreted=False), case_of("softmax", n=5, leading=())
    for _ in range(4):
        pace.returned(small, 9.0)
    assert not pace.is_slow
    pace.returned(case_of("softmax", n=30_000, leading=()), 9.0)  # that it takes long is no wonder
    assert not pace.is_slow
    pace.returned(small, 9.0)
    assert pace.is_slow
    assert pace.patience > 9.0
    for _ in range(10):
        pace.returned(small, 0.001)
    assert not pace.is_slow
    assert pace.patience == 0.0


def test_a_call_that_takes_long_is_excused_if_the_subject_is_slow_and_others_returned():
    pace = Pace(interpreted=True)
    assert not pace.excuses(slow=True)
    pace.returned(case_of("softmax", n=5, leading=()), 1.0)
    assert pace.excuses(slow=True)
    assert not pace.excuses(slow=False)


@pytest.mark.parametrize(
    ("operation", "sizes"),
    [
        ("softmax", {"n": 30_000, "leading": ()}),
        ("attention", {"M": 65, "group": 1, "L": 1, "S": 1, "D": 1, "Dv": 1}),
        ("lstm", {"T": 65, "B": 1, "H": 1, "I": 1}),
        ("generate", {"steps": 140}),
    ],
)
def test_what_is_not_small(operation, sizes):
    assert not is_small(case_of(operation, **sizes))


def test_many_rows_are_not_small():
    case = case_of("softmax", n=5, leading=())
    assert is_small(case.having(x=np.zeros((1000, 2))))
    assert not is_small(case.having(x=np.zeros((2000, 2))))


def test_too_little_time_is_not_run():
    made = subject_of(taking(0.05, interpreted=True), "asleep")
    effort = Effort(spent={("asleep", "softmax"): 1e6})
    verdict = examine(law_of("softmax", "values"), made, effort)
    assert (verdict.status, verdict.examples) == ("not run", 0)
    verdict = examine(law_of("softmax", "values"), made, Effort())
    assert (verdict.status, verdict.interpreted) == ("passed", True)
    assert 1 <= verdict.examples <= 5


def test_a_slow_one_has_its_part_of_the_time_and_passes_with_what_it_did():
    made, effort = subject_of(taking(0.4, interpreted=True), "asleep longer"), Effort()
    verdict = examine(law_of("softmax", "values_at_every_size"), made, Effort(spent=effort.spent,
        until=time.perf_counter() + 16))  # fmt: skip
    assert verdict.status == "passed"
    assert 1 <= verdict.examples < 10
    assert effort.spent["asleep longer", "softmax"] > 1


def test_cases_that_are_all_too_large_are_not_run():
    made = subject_of(taking(0.0, interpreted=True), "asleep beside large ones")
    verdict = examine(law_of("softmax", "large_problems"), made, Effort())
    assert (verdict.status, verdict.reason) == ("not run", TOO_LARGE)


def test_threads_are_not_run_in_an_interpreter():
    made = taking(0.0, interpreted=True)
    one = Candidate("x", "x", made, "softmax", "float32", "cpu")
    register_laws()
    verdict = one.verdict(law_of("softmax", "threads_do_not_disturb_each_other"))
    assert verdict.status == "not run"
    assert "interpreter" in verdict.reason


def test_a_wrong_one_is_caught_though_it_is_slow():
    def softmax(x, axis=-1):
        time.sleep(0.02)
        return right(x, axis) * np.float32(1.001)

    wrong = SimpleNamespace(softmax=softmax, TRAITS={"interpreted": True})
    result = check(wrong, ["softmax"], seconds=20, stop_at_first=True, isolate=False)
    assert result.status == "failed"


def test_what_crosses_a_tile_comes_first():
    made = subject_of(taking(0.0, interpreted=True, tiles={"n": 100}), "tiled")
    pinned = [{"n": n} for n in (7, 99, 101, 65, 300)]
    assert [one["n"] for one in in_turn(pinned, made, 0)[:3:2]] == [101, 300]


PLUG_IN = """
import time
TRAITS = {"interpreted": True}
CALLS = []

def softmax(x, axis=-1):
    CALLS.append(1)
    time.sleep(0.0 if len(CALLS) in QUICK else 60)
    return x * 0
"""


def contained(tmp_path, quick):
    path = tmp_path / "slow.py"
    path.write_text(PLUG_IN.replace("QUICK", repr(quick)), encoding="utf-8")
    return Contained(str(path), Limits(seconds=0.5))


def test_a_call_beyond_its_limit_is_no_failure_once_others_have_returned(tmp_path):
    home = contained(tmp_path, [1])
    try:
        made = subject_of(home, "hangs later")
        case = case_of("softmax", n=5, leading=())
        made.run(case)
        with pytest.raises(EnoughError, match=r"did not return within \S+ s, and is slow"):
            made.run(case)
    finally:
        home.end()


def test_the_first_call_has_a_larger_limit(tmp_path):
    home = contained(tmp_path, [])
    try:
        home.backend("numpy")
        with pytest.raises(LostError, match=r"within 1\.5 s"):
            home.softmax(home.backend("numpy").array(np.zeros(3), "float32", "cpu"))
    finally:
        home.end()
