"""Lines of an implementation that no case executed are reported, wherever it runs."""

import json
import sys

import pytest

from seqlaws.properties.isolation.executed_lines import Executed
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.reporting.page.render import markdown, page
from seqlaws.properties.reporting.page.report import report_of
from seqlaws.properties.reporting.unexecuted import gaps, told

SOURCE = """\
import numpy as np


def softmax(x, axis=-1):
    if x.size > 10**12:
        x = x + 1
        for _ in range(3):

            x = x - 1

    if x.dtype == np.float16:
        raise TypeError(
            "float16 is not supported"
        )
    return rows(x, axis)


def rows(x, axis):
    top = x.max(
        axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isneginf(top), 0, top).astype(x.dtype)
    e = np.exp(x - top)
    total = e.sum(axis=axis, keepdims=True)
    return e / (total if total.all() else
                np.where(total == 0, 1, total).astype(x.dtype))


def never_called(x):
    return x
"""
FIRST = "never executed: mine.py:6-9, after line 5: if x.size > 10**12:"


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.mark.parametrize("how", [(), ("--isolate",), ("-n", "2")], ids=" ".join)
def test_a_run_tells_what_it_did_not_execute(run_suite, mine, tmp_path, how):
    if "-n" in how:
        pytest.importorskip("xdist")
    file = tmp_path / "v.json"
    done = run_suite(
        "--impl", mine, "--op", "softmax", "--hypothesis-profile", "quick", "--unexecuted",
        "--verdict-json", file, "-k", "values or nan or fully_masked or minus_infinity", *how,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout.count("never executed") == 1, done.stdout + done.stderr
    assert FIRST in done.stdout
    (gap,) = json.loads(file.read_text(encoding="utf-8"))["unexecuted"]
    assert (gap["function"], gap["first"], gap["last"], gap["before"]) == ("softmax", 6, 9, 5)
    report = report_of([file])
    shown = "mine.py:6-9, after line 5: if x.size"
    assert shown in page(report)
    assert shown in markdown(report)


def test_without_the_option_nothing_is_traced(run_suite, mine, tmp_path):
    file = tmp_path / "v.json"
    done = run_suite(
        "--impl", mine, "--op", "softmax", "--hypothesis-profile", "quick", "-k", "rows_sum",
        "--verdict-json", file, cwd=tmp_path,
    )  # fmt: skip
    assert "never executed" not in done.stdout
    assert json.loads(file.read_text(encoding="utf-8"))["unexecuted"] == []


def executed_by(mine, call):
    """The verdict of a law that made one call."""
    module = type(sys)("mine")
    module.__file__ = str(mine)
    exec(compile(mine.read_text(encoding="utf-8"), str(mine), "exec"), module.__dict__)
    lines = Executed(module)
    found = lines.during(lambda: call(module))
    verdict = Verdict("softmax.values", "MUST", "softmax", "mine", "float32", "cpu")
    verdict.executed = lines.told()
    assert lines.told() == {}
    return found, verdict


def test_lines_of_several_laws_are_taken_together(mine):
    mine.write_text(
        "def f(x):\n    if x > 0:\n        return 1\n    y = 2\n    return y\n", encoding="utf-8"
    )
    one, first = executed_by(mine, lambda module: module.f(1))
    two, second = executed_by(mine, lambda module: module.f(-1))
    assert (one, two) == (1, 2)
    assert [(g.first, g.last) for g in gaps([first])] == [(4, 5)]
    assert [(g.first, g.last) for g in gaps([second])] == [(3, 3)]
    assert told([first, second]) == ["every line of each function that was called was executed"]
    assert told([]) == []


def test_an_exception_ends_the_tracing(mine):
    mine.write_text("def f(x):\n    y = 1 / x\n    return y\n", encoding="utf-8")
    before = sys.gettrace()
    with pytest.raises(ZeroDivisionError):
        executed_by(mine, lambda module: module.f(0))
    assert sys.gettrace() is before


def test_a_debugger_goes_on(mine):
    def debugger(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(debugger)
    try:
        _, verdict = executed_by(mine, lambda module: sys.gettrace())
        kept = sys.gettrace()
    finally:
        sys.settrace(before)
    assert kept is debugger
    assert verdict.executed == {}


def test_a_function_inside_another_and_a_class_are_looked_at(mine):
    mine.write_text(
        "class Made:\n"
        "    def f(self, x):\n"
        "        def inner(y):\n"
        "            return y\n"
        "        return [\n"
        "            inner(y) for y in x\n"
        "        ]\n",
        encoding="utf-8",
    )
    _, verdict = executed_by(mine, lambda module: module.Made().f([]))
    assert [(g.function, g.first) for g in gaps([verdict])] == [("Made.f.<locals>.inner", 4)]


def test_a_file_without_its_source_is_left_out(tmp_path):
    verdict = Verdict("softmax.values", "MUST", "softmax", "mine", "float32", "cpu")
    verdict.executed = {str(tmp_path / "gone.py"): [1, 2], "<string>": [1]}
    assert gaps([verdict]) == []
