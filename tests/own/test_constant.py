"""Arrays without a gradient, and formulas of several forms: a batch norm at inference."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from specs import source

import seqlaws
from seqlaws.properties.own.declared import DeclarationError

BATCH_NORM = """
    import numpy as np
    from seqlaws import either, operation

    @operation(
        x="B C S", weight="C", bias="C", mean="C", var="C: positive",
        returns="B C S", batch="B", constant="mean var",
    )
    def batch_norm(x, weight, bias, mean, var, eps: float = 1e-5):
        x = np.swapaxes(x, 1, 2)
        scale = weight / np.sqrt(var + eps)
        FORMS
        return np.swapaxes(y, 1, 2)
"""
BOTH = "y = either((x - mean) * scale + bias, x * scale + (bias - mean * scale))"
CENTRED = "y = (x - mean) * scale + bias"
FOLDED = """
    import numpy as np
    TRAITS = {"dtypes": ("float32",)}

    def batch_norm(x, weight, bias, mean, var, eps=1e-5):
        scale = weight / np.sqrt(var + x.dtype.type(eps))
        return x * scale[:, None] + (bias - mean * scale)[:, None]

    def batch_norm_vjp(dy, x, weight, bias, mean, var, eps=1e-5):
        r = 1 / np.sqrt(var + x.dtype.type(eps))
        h = (x - mean[:, None]) * r[:, None]
        return dy * (weight * r)[:, None], (dy * h).sum((0, 2)), dy.sum((0, 2))
"""
TORCH = """
    import torch.nn.functional as F
    TRAITS = {"backend": "torch", "dtypes": ("float32",)}

    def batch_norm(x, weight, bias, mean, var, eps=1e-5):
        return F.batch_norm(x, mean, var, weight, bias, False, 0.0, eps)
"""


def judged(write, plug_in, implementation, forms=BOTH):
    spec = write(source(BATCH_NORM.replace("FORMS", forms)), "batch_norm.py")
    return seqlaws.check(plug_in(source(implementation)), spec=spec, examples=30)


@pytest.mark.slow
@pytest.mark.parametrize("implementation", [FOLDED, TORCH])
def test_a_folded_one_passes_and_is_asked_for_no_gradient_of_its_moments(
    write, plug_in, implementation
):
    """torch's batch norm raises where the gradient of a running mean is asked for."""
    result = judged(write, plug_in, implementation)
    assert not result.failures, str(result)
    passed = {v.law_name for v in result.verdicts if v.status == "passed"}
    assert passed >= {"values", "gradients", "any_other_program_gets_the_same_gradient"}


@pytest.mark.slow
def test_without_the_second_form_it_is_not_exact_enough(write, plug_in):
    result = judged(write, plug_in, FOLDED, CENTRED)
    failed = {v.law_name for v in result.failures}
    assert failed & {"values", "values_at_every_magnitude", "values_at_every_size"}
    assert "gradients" not in failed


@pytest.mark.slow
def test_a_wrong_one_is_named(write, plug_in):
    wrong = FOLDED.replace("(bias - mean * scale)", "(bias + mean * scale)")
    (cause, *_) = judged(write, plug_in, wrong).causes
    assert "`mean` added in `x - mean`" in cause.sentence


@pytest.mark.parametrize(
    ("constant", "says"),
    [
        ("weight", "no array has a gradient; declare differentiable=False"),
        (
            "wieght",
            "wieght is declared constant; that is for floating arrays of every call: weight",
        ),
        ("index", "index is declared constant; that is for floating arrays .*: weight"),
    ],
)
def test_what_cannot_be_constant_is_refused(constant, says):
    with pytest.raises(DeclarationError, match=says):

        @seqlaws.operation(weight="V E", index="B: below V", returns="B E", constant=constant)
        def rows(weight, index):
            return weight[index]
