"""Causes: failures with one reason are explained together, however they were found."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from causes.explained import HEAD, ROWS, VALUES, explained
from causes.planted import planted

from seqlaws.properties import check
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.runner.causes import causes_of, told_by_causes
from seqlaws.properties.runner.from_solution import not_explained, with_verdicts
from seqlaws.properties.runner.from_verdicts import cause

BLOG = Path(__file__).resolve().parents[1] / "causes" / "blog_a.py"
TOGETHER = (*VALUES, "fully_masked_rows", "options_left_out")
EVERY, SIZES = "_of_every_combination", "_at_every_size"
BENT = HEAD + ROWS + "def softmax(x, axis=-1):\n    return rows(np.tanh(x) - x * x / 7, axis)\n"
ADDED_UP = HEAD + ROWS + """
total = 0
def softmax(x, axis=-1):
    return rows(x, axis)
def softmax_vjp(dp, x, axis=-1):
    global total
    p = rows(x, axis)
    dx = p * (dp - (p * dp).sum(axis=axis, keepdims=True))
    total = total + dx if np.shape(total) == dx.shape else dx
    return total.copy()
"""  # fmt: skip
ROWS_OF_NAN = HEAD + """
def softmax(x, axis=-1):
    if x.ndim == 0 or x.dtype != np.float32 or not -x.ndim <= axis < x.ndim:
        raise ValueError("a float32 array and one of its axes are expected")
    with np.errstate(invalid="ignore"):
        e = np.exp(x - x.max(axis=axis, keepdims=True, initial=-np.inf))
        return np.float64(e / e.sum(axis=axis, keepdims=True))
"""  # fmt: skip


OWN_GRADIENT = HEAD + ROWS + """
def softmax(x, axis=-1):
    return rows(x * np.float32(np.log(2)), axis)
def softmax_vjp(dp, x, axis=-1):
    p = rows(x, axis)
    return p * (dp - FACTOR (p * dp).sum(axis=axis, keepdims=True))
"""  # fmt: skip
KEPT_ANGLES = HEAD + """
angles = {}
def rotary_embedding(x, positions):
    n = x.shape[-1] // 2
    a = positions[:, None] / 10000.0 ** (np.arange(n) / n)
    a = angles.setdefault(x.shape[-2:], a)
    c, s = np.cos(a).astype(x.dtype), np.sin(a).astype(x.dtype)
    one, other = x[..., :n], x[..., n:]
    return np.concatenate([one * c - other * s, other * c + one * s], axis=-1)
"""  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "defect", "name"),
    [
        ("lstm", "h_n and c_n are swapped", "h_n and c_n swapped"),
        ("layer_norm", "bias is left out", "no bias"),
        ("softmax", "powers of two instead of e", "base 2"),
        ("attention", "scale is 1/D instead of 1/sqrt(D)", "scale 1/D"),
    ],
)
def test_one_defect_is_one_cause(tmp_path, operation, defect, name):
    path = planted(operation, defect, into=tmp_path)
    verdicts, (one,) = explained(path, [operation], examples=40)
    failed = [v.law for v in verdicts if v.status == "failed"]
    assert (one.kind, one.level, one.names) == ("specification", "MUST", (name,))
    assert one.sentence == f"your output is that of {operation} with {name}"
    assert sorted(one.laws) == sorted(failed)
    assert one.failures == len(failed) > 1
    assert one.lines[0].startswith("in reference/")
    assert one.smallest["law"] in failed
    assert {"output", "observed", "expected", "allowed", "arrays"} <= set(one.smallest)


@pytest.mark.parametrize(
    ("operation", "defects", "names"),
    [
        (
            "attention",
            ("softcap is ignored", "query_offset is off by one"),
            {"softcap ignored", "query_offset one short"},
        ),
        (  # two changes of one line
            "attention",
            ("scale is 1/D instead of 1/sqrt(D)", "a scale of 0 is taken for none given"),
            {"scale 1/D", "scale 0.0 taken for none"},
        ),
        (
            "softmax",
            ("NaN for a row that is -inf throughout", "axis is ignored: always the last"),
            {"fully masked rows give NaN, not zeros", "axis ignored"},
        ),
    ],
)
def test_two_defects_are_two_causes(tmp_path, operation, defects, names):
    path = planted(operation, *defects, into=tmp_path)
    _, causes = explained(path, [operation], TOGETHER, examples=60)
    assert len(causes) == 2
    assert {name for one in causes for name in one.names} == names


def test_values_decide_where_gradients_speak_for_another_change(tmp_path):
    """Its own gradients are those of a third formula: `bias_hh inside the reset gate` has some."""
    laws = tuple(f"{what}{how}" for what in ("values", "gradients") for how in ("", EVERY, SIZES))
    path = planted("gru", "reset_after is ignored: always after", into=tmp_path)
    verdicts, (one,) = explained(path, ["gru"], laws, examples=40)
    assert one.names[0] == "reset after"
    assert {v.law for v in verdicts if v.status == "failed"} == {*one.laws, *one.may_follow}
    assert all(law.startswith("gru.gradients") for law in one.may_follow)
    assert one.may_follow


def test_what_a_change_only_rounds_in_another_way_is_explained_by_it(tmp_path):
    """Moments over all axes of equal numbers are those of a row, and less exact."""
    path = planted("layer_norm", "mean and variance are those of the whole array", into=tmp_path)
    laws = ("values", "values_at_every_size", "broadcast_inputs")
    verdicts, (one,) = explained(path, ["layer_norm"], laws, examples=40)
    assert one.names == ("moments over all axes",)
    assert len(one.laws) == sum(v.status == "failed" for v in verdicts) == 3


def test_a_dtype_is_one_cause_of_several_operations():
    kind = ("outputs_are_of_the_inputs_kind",)
    _, (one,) = explained(BLOG, ["softmax", "lstm", "attention"], kind, examples=50)
    assert one.kind == "manners"
    assert one.operations == ["softmax", "lstm", "attention"]
    assert "dtype float64, not float32" in one.sentence
    assert one.remedy == "return arrays of the inputs' kind, dtype and device"


def test_arguments_that_are_not_checked_are_one_cause_of_a_should():
    guards = ("wrong_shapes_are_refused", "wrong_dtypes_are_refused")
    _, (one,) = explained(BLOG, ["softmax", "attention"], guards)
    assert (one.kind, one.level) == ("guards", "SHOULD")
    assert len(one.laws) == one.failures > 1


def test_what_is_no_change_of_a_line_is_one_cause_without_a_name(plug_in):
    _, (one,) = explained(plug_in(BENT), ["softmax"])
    assert one.kind == "law"
    assert one.sentence.startswith("softmax: ")
    assert one.sentence.endswith("no known misreading explains it")
    assert one.failures == 3
    assert not one.lines


def test_a_gradient_that_accumulates_is_told_as_that(plug_in):
    _, (one,) = explained(plug_in(ADDED_UP), ["softmax"], ("gradients", "jacobian"))
    assert one.kind == "calls"
    assert "accumulate" in one.sentence


def test_exceptions_with_other_numbers_are_one_cause(plug_in):
    body = "def softmax(x, axis=-1):\n    raise RuntimeError(f'block of {x.size} threads')\n"
    verdicts, (one,) = explained(plug_in(HEAD + body), ["softmax"])
    assert one.kind == "exception"
    assert one.failures == len(verdicts)


STACKED = """
def multi_head_attention(query, key, value, in_proj_weight, in_proj_bias, out_proj_weight,
                         out_proj_bias, num_heads):
    raise RuntimeError(f"got {list(query.shape)} and {list(key.shape)} at head {num_heads}")
def multi_head_attention_vjp(dout, *given):
    return multi_head_attention(*given)
"""


def test_exceptions_of_a_call_and_of_its_gradient_with_other_shapes_are_one_cause(plug_in):
    laws = ("values", "values_at_every_size", "gradients", "batch_is_its_rows")
    verdicts, (one,) = explained(plug_in(HEAD + STACKED), ["multi_head_attention"], laws)
    assert len({v.reason for v in verdicts}) > 1
    assert one.kind == "exception"
    assert one.failures == len(verdicts) == 4


def test_exceptions_of_two_lines_are_two_causes(plug_in):
    line = "        raise RuntimeError('no such kernel')\n"
    body = f"def softmax(x, axis=-1):\n    if x.ndim > 1:\n{line}    else:\n{line}"
    laws = (*VALUES, "values_at_every_size", "rows_sum_to_one", "shift_invariance")
    verdicts, causes = explained(plug_in(HEAD + body), ["softmax"], laws)
    lines = {v.reason.rpartition(":")[2] for v in verdicts}
    assert len(lines) == len(causes) == 2


def test_an_exception_in_a_law_about_manners_is_no_violation_of_it(plug_in):
    body = "def softmax(x, axis=-1):\n    raise RuntimeError('no such kernel')\n"
    laws = ("inputs_are_not_written", "outputs_share_no_memory", "values")
    verdicts, (one,) = explained(plug_in(HEAD + body), ["softmax"], laws)
    assert one.kind == "exception"
    assert one.failures == sum(v.status == "failed" for v in verdicts) > 1
    assert not one.remedy


def test_an_implementation_that_cannot_be_called_again_has_causes_all_the_same(tmp_path):
    verdicts, _ = explained(
        planted("softmax", "powers of two instead of e", into=tmp_path), ["softmax"]
    )
    causes = causes_of(verdicts, None, 1.0)
    assert {law for one in causes for law in one.laws} == {v.law for v in verdicts}
    assert {one.kind for one in causes} == {"law"}


def test_a_cause_is_told_in_the_verdicts_that_it_explains(tmp_path):
    path = planted("layer_norm", "bias is left out", into=tmp_path)
    verdicts, (one,) = explained(path, ["layer_norm"])
    told_by_causes(verdicts, [one])
    for v in verdicts:
        assert v.diagnosis == one.sentence
        head, _, rest = v.message.partition("\n  case\n")
        assert "  cause           your output is that of layer_norm with no bias" in head
        assert one.lines[0] in head
        assert rest


@pytest.mark.parametrize(("level", "alone"), [("MUST", False), ("SHOULD", True)])
def test_what_there_was_no_time_to_explain_is_told_with_a_cause_as_grave(level, alone):
    about = "softmax", "mine", "float32", "cpu", "failed"
    first = Verdict("softmax.values", level, *about)
    found = with_verdicts(cause(first, "specification", "with base 2"), [first])
    waiting = [Verdict(f"softmax.law_{k}", "MUST", *about) for k in range(2)]
    causes = [*not_explained([], waiting, [found], over=True)]
    laws = [v.law for v in waiting]
    assert [one.laws for one in causes] == ([laws] if alone else [])
    assert found.not_asked == ([] if alone else laws)
    assert found.laws == [first.law]


def test_a_search_that_is_cut_off_does_not_say_that_nothing_explains(tmp_path):
    path = planted("lstm", "h_n and c_n are swapped", into=tmp_path)
    _, (one,) = explained(path, ["lstm"], seconds=0.01)
    assert one.kind == "law"
    assert "there was no time" in one.sentence


def test_what_passed_has_no_cause():
    law = "softmax.values"
    passed = Verdict(law, "MUST", "softmax", "mine", "float32", "cpu")
    assert causes_of([passed, replace(passed, status="known failure")], None, 1.0) == []


def test_check_has_causes(plug_in):
    result = check(plug_in(ROWS_OF_NAN), ["softmax"], ["float32"], examples=3)
    sentences = [one.sentence for one in result.causes]
    assert len(sentences) == 2
    assert "softmax: fully masked rows give NaN, not zeros" in sentences
    explains = {law for one in result.causes for law in one.laws}
    assert {v.law for v in result.failures} <= explains
    told = json.loads(result.json())
    assert [one["sentence"] for one in told["causes"]] == sentences
    assert all("evidence" not in row for row in told["verdicts"])
    assert all(f"{k + 1}. {said}" in str(result) for k, said in enumerate(sentences))


FEW = (
    "--op",
    "softmax",
    "--hypothesis-profile",
    "quick",
    "-k",
    "nan_shows or fully_masked_rows or options_left_out or inputs_kind",
)
TEXT = "\n  implementation  mine (float32, cpu)\n"


def test_a_run_prints_causes_and_whole_texts_only_if_asked(
    run_suite, plug_in, tmp_path, monkeypatch
):
    monkeypatch.setenv("CI", "true")  # pytest's short summary repeats whole messages there
    path, told = plug_in(ROWS_OF_NAN), {}
    for name, more in {
        "": (),
        "-v": ("-v",),
        "all": ("--all-failures",),
        "-n": ("-n", "2"),
    }.items():
        if name == "-n":
            pytest.importorskip("xdist")
        file = tmp_path / f"verdict{name}.json"
        run = run_suite(f"--impl={path}", *FEW, *more, "--verdict-json", file)
        assert run.returncode == 1, run.stdout + run.stderr
        document = json.loads(file.read_text(encoding="utf-8"))
        told[name] = {(c["kind"], c["sentence"], *sorted(c["laws"])) for c in document["causes"]}
        failed = document["summary"]["failed"]
        shown = {"": 0, "-v": len(told[name]), "all": failed, "-n": 0}[name]
        assert run.stdout.count(TEXT) == shown, run.stdout
        assert ("= FAILURES =" in run.stdout) == (shown > 0)
        assert ("   laws: softmax." in run.stdout) == (name == "-v")
        assert f"mine: {failed} failed laws, 2 causes" in run.stdout
        assert failed > 2
    assert len(set(map(frozenset, told.values()))) == 1


@pytest.mark.parametrize(("factor", "names"), [("", []), ("2 * ", ["unknown"])])
def test_a_function_is_explained_beside_a_vjp_of_another_one(tmp_path, factor, names):
    """Where the values are right, no gradient is wrong because of them."""
    path = tmp_path / "mine.py"
    path.write_text(OWN_GRADIENT.replace("FACTOR", factor), encoding="utf-8")
    _, (values, *others) = explained(path, ["softmax"], ("values", "gradients"), examples=30)
    assert values.names == ("base 2",)
    assert values.laws == ["softmax.values"]
    assert not values.may_follow
    assert [one.laws for one in others] == [["softmax.gradients"] for _ in names]


def test_what_is_kept_from_an_earlier_call_is_named(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(KEPT_ANGLES, encoding="utf-8")
    _, (one,) = explained(path, ["rotary_embedding"], ("values",), examples=40)
    said = "`positions` comes from an earlier call with the same shapes"
    assert one.sentence == f"rotary_embedding: {said}"


@pytest.mark.parametrize("count", ["positions[:1] + rows", "positions - positions[:1]"])
def test_positions_that_are_counted_from_the_first_one_are_named(plug_in, count):
    source = HEAD + "from seqlaws.impls import numpy_vectorized as right\n"
    source += "def rotary_embedding(x, positions, base=10000.0, interleaved=False):\n"
    source += "    rows = np.arange(len(positions))\n"
    source += f"    return right.rotary_embedding(x, {count}, base, interleaved)\n"
    _, (one,) = explained(plug_in(source), ["rotary_embedding"], ("values",), examples=40)
    up = "counted up " if "rows" in count else ""
    assert (
        one.sentence == f"your output is that of rotary_embedding with positions {up}from the first"
    )


@pytest.mark.parametrize(
    ("operation", "signature"),
    [
        ("gru", "reset_after=False, lengths=None, reverse=False"),
        ("gru", "reset_after=True, lengths=None, reverse=True"),
        ("rnn", "nonlinearity='relu', lengths=None, reverse=False"),
        ("rnn", "nonlinearity='tanh', lengths=None, reverse=True"),
    ],
)
def test_another_default_of_any_option_is_found(plug_in, operation, signature):
    given = "x, h0, weight_ih, weight_hh, bias_ih, bias_hh"
    names = ", ".join(part.partition("=")[0] for part in signature.split(", "))
    source = HEAD + "from seqlaws.impls import numpy_vectorized as right\n"
    source += f"def {operation}({given}, {signature}):\n"
    source += f"    return right.{operation}({given}, {names})\n"
    (verdict,), _ = explained(plug_in(source), [operation], ("options_left_out",), examples=10)
    assert verdict.status == "failed"
    assert verdict.reason.startswith("leaving an option out differs from giving its default")


def test_outputs_of_another_shape_are_one_cause_whatever_law_saw_them():
    told = {
        "values": "attention returned out with shape (2, 6, 9, 6), not (2, 6, 9, 2)",
        "outputs_share_no_memory": "attention returned out with shape (1, 1, 2), not (1, 1, 3)",
        "inputs_are_not_written": "attention returned out with shape (0, 1), not (0, 2)",
    }
    verdicts = [
        Verdict(
            f"attention.{law}", "MUST", "attention", "mine", "float32", "cpu", "failed", reason=r
        )
        for law, r in told.items()
    ]
    (one,) = causes_of(verdicts, None, 1.0)
    assert one.failures == len(told)
    assert "sizes" in one.remedy
