"""The receipt of a device: its stages, going on after a cut, and its whole path on the stand-in."""

import json
import subprocess
import sys

import pytest

from seqlaws.properties.check_result import Result
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.receipt import command, machine
from seqlaws.properties.receipt.running import judged
from seqlaws.properties.receipt.stages import STAGES, seconds_of
from seqlaws.properties.reporting.page.report import report_of

SMI = """#!/bin/sh
echo "NVIDIA H100 80GB HBM3, 580.1, P0, 1980, 2619, 1980, 412.50, 700.00, 51"
"""


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Run the command with outcomes that are given, by stage; return the status and the receipt."""
    monkeypatch.setattr(machine, "tree", lambda: "a tree")
    told = {"unavailable": "", "name": "A GPU (80 GB)", "versions": {}}
    monkeypatch.setattr(machine, "described", lambda device: told)
    monkeypatch.chdir(tmp_path)

    def run(outcomes, *arguments):
        begun = []

        def outcome(stage, *_):
            begun.append(stage.name)
            return outcomes.get(stage.name, {"status": "done", "reason": ""})

        monkeypatch.setattr(command, "outcome", outcome)
        status = command.main(["--device", "standin", *arguments])
        files = list(tmp_path.glob("receipts/*"))
        return status, begun, json.loads(files[0].read_text()) if files else None

    return run


def test_a_receipt_that_was_cut_goes_on_with_what_is_missing(ran, tmp_path):
    cut = {"status": "cut", "reason": "its time was over"}
    status, begun, receipt = ran({STAGES[1].name: cut})
    assert status == 1
    assert sorted(begun) == sorted(s.name for s in STAGES)
    assert receipt["stages"][STAGES[1].name]["reason"] == "its time was over"
    status, begun, receipt = ran({})
    assert (status, begun) == (0, [STAGES[1].name])
    assert {s["status"] for s in receipt["stages"].values()} == {"done"}
    (file,) = tmp_path.glob("receipts/*")
    assert file.name.endswith("-a-gpu-80-gb.json")


def test_what_was_found_is_not_replaced_by_less(ran):
    of = {"run": {"coverage": {"finished": 7}}, "verdicts": []}
    name = STAGES[0].name
    ran({name: {"status": "cut", "reason": "", "document": of}})
    _, begun, receipt = ran({name: {"status": "cut", "reason": "the time was over"}})
    assert begun == [name]
    assert receipt["stages"][name]["document"] == of


def test_a_failed_law_is_the_status_of_the_command(ran):
    of = {"run": {}, "verdicts": [{"status": "failed"}]}
    status, _, _ = ran({STAGES[0].name: {"status": "done", "reason": "", "document": of}})
    assert status == 1


def test_a_receipt_of_another_tree_is_not_gone_on_with(ran, monkeypatch, capsys):
    ran({})
    monkeypatch.setattr(machine, "tree", lambda: "another")
    status, begun, _ = ran({})
    assert (status, begun) == (2, [])
    assert "is of another tree; remove it, or name another with --to" in capsys.readouterr().err


def test_what_is_no_receipt_and_no_stage_is_a_sentence(ran, tmp_path, capsys):
    (tmp_path / "mine.json").write_text("[]")
    assert ran({}, "--to", "mine.json")[:2] == (2, [])
    assert "mine.json is no receipt" in capsys.readouterr().err
    assert ran({}, "--only", "nothing")[:2] == (2, [])
    assert "--only names no stage; there are: laws of torch_ops" in capsys.readouterr().err


def test_a_device_that_is_not_there_is_a_sentence(capsys):
    assert command.main(["--device", "nowhere"]) == 2
    assert "torch has no usable device 'nowhere' here" in capsys.readouterr().err


def test_the_times_of_the_stages_are_what_there_is():
    for jobs in (1, 4):
        laws = [s for s in STAGES if s.kind == "laws"]
        each = [seconds_of(s, STAGES, 300.0, jobs) for s in laws]
        assert sum(each) == pytest.approx(300.0 * jobs)
    (one,) = [s for s in STAGES if s.name == "laws of torch_ops"]
    assert seconds_of(one, [one], 300.0, 4) == 300.0


@pytest.mark.parametrize(
    ("run", "status"),
    [
        ({"problem": "", "coverage": {"cut off": 0, "not begun": 0}}, "done"),
        ({"problem": "", "coverage": {"cut off": 1, "not begun": 2}}, "cut"),
        ({"problem": "no such implementation", "status": "failed"}, "not run"),
        ({"problem": "importing it took too long", "status": "undecided"}, "cut"),
    ],
)
def test_a_stage_is_done_when_every_law_was_begun(run, status):
    assert judged({"run": run})["status"] == status


def test_clocks_and_power_are_those_that_nvidia_smi_tells(monkeypatch, tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text(SMI)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    told = machine.state("cuda:0")
    assert (told["name"], told["driver"], told["power (W)"]) == (
        "NVIDIA H100 80GB HBM3",
        "580.1",
        "412.50",
    )
    assert set(machine.passing("cuda")) == set(machine.PASSING)
    program.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.state("cuda") == machine.state("standin") == {}


def test_a_page_shows_what_the_stages_found(ran, tmp_path):
    """Each stage's document is `check`'s own, or that of a run of the benchmarks."""
    result = Result("torch_ops", 1.0, 0)
    result.keep(Verdict("softmax.values", "MUST", "softmax", "torch_ops", "float32", "standin"))
    done = {"status": "done", "reason": "", "document": json.loads(result.json())}
    ran({STAGES[0].name: done})
    (file,) = tmp_path.glob("receipts/*")
    report = report_of([file])
    assert [v.law for v in report.verdicts.values()] == ["softmax.values"]
    (run,) = report.runs
    assert run.file == f"{file.name}: laws of torch_ops"
    assert run.machine == {"devices": {"standin": "A GPU (80 GB)"}}
    (tmp_path / "check.json").write_text(result.json())
    assert report_of([tmp_path / "check.json"]).implementations == ["torch_ops"]


@pytest.mark.slow
def test_the_whole_path_on_the_stand_in(standin, tmp_path):
    """A stage of laws, then one of times, by the command; then a page of both."""
    file = tmp_path / "receipt.json"
    asked = ["--device", "standin", "--op", "lstm", "--to", file]
    for name, minutes in (("laws of torch_ops:tf32", "0.4"), ("times in TF32", "10")):
        told = subprocess.run(
            [sys.executable, "-m", "seqlaws.receipt", *asked, "--only", name, "--minutes", minutes],
            env=standin,
            capture_output=True,
            text=True,
            check=False,
            timeout=700,
        )
        assert not told.stderr
    receipt = json.loads(file.read_text())
    assert receipt["receipt"]["tree"] == machine.tree()
    assert receipt["receipt"]["name"] == "a stand-in"
    assert receipt["receipt"]["versions"]["torch"]
    for name, stage in receipt["stages"].items():
        assert "document" in stage, f"{name}: {stage['reason']}"
    laws = receipt["stages"]["laws of torch_ops:tf32"]["document"]
    assert {v["device"] for v in laws["verdicts"]} == {"standin"}
    assert any(v["status"] == "passed" for v in laws["verdicts"])
    assert not [v for v in laws["verdicts"] if v["status"] == "failed"]
    times = receipt["stages"]["times in TF32"]["document"]
    ours = [b for b in times["benchmarks"] if b["extra_info"]["implementation"] == "torch_ops:tf32"]
    assert ours
    assert all(b["extra_info"]["device"] == "standin" and b["stats"]["min"] > 0 for b in ours)
    report = report_of([file])
    assert "torch_ops:tf32" in report.implementations
    assert {t.device_name for times in report.times for t in times.timed} == {"a stand-in"}
