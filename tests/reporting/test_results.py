"""The page of results: every implementation, what was not run, and the history beside it."""

import json
import re

import pytest
from elements import Elements
from reported import HOSTILE, ceilings, document, timed, times, verdicts

from seqlaws.properties.discovery.loader import bundled
from seqlaws.properties.judging.verdict import STATUSES
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.page.__main__ import main

DAYS = ("2026-01-02T03:04:05+00:00", "2026-02-03T04:05:06+00:00")

WRONG = {"implementation": "a", "date": "", "versions": {}, "effort": "", "devices": []} | {
    "counts": {"rnn": {"fine": 1}}
}


@pytest.fixture
def made(tmp_path):
    """Run the command on verdicts; return the page, its elements, and the history."""

    def make(rows, *beside, text="", **run):
        run = {"versions": {"seqlaws": "0.2.0", "torch": "2.13.0"}, "sections": ["numbers"]} | run
        paths = [tmp_path / f"{k}.json" for k in range(1 + len(beside))]
        for path, told in zip(paths, (document(rows, text, **run), *beside), strict=True):
            path.write_text(told, encoding="utf-8")
        folder = tmp_path / "results"
        assert main([*map(str, paths), "--results", str(folder)]) == 0
        page = (folder / "index.html").read_text(encoding="utf-8")
        return page, Elements(page), json.loads((folder / "history.json").read_text())

    return make


def text_of(elements):
    return " ".join("".join(elements.text).split())


def test_every_bundled_implementation_and_operation_is_there(made):
    page, elements, _ = made(verdicts(["numpy_vectorized", "mine"]))
    (matrix,) = re.findall(r'<table class="matrix">.*?</table>', page, re.DOTALL)
    rows = dict(re.findall(r'<a href="#sheet-\d+">(\w+)</a></th>(.*?)</tr>', matrix, re.DOTALL))
    assert set(rows) == {*bundled(), "mine"}
    assert set(re.findall(r'<th scope="col"><span>(\w+)', matrix)) == set(OPERATIONS)
    for name, row in rows.items():
        assert row.count("5 passed") == (4 if name in ("numpy_vectorized", "mine") else 0)
        assert "not run" in row
    said = text_of(elements)
    assert said.count("Not run, and no earlier result is known.") == len(bundled()) - 1


def test_what_was_not_run_is_said_to_be_not_run(made):
    page, elements, _ = made(verdicts(["mine"]))
    heads, *rows = re.findall(r"<tr>(.*?)</tr>", page.split('class="sheet">')[1], re.DOTALL)
    assert re.findall(r'col">(\w+)', heads)[2:6] == ["numbers", "edges", "manners", "guards"]
    for row in rows[:2]:
        numbers, *others = re.findall(r"<td>(.*?)</td>", row, re.DOTALL)[1:5]
        assert "5 passed" in numbers
        assert all("not run" in cell for cell in others)
    assert "Nothing was timed." in text_of(elements)
    assert "not graded" in page  # lstm


def test_known_failures_causes_speed_and_grades_are_there(made):
    rows = [timed("mine", "small", 1e-3, operation="gru")]
    _, elements, _ = made(verdicts(["mine"], statuses=STATUSES), times([*ceilings(), *rows]))
    said = text_of(elements)
    assert "Known failures ! p[0, 0] is 1.5, expected 1" in said
    assert "softmax.rows_sum_to_one (float32)" in said
    assert "your output is that of softmax with transposed weights" in said
    assert "1.00 ms" in said
    assert "does not conform" in said


def test_a_later_run_is_added_and_the_same_day_replaced(made):
    first = verdicts(["mine", "other"])
    _, _, told = made(first, when=DAYS[0])
    assert [row["implementation"] for row in told["results"]] == ["mine", "other"]
    _, _, again = made(first, when=DAYS[0])
    assert again == told
    second = verdicts(["mine"], statuses=("passed", "failed"))
    page, elements, told = made(second, when=DAYS[1])
    dates = [(row["implementation"], row["date"]) for row in told["results"]]
    assert dates == [("mine", "2026-01-02"), ("mine", "2026-02-03"), ("other", "2026-01-02")]
    failed = sum(v.status == "failed" for v in second)
    passed = len(second) - failed
    counts = told["results"][1]["counts"].values()
    assert sum(c["failed"] for c in counts) == failed
    assert f"since 2026-01-02: +{failed} failed, {passed - len(first) // 2} passed" in page
    assert "Not run this time. The last result is of 2026-01-02" in text_of(elements)


def test_other_efforts_are_not_compared(made):
    made(verdicts(["mine"]), when=DAYS[0])
    rows = verdicts(["mine"], statuses=("failed",))
    page, _, told = made(rows, when=DAYS[1], sections=["numbers", "edges"])
    assert len(told["results"]) == 2
    assert "since" not in page


def test_what_was_not_checked_is_no_result(made):
    *_, told = made(verdicts(["mine"], statuses=("not offered", "not run")))
    assert told["results"] == []


def test_several_machines_are_one_result_each(made):
    here = verdicts(["mine"])
    there = [v.__class__(**{**v.__dict__, "device": "cuda"}) for v in here]
    beside = document(there, versions={"seqlaws": "0.2.0"}, sections=["numbers"])
    page, _, told = made(here, beside)
    (result,) = told["results"]
    assert result["devices"] == ["cpu", "cuda"]
    assert "<td>float32, cuda</td>" in page


def test_a_receipt_is_a_result(made):
    there = [v.__class__(**{**v.__dict__, "device": "cuda"}) for v in verdicts(["torch_ops"])]
    stages = {"laws": {"status": "done", "document": json.loads(document(there))}}
    head = {"device": "cuda", "name": "a GPU", "when": DAYS[1]}
    receipt = json.dumps({"schema": 1, "receipt": head, "stages": stages})
    _, elements, told = made(verdicts(["numpy_vectorized"]), receipt, when=DAYS[0])
    found = [(r["implementation"], r["date"], r["devices"]) for r in told["results"]]
    numpy, torch = (
        ("numpy_vectorized", "2026-01-02", ["cpu"]),
        ("torch_ops", "2026-02-03", ["cuda"]),
    )
    assert found == [numpy, torch]
    assert "cuda: a GPU" in text_of(elements)


def test_strangers_text_is_shown_as_text(made):
    plain = made(verdicts(["mine"], statuses=STATUSES))[1]
    name = f"mine{HOSTILE}"
    page, angry, _ = made(verdicts([name], statuses=STATUSES, text=HOSTILE), text=HOSTILE)
    shape = [(tag, sorted(attributes)) for tag, attributes in angry.elements]
    calm = [(tag, sorted(attributes)) for tag, attributes in plain.elements]
    assert sum(tag == "script" for tag, _ in shape) == 0
    assert [t for t in shape if t[0] == "section"] == [t for t in calm if t[0] == "section"]
    assert {tag for tag, _ in shape} == {tag for tag, _ in calm}
    assert not re.search("[\x1b\u202e]", page)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "not a history of results"),
        ('{"schema": 9, "results": []}', "needs a newer seqlaws"),
        ('{"results": []}', "its schema is None"),
        ('{"schema": 1, "results": [{"date": "x"}]}', "implementation is missing"),
        (json.dumps({"schema": 1, "results": [WRONG]}), "counts are not numbers of statuses"),
    ],
)
def test_a_history_that_cannot_be_read_is_refused_and_kept(tmp_path, capsys, text, says):
    (tmp_path / "v.json").write_text(document(verdicts(["mine"])), encoding="utf-8")
    (tmp_path / "history.json").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "v.json"), "--results", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1
    assert (tmp_path / "history.json").read_text(encoding="utf-8") == text
    assert not (tmp_path / "index.html").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    path = tmp_path / "v.json"
    path.write_text(document(verdicts(["mine"])), encoding="utf-8")
    assert main([str(path), "--results", str(path / "results")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("statuses", "run", "message", "color"),
    [
        (("passed",), {}, "10 checks passed", "brightgreen"),
        (("passed", "not offered"), {}, "6 checks passed", "brightgreen"),
        (("passed", "known failure"), {}, "6 checks passed, 4 known", "yellow"),
        (("passed", "not run"), {}, "6 checks passed, 4 not run", "yellow"),
        (("passed", "failed"), {}, "4 of 10 checks failed", "red"),
        (("failed",), {"ended": "SIGTERM"}, "10 of 10 checks failed", "red"),
        (("passed",), {"ended": "SIGTERM"}, "interrupted after 10 checks", "lightgrey"),
        (("not offered", "not run"), {}, "not run", "lightgrey"),
    ],
)
def test_a_badge(tmp_path, statuses, run, message, color):
    rows = verdicts(["mine"], statuses=statuses)
    (tmp_path / "v.json").write_text(document(rows, **run), encoding="utf-8")
    assert main([str(tmp_path / "v.json"), "--badge", str(tmp_path / "badge.json")]) == 0
    told = json.loads((tmp_path / "badge.json").read_text(encoding="utf-8"))
    assert told == {"schemaVersion": 1, "label": "seqlaws", "message": message, "color": color}
    assert not (tmp_path / "report.html").exists()
