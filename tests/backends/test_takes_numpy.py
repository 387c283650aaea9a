"""A class over another library's arrays is judged as one over NumPy's."""

import inspect

import numpy as np
import pytest

from seqlaws import reference
from seqlaws.properties import check, takes_numpy

torch = pytest.importorskip("torch")
torch_ops = pytest.importorskip("seqlaws.impls.torch_ops")


def gradients(function, arrays, cotangents):
    leaves = [array.requires_grad_() for array in arrays]
    return torch.autograd.grad(function(*leaves), leaves, cotangents)


def without_the_last(function, arrays, cotangents):
    return gradients(function, arrays, [*cotangents[:-1], 0 * cotangents[-1]])


def over(vjp):
    @takes_numpy(to=torch.from_numpy, back=lambda tensor: tensor.detach().numpy(), vjp=vjp)
    class Over:
        softmax = torch_ops.softmax
        lstm = torch_ops.lstm
        encoder_layer = torch_ops.encoder_layer

    return Over


def test_what_is_right_passes_with_its_gradients():
    result = check(over(gradients), ["softmax", "lstm"], isolate=False, examples=2)
    assert result.passed, str(result)
    passed = {verdict.law for verdict in result.verdicts if verdict.status == "passed"}
    assert {"softmax.gradients", "lstm.gradients"} <= passed


def test_a_wrong_gradient_is_found():
    result = check(over(without_the_last), ["lstm"], isolate=False, examples=2)
    assert "lstm.gradients" in {v.law for v in result.failures}


def test_a_dict_of_parameters_gets_a_dict_of_gradients():
    rng = np.random.default_rng(0)
    E, F = 4, 6
    shapes = {
        "self_attn.in_proj_weight": (3 * E, E),
        "self_attn.in_proj_bias": (3 * E,),
        "self_attn.out_proj.weight": (E, E),
        "self_attn.out_proj.bias": (E,),
        "linear1.weight": (F, E),
        "linear1.bias": (F,),
        "linear2.weight": (E, F),
        "linear2.bias": (E,),
        **{f"norm{i}.{name}": (E,) for i in (1, 2) for name in ("weight", "bias")},
    }
    params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    dout, x = rng.standard_normal((2, 1, 3, E))
    mask = np.tril(np.ones((3, 3), bool))
    got = over(gradients).encoder_layer_vjp(dout, x, params, 2, norm_first=True, mask=mask)
    dx, of_params = reference.encoder_layer_vjp(dout, x, params, 2, norm_first=True, mask=mask)
    np.testing.assert_allclose(got[0], dx, rtol=1e-9)
    assert list(got[1]) == list(params)
    for name in params:
        np.testing.assert_allclose(got[1][name], of_params[name], rtol=1e-9, atol=1e-12)


def test_signatures_tell_the_options_that_are_offered():
    made = over(gradients)
    assert inspect.signature(made.softmax) == inspect.signature(torch_ops.softmax)
    assert "lengths" in inspect.signature(made.lstm_vjp).parameters


def test_without_gradients_none_are_offered():
    assert not hasattr(over(None), "softmax_vjp")


def test_the_class_keeps_a_gradient_of_its_own():
    @takes_numpy(to=torch.from_numpy, back=torch.Tensor.numpy, vjp=gradients)
    class Own:
        softmax = torch_ops.softmax

        @staticmethod
        def softmax_vjp(dp, x, axis=-1):
            return dp + x

    one = np.ones(2)
    np.testing.assert_array_equal(Own.softmax_vjp(one, one), [2, 2])


def test_only_a_class_is_decorated():
    with pytest.raises(TypeError, match="takes_numpy decorates a class of functions, not"):
        takes_numpy(to=torch.from_numpy, back=torch.Tensor.numpy)(torch_ops)
