"""The end of a run: one implementation fits on a screen, whatever is wrong with it."""

import re
from dataclasses import replace

import pytest

from seqlaws.properties.judging.cause import KINDS, Cause
from seqlaws.properties.judging.verdict import STATUSES, Verdict
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.reporting.terminal import sentence, summary

AT_MOST = 40
DTYPES = ("float64", "float32", "bfloat16", "float16")
LONG = "a sentence that goes on and on about what happened in it " * 12


def verdict(law="softmax.values", status="passed", dtype="float32", name="mine", **more):
    level = "SHOULD" if status == "SHOULD failed" else "MUST"
    return Verdict(law, level, law.partition(".")[0], name, dtype, "cpu", status, **more)


def cause(sentence="your output is wrong", level="MUST", name="mine", **more):
    given = {"operations": ["softmax"], "laws": ["softmax.values"], "failures": 1} | more
    return Cause(name, given.pop("kind", "specification"), sentence, level, **given)


def detailed(k, level="MUST", text=""):
    """A cause with four lines: an entry, a case, a changed line."""
    smallest = {"output": "p", "index": [0, 0], "observed": 1.5, "expected": float("nan")}
    smallest |= {"allowed": "inf", "dtype": "float32", "options": {"axis": -1}}
    smallest["arrays"] = {"x": [[0.0, 1.0], [2.0, "inf"]], "y": [[0.0] * 30]}
    lines = ("in reference/softmax.py", "- a = b", "+ a = c")
    said = f"cause {k}{text}"
    return cause(said, level, smallest=smallest, lines=lines, laws=[f"softmax.law_{k}"])


def texts(*given, width=80, **more):
    return [line.text for line in summary(*given, width=width, **more)]


def many(operations=OPERATIONS, dtypes=DTYPES, laws=4, text=""):
    """Verdicts of every status, with many reasons and refusals."""
    made = []
    for operation in operations:
        for dtype in dtypes:
            for k in range(laws):
                for status in STATUSES:
                    one = verdict(f"{operation}.{status.replace(' ', '_')}_{k}", status, dtype)
                    one.reason = f"because of reason {k} of {status}{text}"
                    one.not_offered = {f"option {n} of {operation}{text}": 3 for n in range(9)}
                    made.append(one)
    return made


def fails(count):
    return [verdict(f"softmax.law_{k}", "failed") for k in range(count)]


def test_laws_that_there_was_no_time_to_explain_are_counted_with_their_cause():
    one = cause(not_asked=["softmax.law_1", "softmax.law_2"])
    assert "1. your output is wrong (in softmax) [1 law and maybe 2 more]" in texts(fails(3), [one])
    assert "   no time to explain: softmax.law_1, softmax.law_2" in texts(
        fails(3), [one], verbose=True
    )


def test_gradients_that_may_follow_from_wrong_values_are_told_with_their_cause():
    one = cause(may_follow=["softmax.law_1"])
    assert "1. your output is wrong (in softmax) [1 law and maybe 1 more]" in texts(fails(2), [one])
    assert "   these gradients may follow: softmax.law_1" in texts(fails(2), [one], verbose=True)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("text", ["", f" {LONG}"])
@pytest.mark.parametrize("count", [0, 1, 3, 9, 40, 300])
def test_one_implementation_fits_on_a_screen(count, text, width):
    causes = [detailed(k, text=text) for k in range(count)]
    lines = texts([*many(text=text), *fails(count)], causes, width=width)
    assert len(lines) <= AT_MOST
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("mine: ")
    assert sum(line.startswith("laws: ") for line in lines) == 1


@pytest.mark.parametrize("operations", [1, 7, len(OPERATIONS)])
@pytest.mark.parametrize("reasons", [0, 1, 5, 30])
def test_known_failures_and_operations_leave_room_for_causes(reasons, operations):
    made = many([*OPERATIONS][:operations], laws=1)
    made += [
        verdict(f"softmax.known_{k}", "known failure", reason=f"number {k}") for k in range(reasons)
    ]
    lines = texts(made, [detailed(k) for k in range(3)])
    assert len(lines) <= AT_MOST
    assert all(any(line.startswith(f"{k + 1}. cause {k}") for line in lines) for k in range(3))
    assert all(any(line.startswith(operation) for line in lines) for operation in OPERATIONS) == (
        operations == len(OPERATIONS)
    )


def test_every_operation_on_several_devices_fits_on_a_screen():
    made = many(dtypes=["float32"], laws=1)
    made = [replace(v, device=device) for v in made for device in ("cpu", "cuda", "mps")]
    lines = texts(made, [detailed(k) for k in range(5)])
    assert len(lines) <= AT_MOST
    assert any(line.startswith("... and ") and line.endswith("more lines (-v)") for line in lines)


def test_a_few_causes_are_told_with_all_their_details():
    lines = texts(fails(1), [detailed(0)])
    assert lines[:5] == [
        "mine: 1 failed law, 1 cause",
        "1. cause 0 (in softmax) [1 law]",
        "   p[0, 0] is 1.5, expected nan (float32)",
        "   axis = -1; x (2, 2) = 0, 1, 2, inf; y (1, 30) = 30 entries",
        "   reference/softmax.py a = b  ->  a = c",
    ]


def test_causes_of_must_laws_come_first_and_others_are_marked():
    causes = [detailed(0), detailed(1), cause("unchecked", "SHOULD", kind="guards")]
    lines = texts([*fails(2), verdict("softmax.guard", "SHOULD failed")], causes)
    heads = [line for line in lines if line[:2] in ("1.", "2.", "3.")]
    assert [head.split()[1] for head in heads] == ["cause", "cause", "SHOULD:"]
    assert lines[0] == "mine: 2 failed laws, 2 causes"


def test_causes_for_which_there_is_no_room_are_counted():
    lines = texts(fails(100), [detailed(k) for k in range(100)])
    shown = sum(line.partition(".")[0].isdigit() for line in lines)
    assert f"... and {100 - shown} more causes (-v)" in lines
    assert shown > 20


@pytest.mark.parametrize(
    ("statuses", "says"),
    [
        (["passed"], "mine: no MUST law failed"),
        (["passed", "known failure"], "mine: no MUST law failed, beside 1 known failure"),
        (["not run", "not offered"], "mine: nothing was checked"),
        (["passed", "failed"], "mine: 1 failed law, 1 cause (0 explained)"),
    ],
)
def test_the_first_line_says_whether_it_conforms(statuses, says):
    made = [verdict(f"softmax.law_{k}", status) for k, status in enumerate(statuses)]
    causes = [cause(kind="law")] if "failed" in statuses else []
    assert texts(made, causes)[0] == says


def test_known_failures_are_grouped_by_reason():
    known = [("softmax.a", "slow"), ("softmax.b", "slow"), ("softmax.b", "slow"), ("rnn.a", "bf16")]
    made = [verdict(law, "known failure", reason=reason) for law, reason in known]
    found = [line for line in texts([verdict(), *made]) if "known failure" in line][1:-1]
    assert found == [
        "3 known failures: slow (softmax.a, softmax.b)",
        "1 known failure: bf16 (rnn.a)",
    ]


def test_the_table_has_a_row_for_each_operation():
    made = [verdict(f"{o}.values", "failed", d) for o in ("rnn", "lstm") for d in DTYPES[:2]]
    made[0].status = "passed"
    lines = texts([*made, verdict("gru.values", "not offered")], [cause()])
    heads = next(line.split() for line in lines if line.startswith("operation"))
    assert heads == ["operation", "dtypes", "passed", "failed", "examples", "worst"]
    rows = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("rnn", "lstm"))}
    assert rows["lstm"][:4] == ["f64", "f32", ".", "2"]
    assert rows["rnn"][:5] == ["f64", "f32", "1", "1", "(f32)"]
    assert "not offered: gru" in lines


def test_devices_are_told_where_there_are_others():
    made = [verdict(), Verdict("softmax.values", "MUST", "softmax", "mine", "float32", "cuda")]
    lines = texts(made)
    assert any(line.startswith("softmax on cuda") for line in lines)
    assert any(line.startswith("softmax on cpu") for line in lines)


@pytest.mark.parametrize(
    ("said", "operations", "whole"),
    [
        ("lstm: off", ["lstm"], "lstm: off"),
        ("lstm: off", ["gru", "lstm"], "lstm: off (also in gru)"),
        ("off", ["lstm"], "off (in lstm)"),
        ("off", ["gru", "lstm"], "off (in gru, lstm)"),
    ],
)
def test_a_cause_names_each_of_its_operations_once(said, operations, whole):
    assert sentence(cause(said, operations=operations)) == whole


def test_should_laws_that_failed_are_counted_by_name():
    names = ("softmax.bits", "rnn.bits", "rnn.nan")
    lines = texts([verdict(), *(verdict(name, "SHOULD failed") for name in names)])
    assert "3 SHOULD laws failed: bits (2), nan" in lines


def test_laws_that_were_not_run_are_counted_by_reason():
    made = [
        replace(verdict(f"softmax.{k}", "not run"), reason=f"reason {k // 2}") for k in range(9)
    ]
    lines = texts([verdict(), *made])
    where = lines.index("2 not run: reason 0")
    assert lines[where + 1] == "2 not run: reason 1"
    assert "more lines" in lines[where + 2]
    assert "2 not run: reason 0" in texts([verdict(), *made[:2]])


def test_the_count_of_a_cause_is_in_one_line():
    for length in range(40, 80):
        one = cause("x" * 10 + " y" * (length // 2), failures=1)
        assert any("[1 law]" in line for line in texts([verdict(status="failed")], [one]))


def test_verbose_leaves_nothing_out():
    causes = [detailed(k, text=f" {LONG}") for k in range(30)]
    causes += [cause("loose", "SHOULD", kind=kind, laws=["softmax.loose"]) for kind in KINDS]
    made = [*many(), *fails(30)]
    said = " ".join("\n".join(texts(made, causes, verbose=True)).split())
    for one in causes:
        assert " ".join(one.sentence.split()) in said
        assert all(part in said for part in (*one.laws, *one.lines))
    for v in made:
        if v.status in ("known failure", "SHOULD failed"):
            assert f"{v.law} ({v.dtype}): {v.reason}" in said
        if v.status == "not run":
            assert re.search(rf"not run: {re.escape(v.reason)}: [^:]*{re.escape(v.law)}\b", said)
        assert f"mine {v.operation} {v.dtype} cpu" in said


def test_each_implementation_has_its_own_part():
    made = [verdict(name=name, status="failed") for name in ("mine", "other")]
    lines = texts(made, [cause("of mine"), cause("of other", name="other")])
    assert lines.index("mine: 1 failed law, 1 cause") < lines.index(
        "1. of mine (in softmax) [1 law]"
    )
    other = lines.index("other: 1 failed law, 1 cause")
    assert lines[other + 1].startswith("1. of other")
    assert sum(line.startswith("laws: ") for line in lines) == 1


def test_without_verdicts_only_complaints_are_said():
    assert texts([], complaints=["nothing was found"]) == ["nothing was found"]
