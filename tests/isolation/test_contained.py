"""Whatever an implementation does to its process costs its own verdict, and nothing else."""

import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import hostile
import pytest
from hostile import SUBJECTS

from seqlaws.properties import check
from seqlaws.properties.runner.examine import NOTHING

pytestmark = pytest.mark.slow

FILE = hostile.__file__


def of(name, **how):
    return check(
        f"{FILE}:{name}", ["softmax"], ["float32"], **{"seconds": 30, "memory": 768, **how}
    )


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=lambda subject: subject.name)
def test_it_is_contained_and_named(subject):
    result = of(subject.name, stop_at_first=True, seconds_per_call=subject.seconds)
    assert result.status == "failed"
    (failure,) = result.failures
    assert subject.says in f"{failure.law}: {failure.reason}"
    assert failure.law == f"softmax.{subject.law}" or not subject.law
    assert sum(a != [] for a in failure.witness["arrays"].values())
    assert "x" in failure.witness["arrays"]
    assert subject.name in failure.message


def test_nothing_else_is_lost():
    of("reads_address_zero", stop_at_first=True)
    before = left()
    for name in (
        "leaves_a_child_that_holds_the_pipes",
        "kills_its_parent",
        "closes_all_descriptors",
    ):
        of(name, stop_at_first=True)
    assert nothing_is_wrong(of("harmless", examples=1, sections=["numbers"]))
    for found, earlier in zip(left(), before, strict=True):
        assert found <= earlier  # what earlier tests left may end meanwhile
    assert not Path("called-in-the-parent").exists()


def left():
    """Descriptors and threads of this process, and what its children have begun."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    begun = [
        number
        for child in children
        for number in Path(f"/proc/{child}/task/{child}/children").read_text().split()
    ]
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return descriptors, threading.active_count(), set(begun)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_goes_on(run_suite, tmp_path, workers):
    names = ("harmless", "reads_address_zero", "loops", "kills_its_parent", "exits")
    chosen = [f"--impl={FILE}:{name}" for name in names]
    if workers:
        pytest.importorskip("xdist")
        chosen += ["-n", str(workers)]
    report = tmp_path / "verdict.json"
    isolated = ("--isolate", "--isolate-seconds", "0.5", "--isolate-memory", "768")
    laws = ("-k", "rows_sum or values_of_every", "--op", "softmax", "-q")
    quick = ("--hypothesis-profile", "quick", "--verdict-json", report)
    run = run_suite(*chosen, *isolated, *laws, *quick)
    assert run.returncode == 1, run.stdout
    verdicts = json.loads(report.read_text())["verdicts"]
    of_each = {n: [v for v in verdicts if v["implementation"].endswith(n)] for n in names}
    assert len({len(some) for some in of_each.values()}) == 1
    for name, some in of_each.items():
        if name == "harmless":
            assert {v["status"] for v in some} == {"passed"}
        else:
            says = SUBJECTS[name].says
            assert any(says in v["reason"] for v in some if v["status"] == "failed")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import ctypes; ctypes.string_at(0)", "importing it ended its process by SIGSEGV"),
        ("import os; os._exit(5)", "importing it raised SystemExit: os._exit(5)"),
        ("import sys; sys.exit('no')", "importing it raised SystemExit: no"),
        ("while True: pass", "importing it took longer than the time limit"),
        ("def softmax(:", "importing it raised SyntaxError"),
    ],
)
def test_what_an_import_does_is_contained(plug_in, source, says):
    result = check(plug_in(source), seconds=1.5)
    assert says in result.problem
    assert result.status == ("undecided" if "time limit" in says else "failed")


def nothing_is_wrong(result):
    """No law failed, and some were finished in the time that a slow machine leaves."""
    return not result.failures and any(v.status == "passed" for v in result.verdicts)


def test_an_object_without_a_name_is_contained():
    mine = SimpleNamespace(softmax=hostile.reads_address_zero.softmax)
    result = check(mine, ["softmax"], ["float32"], seconds=30, stop_at_first=True)
    assert "ended its process by SIGSEGV" in result.failures[0].reason
    unnamed = SimpleNamespace(softmax=hostile.right)
    result = check(unnamed, ["softmax"], ["float32"], examples=1)
    assert nothing_is_wrong(result), result.failures
    reasons = {v.reason for v in result.verdicts if v.status == "not run"} - {NOTHING}
    assert len(reasons) == 1
    assert "import path or a file" in reasons.pop()


def test_torch_works_in_a_fork_of_a_process_that_used_it():
    torch = pytest.importorskip("torch")
    torch.randn(1000, 1000).softmax(-1)
    from seqlaws.impls import torch_ops

    unnamed = SimpleNamespace(softmax=torch_ops.softmax, TRAITS=torch_ops.TRAITS)
    result = check(unnamed, ["softmax"], ["float32"], examples=1, sections=["numbers"])
    assert nothing_is_wrong(result), result.failures


def test_a_list_is_no_array_in_another_process(plug_in):
    """What is described as an array in this process alone must not end a run."""
    source = "TRAITS = {}\ndef softmax(x, axis=-1): return [0.5, 0.5]\n"
    result = check(plug_in(source), ["softmax"], stop_at_first=True, seconds=60)
    assert "returned, as p, a list, not an array" in result.failures[0].reason
