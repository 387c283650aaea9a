"""The file of the specification's answers: nothing in it changes what is expected."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from seqlaws.properties import check
from seqlaws.properties.isolation import answer_store, specification_server
from seqlaws.properties.isolation.answer_store import AnswerStore, packed, unpacked
from seqlaws.reference.numbers import Arithmetic

QUESTION = "expected", ("softmax", np.array([0.0, 1.0, -np.inf])), {}, ("float32",)
ANSWER = [(np.array([[1.0, np.nan]]), np.zeros((1, 2))), np.arange(3), np.zeros((0, 2))]


def same(one, other):
    kinds = [[type(part) for part in answer] for answer in (one, other)]
    arrays = [
        [a for part in x for a in (part if isinstance(part, tuple) else (part,))]
        for x in (one, other)
    ]
    told = [[(a.dtype, a.shape, a.tobytes()) for a in some] for some in arrays]
    return kinds[0] == kinds[1] and told[0] == told[1]


HALVED = """
from seqlaws import operation

@operation(x="... E", returns={"y": "... E"})
def halved(x):
    return x / 2
"""


@pytest.fixture
def kept(tmp_path):
    specification_server.keep_answers(tmp_path)
    yield specification_server.KEPT[0]
    specification_server.keep_answers(None)


def test_an_answer_comes_back_bit_for_bit(tmp_path):
    AnswerStore(tmp_path).keep(QUESTION, ANSWER)
    found = AnswerStore(tmp_path).find(QUESTION)
    assert same(found, ANSWER)
    found[0][0][:] = 0  # who gets it may write to it


@pytest.mark.parametrize(
    "other",
    [
        ("plain", *QUESTION[1:]),
        (QUESTION[0], ("softmax", np.array([0.0, 1.0, -1.0])), *QUESTION[2:]),
        (QUESTION[0], ("softmax", QUESTION[1][1].astype("float32")), *QUESTION[2:]),
        (*QUESTION[:2], {"axis": 0}, QUESTION[3]),
        (*QUESTION[:3], ("float64",)),
    ],
)
def test_another_question_has_another_answer(other, tmp_path):
    store = AnswerStore(tmp_path)
    store.keep(QUESTION, ANSWER)
    assert store.find(other) is None
    assert (store.known, store.missed) == (0, 1)


def test_every_damaged_byte_is_noticed():
    data = packed(ANSWER)
    for k in range(len(data)):
        assert unpacked(data[:k] + bytes([data[k] ^ 1]) + data[k + 1 :]) is None
        assert unpacked(data[:k]) is None


def test_what_is_no_array_is_not_kept(tmp_path):
    store = AnswerStore(tmp_path)
    for answer in ([1.0], ["text"], [np.array([None])]):
        store.keep(QUESTION, answer)
    assert store.count() == 0


def test_the_largest_answers_are_not_kept(tmp_path):
    store = AnswerStore(tmp_path)
    for n in (answer_store.LARGEST // 16, answer_store.LARGEST // 8):  # numbers of eight bytes
        store.keep((*QUESTION, n), [np.zeros(n)])
    assert store.count() == 1


@pytest.mark.parametrize("what", ["no database", "cut"])
def test_a_file_that_is_no_database_is_begun_anew(what, tmp_path):
    store = AnswerStore(tmp_path)
    for n in range(200):
        store.keep((*QUESTION, n), ANSWER)
    store.file.close()
    data = store.path.read_bytes() if what == "cut" else b"none" * 9999
    store.path.write_bytes(data[: len(data) // 2])
    again = AnswerStore(tmp_path)
    for n in range(200):
        found = again.find((*QUESTION, n))
        assert found is None or same(found, ANSWER)
    again.keep(QUESTION, ANSWER)
    assert same(again.find(QUESTION), ANSWER)


def test_a_full_file_is_read_and_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(answer_store, "SET", (*answer_store.SET[:-1], "max_page_count = 40"))
    store = AnswerStore(tmp_path)
    store.keep(QUESTION, ANSWER)
    large = [np.zeros(1000)]
    for n in range(200):
        store.keep((*QUESTION, n), large)
    assert store.count() < 201
    assert same(store.find(QUESTION), ANSWER)
    assert store.find((*QUESTION, 199)) is None


def test_another_version_has_another_file(tmp_path, monkeypatch):
    AnswerStore(tmp_path).keep(QUESTION, ANSWER)
    monkeypatch.setattr(answer_store, "version", lambda: "another")
    assert AnswerStore(tmp_path).find(QUESTION) is None


def test_the_version_depends_on_the_specification_s_source(tmp_path, monkeypatch):
    (tmp_path / "numbers").mkdir()
    (tmp_path / "__init__.py").touch()
    rule = tmp_path / "numbers" / "rule.py"
    rule.write_text("BOUND = 1\n")
    monkeypatch.setattr(answer_store.reference, "__file__", str(tmp_path / "__init__.py"))
    versions = {answer_store.version.__wrapped__()}
    rule.write_text("BOUND = 2\n")
    versions.add(answer_store.version.__wrapped__())
    rule.rename(tmp_path / "rule.py")
    versions.add(answer_store.version.__wrapped__())
    assert len(versions) == 3


WRITER = """
import sys
import numpy as np
from seqlaws.properties.isolation.answer_store import AnswerStore
store = AnswerStore(sys.argv[1])
for n in range(100):
    store.keep(("question", n), [np.full(50, n)])
    assert store.find(("question", n)) is not None
"""


def test_several_processes_use_one_file(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    running = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    store = AnswerStore(tmp_path)
    assert store.count() == 100
    assert all((store.find(("question", n))[0] == n).all() for n in range(100))


def test_a_fork_has_a_connection_of_its_own(tmp_path):
    store = AnswerStore(tmp_path)
    store.keep(QUESTION, ANSWER)
    child = os.fork()
    if not child:
        before = store.file
        ok = same(store.find(QUESTION), ANSWER) and store.file is not before
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert same(store.find(QUESTION), ANSWER)


def test_the_second_time_the_specification_is_not_asked(kept, monkeypatch):
    question = "expected", "softmax", np.array([0.0, 1.0])
    how = {"arithmetic": tuple(vars(Arithmetic("float32")).values())}
    first = specification_server.ask(*question, **how)
    monkeypatch.setattr(specification_server, "RUNNING", [])
    monkeypatch.setattr(specification_server, "start", lambda: None)
    assert same(specification_server.ask(*question, **how), first)
    assert kept.known == 1


def test_the_process_is_told_what_to_forget_each_time(kept, tmp_path):
    """Its own operations come and go: that is no question whose answer may be kept."""
    file = tmp_path / "halved.py"
    file.write_text(HALVED, encoding="utf-8")
    for _ in range(2):
        names = specification_server.add(file)
        specification_server.start()
        assert specification_server.ask("plain", "halved", np.ones(2))[0].tolist() == [0.5, 0.5]
        specification_server.remove(names)
        with pytest.raises(specification_server.SpecificationError):
            specification_server.ask("plain", "halved", np.ones(2))


def test_a_check_leaves_the_folder_of_a_run_in_use(kept, tmp_path):
    with specification_server.keeping_answers(None):
        assert [kept] == specification_server.KEPT
    with specification_server.keeping_answers(tmp_path / "other"):
        assert specification_server.KEPT[0].path.parent == tmp_path / "other"
    assert [kept] == specification_server.KEPT


def test_verdicts_are_the_same_with_and_without(tmp_path):
    how = {"examples": 2, "explain": False, "operations": ["softmax"], "sections": ["numbers"]}
    results = [
        check("numpy_vectorized", **how, spec_cache=folder) for folder in (None, tmp_path, tmp_path)
    ]
    told = [[(v.law, v.status, v.examples, v.worst) for v in r.verdicts] for r in results]
    assert told[0] == told[1] == told[2]
    assert any(v.status == "passed" for v in results[0].verdicts)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "pytest", "--impl", "numpy_vectorized"]
    said = subprocess.run(
        [*command, "--spec-cache", str(tmp_path / "file")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert said.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--spec-cache: " in said.stderr
    assert "file" in said.stderr
    assert Path(tmp_path / "file").read_text() == ""
