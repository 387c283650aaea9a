"""Wrong kernels are caught, in an interpreter; `measure.py` has all of them judged."""

import pytest

from seqlaws.properties import check
from seqlaws.properties.discovery.loader import find
from seqlaws.properties.laws import law_of
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.subject import Subject
from zoo.kernels.planted import DEFECTS, LIBRARIES, planted

LANGUAGES = pytest.mark.parametrize("language", LIBRARIES)
RECURRENT = "lstm", "gru"  # without a gradient
RIGHT = [("triton", "rotary_embedding")]
RIGHT += [("pallas", name) for name in ("softmax", "layer_norm", "attention", "lstm", "gru")]


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_where_it_should_be(name, tmp_path):
    assert planted(name, tmp_path).is_file()


@LANGUAGES
def test_a_wrong_one_is_caught(language, tmp_path):
    pytest.importorskip(LIBRARIES[language])
    spec = planted(f"{language}_sum_not_rescaled", tmp_path)
    result = check(spec, ["softmax"], ["float32"], seconds=120, stop_at_first=True)
    assert [v.level for v in result.failures] == ["MUST"]
    assert result.failures[0].interpreted


@pytest.mark.parametrize(("language", "operation"), RIGHT)
def test_a_right_one_is_not_failed_and_says_that_it_was_interpreted(language, operation):
    pytest.importorskip(LIBRARIES[language])
    register_laws()
    name = f"{language}_kernels"
    subject = Subject(name, find(name), operation, "float32", "cpu")
    for law in ("values", "gradients"):
        verdict = examine(law_of(operation, law), subject, Effort(examples=16))
        assert verdict.status in ("passed", "not offered"), verdict.message
        assert verdict.examples or operation in RECURRENT
        assert verdict.interpreted or not verdict.examples


STATE, GATES = (9, 130), {n: ((n * 130, 3), (n * 130, 130), (n * 130,), (n * 130,)) for n in (3, 4)}
ARRAYS = {  # that cross tiles, by operation
    "softmax": ((3, 11, 300),),
    "layer_norm": ((3, 11, 300), (300,), (300,)),
    "attention": ((2, 4, 70, 8), (2, 2, 150, 8), (2, 2, 150, 8)),
    "lstm": ((9, 5, 3), STATE, STATE, *GATES[4]),
    "gru": ((9, 5, 3), STATE, *GATES[3]),
}


@pytest.mark.parametrize("operation", ARRAYS)
def test_the_pallas_kernels_can_be_lowered_for_a_tpu(operation, monkeypatch):
    jax = pytest.importorskip("jax")
    from jax import export

    from seqlaws.impls import pallas_kernels
    from seqlaws.impls.pallas_kernels import _launch

    function = getattr(pallas_kernels, operation)
    arrays = [jax.numpy.zeros(shape) for shape in ARRAYS[operation]]
    pulled = jax.grad(lambda *a: function(*a).sum(), tuple(range(len(arrays))))
    monkeypatch.setattr(_launch, "INTERPRETED", False)
    jax.clear_caches()
    try:
        for call in (function,) if operation in RECURRENT else (function, pulled):
            made = export.export(jax.jit(lambda *a, of=call: of(*a)), platforms=["tpu"])(*arrays)
            assert "tpu_custom_call" in made.mlir_module()
    finally:
        jax.clear_caches()
