"""Results that are rounded towards zero are told from a sum in few bits; right ones are not."""

from types import SimpleNamespace

import numpy as np
import pytest

from seqlaws.properties.laws import law_of
from seqlaws.properties.misreadings.vocabulary import narrow
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.subject import Subject

torch = pytest.importorskip("torch")
EFFORT = Effort(examples=30, shrinking=0.3)


def rounded(x, dtype, *, cut):
    """x in a narrower dtype: to the nearest, or without the digits beyond it."""
    near = x.to(dtype)
    if not cut or x.dtype == dtype:
        return near
    zero = torch.zeros_like(near)
    return torch.where(near.double().abs() > x.double().abs(), torch.nextafter(near, zero), near)


def computed_in_float32(operation, *, cut):
    """torch_ops in float32, its results rounded to the dtype of the arrays."""
    from seqlaws.impls import torch_ops

    of_float32 = getattr(torch_ops, operation)

    def function(*arrays, **options):
        wide = [x.float() if x.is_floating_point() else x for x in arrays]
        named = {
            n: o.float() if isinstance(o, torch.Tensor) and o.is_floating_point() else o
            for n, o in options.items()
        }
        found = of_float32(*wide, **named)
        single = not isinstance(found, tuple)
        found = [rounded(x, arrays[0].dtype, cut=cut) for x in ([found] if single else found)]
        return found[0] if single else tuple(found)

    function.__signature__ = __import__("inspect").signature(of_float32)
    return SimpleNamespace(TRAITS=torch_ops.TRAITS, **{operation: function})


def verdict_of(operation, dtype, law="values", *, cut):
    register_laws()
    made = computed_in_float32(operation, cut=cut)
    return examine(law_of(operation, law), Subject("it", made, operation, dtype, "cpu"), EFFORT)


@pytest.mark.parametrize(
    ("operation", "dtype"),
    [
        ("softmax", "bfloat16"),
        ("softmax", "float16"),
        ("layer_norm", "float16"),
        ("gru", "float16"),
        ("lstm_gates", "float16"),
    ],
)
def test_rounding_towards_zero_is_named(operation, dtype):
    assert verdict_of(operation, dtype, cut=False).status == "passed"
    verdict = verdict_of(operation, dtype, cut=True)
    assert verdict.status == "failed"
    assert "results rounded towards zero" in verdict.diagnosis


def test_what_is_cut_off_is_never_further_from_zero():
    x = np.linspace(-3.0, 3.0, 1001)
    for form in ("float16", "bfloat16", "float32", 5):
        nearest, below = narrow(x, form), narrow(x, form, np.trunc)
        assert (np.abs(below) <= np.abs(x)).all()
        assert np.array_equal(narrow(below, form), below)  # a number of the format
        assert (np.abs(x - nearest) <= np.abs(x - below)).all()
