"""What a page is made of: files that are read, refused in a sentence, merged and compared."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from reported import LAWS, causes, document, verdicts

from seqlaws.properties.judging.cause import KINDS, Cause
from seqlaws.properties.judging.gradient_reach import Flow
from seqlaws.properties.judging.verdict import SCHEMA, STATUSES, Verdict, dumped
from seqlaws.properties.reporting.document import OF_THE_RUN
from seqlaws.properties.reporting.page import changes
from seqlaws.properties.reporting.page.__main__ import main
from seqlaws.properties.reporting.page.documents import RefusedError, Run, read
from seqlaws.properties.reporting.page.render import page
from seqlaws.properties.reporting.page.report import report_of
from seqlaws.properties.reporting.unexecuted import Gap
from seqlaws.properties.subjects.error_statistics import Errors


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[1]", "neither a verdict.json nor a benchmark's JSON"),
        ('{"verdicts": []}', "its schema is None"),
        ('{"schema": 99, "verdicts": []}', "needs a newer seqlaws"),
        ('{"schema": 2, "verdicts": 1}', "verdicts is not a list"),
        ('{"schema": 2, "verdicts": [1]}', "verdict 0 is not an object"),
        ('{"schema": 2, "verdicts": [{"law": "a"}]}', "level is missing"),
        ('{"schema": 2, "verdicts": [], "run": {"seeds": 1}}', "'seeds' is not a field"),
        ('{"schema": 2, "verdicts": [], "run": {"seed": "1"}}', "seed is str, not int"),
        ('{"schema": 4, "verdicts": [], "causes": 1}', "causes is a int"),
        ('{"schema": 4, "verdicts": [], "causes": [{"kind": "law"}]}', "implementation is missing"),
        ('{"benchmarks": []}', "not benchmarks of seqlaws"),
        ('{"benchmarks": [], "seqlaws": {"schema": 99}}', "needs a newer seqlaws"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(write, capsys, text, says):
    path = write(text)
    with pytest.raises(RefusedError, match=re.escape(says)):
        read(path)
    assert main([str(path), "--to", str(path.with_suffix(".html"))]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert not path.with_suffix(".html").exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RefusedError, match="cannot be read"):
        read(tmp_path / "nowhere.json")


def test_a_status_that_is_not_known_is_refused(write):
    told = document(verdicts(["mine"])).replace('"status": "passed"', '"status": "fine"')
    with pytest.raises(RefusedError, match="unknown status 'fine'"):
        read(write(told))


def test_the_first_schema_is_still_read(write):
    told = json.loads(document(verdicts(["mine"], statuses=STATUSES)))
    told["schema"] = 1
    for key in ("laws", "gradient_flow", "unexecuted"):
        del told[key]
    told["run"] = {k: told["run"][k] for k in ("seed", "examples", "versions", "implementations")}
    for row in told["verdicts"]:
        del row["accuracy"]
        for key in ("entries", "of", "script", "misreading"):
            row["witness"].pop(key, None)
    text = page(report_of([write(json.dumps(told))]))
    assert "does not contain this law" in text
    assert "1 of 1 entry, the worst first" in text


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_schemas_before_causes_are_still_read(write, schema):
    told = json.loads(document(verdicts(["mine"], statuses=STATUSES)))
    told["schema"] = schema
    del told["causes"]
    for row in told["verdicts"]:
        row["status"] = row["status"].replace("SHOULD failed", "not kept")
    report = report_of([write(json.dumps(told))])
    assert {v.status for v in report.verdicts.values()} == set(STATUSES[: len(LAWS)])
    assert 'id="causes"' not in page(report)
    assert "SHOULD failed" in page(report)
    assert "not kept" not in page(report)


def test_the_old_status_is_none_of_the_new_schema(write):
    told = document(verdicts(["mine"])).replace('"status": "passed"', '"status": "not kept"')
    with pytest.raises(RefusedError, match="unknown status 'not kept'"):
        read(write(told))


def test_causes_are_read_as_they_were_written(write):
    made = verdicts(["mine", "other"], statuses=STATUSES)
    found = report_of([write(document(made))]).causes
    told = [replace(c, smallest=json.loads(dumped(c.smallest))) for c in causes(made)]
    assert list(found) == ["mine", "other"]
    assert found == {name: [c for c in told if c.implementation == name] for name in found}


def test_the_worse_of_two_verdicts_is_kept(write):
    good = write(document(verdicts(["mine"])), "good.json")
    bad = write(document(verdicts(["mine"], statuses=("failed", "not run"))), "bad.json")
    for order in ([good, bad], [bad, good]):
        report = report_of(order)
        assert report.twice == 2 * len(LAWS)
        statuses = {v.law.partition(".")[2]: v.status for v in report.verdicts.values()}
        assert statuses == {law: ("failed", "passed")[k % 2] for k, law in enumerate(LAWS)}


def test_runs_of_several_devices_stand_side_by_side(write):
    here = verdicts(["mine"])
    there = [v.__class__(**{**v.__dict__, "device": "cuda"}) for v in here]
    report = report_of([write(document(here), "a.json"), write(document(there), "b.json")])
    assert len(report.verdicts) == 2 * len(here)
    assert report.twice == 0
    assert len(report.runs) == 2


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        ("passed", "passed", None),
        ("passed", "failed", "broken"),
        ("passed", "SHOULD failed", "broken"),
        ("known failure", "failed", "broken"),
        ("not run", "failed", "broken"),
        ("failed", "passed", "fixed"),
        ("known failure", "passed", "fixed"),
        ("failed", "known failure", "other"),
        ("passed", "not offered", "gone"),
        ("not offered", "passed", "new"),
        ("not offered", "not run", None),
    ],
)
def test_what_changed(write, before, now, kind):
    earlier = write(document(verdicts(["mine"], statuses=(before,))), "before.json")
    later = write(document(verdicts(["mine"], statuses=(now,))), "now.json")
    found = changes.changes(report_of([later], [earlier]))
    assert [c.kind for c in found] == ([kind] * 2 * len(LAWS) if kind else [])
    assert all((c.before, c.now) == (before, now) for c in found)


def documented(heading):
    """The fields that a section of docs/verdict.md names, in the first column of its tables."""
    text = (Path(__file__).parents[2] / "docs" / "verdict.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^#+ {heading}$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_field_is_documented_and_no_other():
    told = json.loads(document(verdicts(["mine"], statuses=("failed",))))
    assert documented("The document") == set(told)
    assert documented("run") == {f.name for f in fields(Run)}
    assert set(told["run"]) < documented("run")
    assert documented("A verdict") == set(told["verdicts"][0])
    assert documented("A verdict") == {f.name for f in fields(Verdict)} - set(OF_THE_RUN)
    assert documented("causes") == {f.name for f in fields(Cause)} == set(told["causes"][0])
    assert documented("accuracy") == set(Errors().as_data())
    assert documented("gradient_flow") == {f.name for f in fields(Flow)}
    assert documented("unexecuted") == {f.name for f in fields(Gap)}


def test_the_schema_and_the_kinds_of_causes_are_documented():
    text = (Path(__file__).parents[2] / "docs" / "verdict.md").read_text(encoding="utf-8")
    assert f"| `schema` | {SCHEMA} |" in text
    assert f"The current schema is {SCHEMA};" in text
    (row,) = re.findall(r"^\| `kind` \|(.*)", text, re.MULTILINE)
    assert tuple(re.findall(r"`(\w+)`:", row)) == KINDS


def test_a_run_writes_what_is_documented(run_suite, plug_in, tmp_path):
    path = plug_in("import numpy as np\ndef softmax(x, axis=-1):\n    return np.exp(x)\n")
    run_suite(
        f"--impl={path}", "--op", "softmax", "-k", "test_values and not (every or large)",
        "--hypothesis-profile", "quick", "--verdict-json", tmp_path / "v.json",
    )  # fmt: skip
    told = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    own = {"file", "gradient_flow", "laws", "causes", "unexecuted", "verdicts"}
    assert set(told["run"]) == documented("run") - own
    (row,) = told["verdicts"]
    assert row["status"] == "failed"
    assert set(row) == documented("A verdict")
    (one,) = told["causes"]
    assert set(one) == documented("causes")
    assert one["laws"] == ["softmax.values"]
    assert set(one["smallest"]) <= documented("smallest")
    assert set(row["witness"]) <= documented("witness")
    assert set(row["witness"]) >= {"entries", "of", "script", "call", "arrays", "options"}
    ratios = [abs(o - e) / a if a else np.inf for _, o, e, a in row["witness"]["entries"]]
    assert ratios == sorted(ratios, reverse=True)
    assert set(row["accuracy"]["p"]) == documented("accuracy")
    assert {"level", "statement", "source"} == set(told["laws"]["softmax.values"])
