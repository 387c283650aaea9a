"""Which operation, dtype and device run: one enumeration for every door."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties import check
from seqlaws.properties.backends import instances, registry
from seqlaws.properties.laws import LAWS
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.pairing import COSTLY, ELSEWHERE, SPARED, register_laws
from seqlaws.properties.runner.selection import candidates_of
from seqlaws.properties.session import Session


def function(*arguments, **options):
    raise NotImplementedError


def selected(namespace, *asked):
    return candidates_of("mine.py", "mine", namespace, *asked)


def test_each_operation_runs_in_its_own_dtypes_on_its_own_device():
    traits = {
        "dtypes": {"softmax": ("float64", "float32")},
        "device": {"gru": "meta"},
        "backend": {"gru": "torch"},
    }
    pytest.importorskip("torch")
    offered = SimpleNamespace(softmax=function, gru=function, TRAITS=traits)
    running = [(c.operation, c.dtype, c.device) for c in selected(offered) if c.runs]
    assert running == [
        ("softmax", "float64", "cpu"),
        ("softmax", "float32", "cpu"),
        ("gru", "float32", "meta"),
    ]


def left_out(law, *dtypes, profile=""):
    """Return by dtype why a law is left out."""
    offered = SimpleNamespace(softmax=function, TRAITS={"dtypes": ("float64", "float32")})
    register_laws()
    made = [
        replace(c, effort=Effort(profile=profile)) for c in selected(offered, ["softmax"], dtypes)
    ]
    return {c.dtype: c.left_out(LAWS[law]) for c in made if c.runs}


def test_quick_leaves_manners_out_beside_float32_alone():
    law, quick = "run_to_run_identity", {"profile": "quick"}
    assert left_out(law, **quick) == {"float64": ELSEWHERE, "float32": ""}
    assert left_out(law, "float64", **quick) == {"float64": ""}
    assert left_out(law, "float64", "float16", **quick) == {"float64": ""}
    assert left_out(law) == {"float64": "", "float32": ""}


def test_costly_laws_are_left_out_in_float64_beside_float32():
    law = "threads_do_not_disturb_each_other"
    assert left_out(law) == {"float64": SPARED, "float32": ""}
    assert left_out(law, "float64") == {"float64": ""}
    assert left_out(law, profile="nightly") == {"float64": "", "float32": ""}
    assert left_out(law, profile="quick") == {"float64": COSTLY, "float32": COSTLY}


def test_what_is_asked_for_is_said_to_be_missing():
    offered = SimpleNamespace(softmax=function)
    made = selected(offered, ["softmax", "gru"], ["float32", "float16"], ["cpu", "cuda"])
    said = {(c.operation, c.dtype, c.device): c.not_offered or c.unavailable for c in made}
    assert said == {
        ("softmax", "float32", "cpu"): "",
        ("softmax", "float32", "cuda"): "mine: NumPy has no device 'cuda'; cpu is the only one",
        **{
            ("softmax", "float16", d): "float16 is not offered; declared: float32"
            for d in ("cpu", "cuda")
        },
        **{
            ("gru", dtype, d): "gru is not offered"
            for dtype in ("float32", "float16")
            for d in ("cpu", "cuda")
        },
    }


def test_an_operation_has_dtypes_of_its_own():
    made = selected(SimpleNamespace(positional_encoding=function))
    (one,) = [c for c in made if c.runs]
    assert (one.dtype,) == OPERATIONS["positional_encoding"].dtypes


def test_the_device_is_asked_of_the_operations_own_backend():
    pytest.importorskip("torch")
    torch_alone = {"backend": {"attention": "torch"}, "device": "meta"}
    made = selected(SimpleNamespace(attention=function, TRAITS=torch_alone), ["attention"])
    assert [c.runs for c in made] == [True]
    nowhere = SimpleNamespace(attention=function, TRAITS={**torch_alone, "device": "nowhere"})
    (one,) = selected(nowhere, ["attention"])
    assert one.unavailable.startswith("mine: torch has no usable device 'nowhere' here: ")


def test_a_wrong_device_is_said_of_the_library_that_lacks_it(run_suite, plug_in):
    pytest.importorskip("torch")
    traits = {"backend": {"attention": "torch"}, "device": "nowhere"}
    path = plug_in(f"TRAITS = {traits}\ndef attention(q, k, v): return v\n")
    run = run_suite(f"--impl={path}")
    assert run.returncode == 4
    assert "torch has no usable device 'nowhere'" in run.stderr
    assert "NumPy" not in run.stderr


@pytest.fixture
def without_jax(monkeypatch):
    class Missing(registry.BACKENDS["jax"]):
        def __init__(self):
            raise ModuleNotFoundError("No module named 'jax'")

    monkeypatch.setitem(registry.BACKENDS, "jax", Missing)
    monkeypatch.delitem(instances.INSTANCES, "jax", raising=False)


def test_a_library_that_is_missing_is_a_reason_at_every_door(without_jax):
    implementation = SimpleNamespace(softmax=function, TRAITS={"backend": "jax"})
    (one,) = selected(implementation, ["softmax"])
    assert one.unavailable == "mine: No module named 'jax'"
    result = check(implementation, ["softmax"], seconds=20, isolate=False)
    assert {(v.status, v.reason.partition(": ")[2]) for v in result.verdicts} == {
        ("not run", "No module named 'jax'")
    }
    assert not result.passed


def test_every_door_runs_the_same(tmp_path):
    """pytest, check and laws_of put the same laws to the same operations and dtypes."""
    from seqlaws.properties.adoption import all_of
    from seqlaws.properties.discovery import loader
    from seqlaws.properties.discovery.traits import DTYPES

    source = "TRAITS = {'dtypes': ('float16', 'float32')}\ndef softmax(x): ...\ndef lstm(x): ...\n"
    path = tmp_path / "mine.py"
    path.write_text(source)
    session = Session([str(path)], [], [], [])
    puts = all_of(loader.find(str(path)), str(path), list(OPERATIONS), list(DTYPES))
    adopted = {(p.law.name, p.candidate.operation, p.candidate.dtype) for p in puts}
    plugged = {
        (law.name, c.operation, c.dtype)
        for law in LAWS.values()
        for c in session.candidates(law)
        if c.runs
    }
    checked = {
        (v.law_name, v.operation, v.dtype) for v in check(path, seconds=0, isolate=False).verdicts
    }
    assert adopted == plugged == checked
    assert {(s.operation.name, s.dtype) for s in session.subjects()} == {
        (operation, dtype) for _, operation, dtype in adopted
    }


def test_an_implementation_of_another_array_library_is_not_mistaken_for_numpy():
    """The subject that a candidate makes calls through the operation's own backend."""
    torch = pytest.importorskip("torch")
    traits = {"backend": {"softmax": "torch"}}
    namespace = SimpleNamespace(softmax=lambda x, axis=-1: torch.softmax(x, axis), TRAITS=traits)
    (one,) = selected(namespace, ["softmax"])
    made = one.subject().native_array("x", np.ones(2))
    assert isinstance(made, torch.Tensor)
