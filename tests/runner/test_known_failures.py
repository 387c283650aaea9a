"""known_failures: which laws a key is about, and what it spares the others."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.impls import numpy_vectorized
from seqlaws.properties.discovery.known_failures import has_to_fail, is_about, is_pattern
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import LAWS
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.known_failures import stale
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.runner.selection import candidates_of

LAW = ("softmax", "values", "bfloat16", "cuda:1")


ABOUT = (
    "values",
    "softmax.values",
    "values[bfloat16]",
    "softmax.values[bfloat16]",
    "softmax.*",
    "*",
    "val*[bfloat16]",
    "s*.v*",
    "value?",
    "values[cuda]",
    "values[cuda:1]",
    "softmax.values[bfloat16, cuda]",
    "values[may pass]",
    "softmax.values[bfloat16, may pass]",
)


@pytest.mark.parametrize("key", ABOUT)
def test_a_key_is_about_a_law(key):
    assert is_about(key, *LAW)


@pytest.mark.parametrize(
    "key",
    [
        "value",
        "softmax",
        "gru.values",
        "values[float32]",
        "softmax.values[float16]",
        "gru.*",
        "",
        "values[cpu]",
        "values[float32, cuda]",
        "values[cuda:0]",
        "values[float16, may pass]",
    ],
)
def test_a_key_is_about_no_other_law(key):
    assert not is_about(key, *LAW)


def test_wildcards_may_name_laws_that_pass():
    assert is_pattern("softmax.*[bfloat16]")
    assert is_pattern("value?")
    assert not is_pattern("softmax.values[bfloat16]")


def test_what_may_pass_is_no_error_where_it_passes():
    """It is a known failure where it fails."""
    key, name = "softmax.values[float32, may pass]", "mine"
    passed = Verdict("softmax.values", "MUST", "softmax", name, "float32", "cpu", "passed")
    assert not stale(name, {key: "by luck"}, ["softmax.values"], [passed], examples=100)
    assert stale(
        name, {"softmax.values[float32]": "always"}, ["softmax.values"], [passed], examples=100
    )
    assert not has_to_fail(key)
    assert has_to_fail("softmax.values[float32]")
    half = {"values[may pass]": "by half"}
    assert statuses(lambda x, axis=-1: weights(x, axis) / 2, half)["values"] == "known failure"
    right = numpy_vectorized.softmax
    assert statuses(right, {**half, "softmax.values": "once"})["values"] == "passed"


def weights(x, axis):
    """Softmax, with zeros for a row that is -inf throughout."""
    most = x.max(axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(x - np.where(np.isneginf(most), 0, most))
    total = e.sum(axis=axis, keepdims=True)
    return e / np.where(total == 0, 1, total)


def written(x, axis=-1):
    p = weights(x, axis)
    x[...] = 7
    return p


def shared(x, axis=-1):
    x[...] = weights(x, axis)
    return x


KEYS = ("{law}", "softmax.{law}", "softmax.{law}[float32]", "{law}[float32]", "softmax.{law}*")
IN_PLACE = [
    (written, ["inputs_are_not_written"]),
    (shared, ["inputs_are_not_written", "outputs_share_no_memory"]),
]


def statuses(function, known):
    """The status of each MUST of softmax, but for the laws that take a process or long."""
    namespace = SimpleNamespace(softmax=function, TRAITS={"known_failures": known})
    register_laws()
    (one,) = candidates_of("<made>", "made", namespace, ["softmax"], ["float32"])
    one = replace(one, effort=Effort(examples=30, shrinking=0.0))
    laws = [law for law in LAWS.values() if "softmax" in law.operations and law.level == "MUST"]
    return {law.name: one.verdict(law).status for law in laws if law.sweep is None}


@pytest.mark.parametrize(("function", "laws"), IN_PLACE)
def test_a_manner_fails_the_law_about_it_alone(function, laws):
    found = statuses(function, {})
    assert {name for name, status in found.items() if status == "failed"} <= set(laws)
    assert all(found[law] == "failed" for law in laws)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("function", "laws"), IN_PLACE)
def test_each_form_of_a_key_declares_it(function, laws, key):
    found = statuses(function, {key.format(law=law): "in place" for law in laws})
    assert all(found[law] == "known failure" for law in laws)


@pytest.mark.parametrize(
    "key", ["softmax.inputs_are_not_written[float64]", "gru.inputs_are_not_written", "gru.*"]
)
def test_a_key_about_others_declares_nothing(key):
    assert statuses(written, {key: "in place"})["inputs_are_not_written"] == "failed"


def test_a_known_failure_ends_at_its_first_failing_case():
    """Unless it is asked for: then it is shrunk as any failure is."""
    half = SimpleNamespace(
        softmax=lambda x, axis=-1: numpy_vectorized.softmax(x, axis) / 2,
        TRAITS={"known_failures": {"values": "by half"}},
    )
    register_laws()
    (one,) = candidates_of("<made>", "made", half, ["softmax"], ["float32"])
    sizes = []
    for knows in (False, True):
        effort = Effort(examples=30, shrinking=1.0, explains=False, knows=knows)
        verdict = replace(one, effort=effort).verdict(LAWS["values"])
        assert verdict.status == "known failure"
        sizes.append(np.size(verdict.witness["arrays"]["x"]))
    assert sizes[0] > sizes[1] == 2  # the least that is drawn


def test_the_documented_key_spares_the_other_laws(run_suite, plug_in):
    """An in-place softmax fails the law that it declares, and no other."""
    path = plug_in(
        "import numpy as np\n"
        "TRAITS = {'known_failures': {'softmax.inputs_are_not_written': 'in place'}}\n"
        "def softmax(x, axis=-1):\n"
        "    x -= np.where(np.isneginf(m := x.max(axis=axis, keepdims=True)), 0, m)\n"
        "    e = np.exp(x)\n"
        "    t = e.sum(axis=axis, keepdims=True)\n"
        "    return e / np.where(t == 0, np.float32(1), t)\n"
    )
    chosen = "rows_sum or order_is_kept or inputs_are_not_written"
    run = run_suite(f"--impl={path}", "--op=softmax", "-k", chosen, "--hypothesis-profile=quick")
    assert run.returncode == 0, run.stdout
    assert "1 known failure: in place (softmax.inputs_are_not_written)" in run.stdout
    assert "2 passed" in run.stdout and "1 xfailed" in run.stdout


def verdict(law, status, dtype="float32", name="mine"):
    return Verdict(law, "MUST", law.partition(".")[0], name, dtype, "cpu", status)


@pytest.mark.parametrize(
    ("key", "statuses", "examples", "says"),
    [
        ("softmax.values", ["passed"], 10, "passed; remove it"),
        ("values", ["passed", "passed"], 10, "passed; remove it"),
        ("values", ["passed", "known failure"], 10, ""),
        ("softmax.val*", ["passed"], 10, ""),
        ("softmax.val*", ["passed"], 100, "passed; remove it"),
        ("values", ["not run"], 100, ""),
        ("values", [], 100, ""),
        ("softmax.vaules", ["passed"], 100, "did you mean 'softmax.values'?"),
    ],
)
def test_what_is_no_known_failure_any_more_is_said(key, statuses, examples, says):
    names = ["values", "softmax.values"]
    verdicts = [verdict("softmax.values", s, f"float{16 << k}") for k, s in enumerate(statuses)]
    others = [verdict("softmax.values", "failed", name="another")]
    said = stale("mine", {key: "why"}, names, verdicts + others, examples)
    assert len(said) == bool(says)
    assert says in "".join(said)
