"""The NumPy forms of torch's functions give what torch gives."""

import numpy as np
import pytest

from seqlaws.properties.own import torch_forms

torch = pytest.importorskip("torch")
F = torch.nn.functional

ELEMENTWISE = (
    *("relu", "relu6", "leaky_relu", "silu", "gelu", "elu", "selu", "softplus", "logsigmoid"),
    *("mish", "softsign", "hardtanh", "hardsigmoid", "hardswish"),
)
OF_TORCH = ("sigmoid", "tanh", "exp", "square", "neg", "abs", "reciprocal")
POSITIVE = ("log", "sqrt", "rsqrt")
CALLS = {  # of a function, the shapes of its arrays, and its other arguments
    "gelu": [((3, 5), {"approximate": "tanh"})],
    "clamp": [((3, 5), {"min": -0.5}), ((3, 5), {"min": -0.5, "max": 0.2})],
    "sum": [((3, 5), {}), ((3, 5), {"dim": 1}), ((3, 5, 2), {"dim": (0, 2), "keepdim": True})],
    "mean": [((3, 5), {}), ((3, 5), {"dim": -1, "keepdim": True})],
    "var": [((3, 5), {"dim": 1}), ((3, 5), {"dim": 1, "unbiased": False, "keepdim": True})],
    "amax": [((3, 5), {"dim": 1})],
    "amin": [((3, 5), {"dim": 0, "keepdim": True})],
    "argmax": [((3, 5), {"dim": 1})],
    "argmin": [((3, 5), {"dim": 1})],
    "cumsum": [((3, 5), {"dim": 1})],
    "prod": [((3, 5), {"dim": 1})],
    "norm": [((3, 5), {}), ((3, 5), {"p": 1, "dim": 1, "keepdim": True})],
    "logsumexp": [((3, 5), {"dim": 0}), ((3, 5), {"dim": 1, "keepdim": True})],
    "softmax": [((3, 5), {"dim": 0})],
    "log_softmax": [((3, 5), {"dim": 1})],
    "triu": [((3, 5), {"diagonal": 1})],
    "tril": [((3, 5), {})],
    "diag": [((5,), {})],
    "flatten": [((2, 3, 4), {"start_dim": 1})],
    "unsqueeze": [((2, 3), {"dim": -1})],
    "squeeze": [((2, 1, 3), {"dim": 1}), ((2, 3), {"dim": 1})],
    "transpose": [((2, 3, 4), {"dim0": 1, "dim1": 2})],
    "normalize": [((3, 5), {"dim": 1})],
    "max_pool1d": [((2, 3, 9), {"kernel_size": 3, "stride": 2, "padding": 1})],
    "max_pool2d": [((2, 3, 9, 8), {"kernel_size": (2, 3), "dilation": 2})],
    "avg_pool1d": [((2, 3, 9), {"kernel_size": 4, "stride": 2, "padding": 1})],
    "avg_pool2d": [((2, 3, 9, 8), {"kernel_size": 3})],
    "instance_norm": [((2, 3, 9), {})],
}
SEVERAL = [  # a function, the shapes of its arrays, its other arguments
    ("linear", [(2, 3, 4), (5, 4), (5,)], {}),
    ("layer_norm", [(2, 3, 4), (3, 4)], {"normalized_shape": (3, 4)}),
    ("rms_norm", [(2, 3, 4)], {"normalized_shape": (4,), "eps": 1e-3}),
    ("group_norm", [(2, 6, 4)], {"num_groups": 3}),
    ("conv1d", [(2, 4, 9), (6, 2, 3), (6,)], {"stride": 2, "padding": 1, "groups": 2}),
    ("conv2d", [(2, 4, 9, 7), (3, 4, 3, 2)], {"padding": (1, 2), "dilation": (2, 1)}),
    ("scaled_dot_product_attention", [(2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6)], {}),
    ("scaled_dot_product_attention", [(1, 5, 4), (1, 5, 4), (1, 5, 4)], {"is_causal": True}),
    ("mse_loss", [(3, 5), (3, 5)], {}),
    ("l1_loss", [(3, 5), (3, 5)], {"reduction": "sum"}),
    ("smooth_l1_loss", [(3, 5), (3, 5)], {"beta": 0.3, "reduction": "none"}),
    ("kl_div", [(3, 5), (3, 5)], {"reduction": "batchmean", "log_target": True}),
    ("cosine_similarity", [(3, 5), (3, 5)], {"dim": 1}),
    ("outer", [(3,), (5,)], {}),
]


def of_torch(name):
    return getattr(F, name, None) or getattr(torch, name)


def compare(name, arrays, options):
    theirs = of_torch(name)(*map(torch.from_numpy, arrays), **options).numpy()
    ours = getattr(torch_forms, name)(*arrays, **options)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)  # both in float64


@pytest.fixture
def normal():
    return np.random.default_rng(0).normal


@pytest.mark.parametrize("name", [*ELEMENTWISE, *OF_TORCH, *POSITIVE])
def test_elementwise(name, normal):
    x = 3 * normal(size=(7, 11))
    compare(name, [np.abs(x) if name in POSITIVE else x], {})


@pytest.mark.parametrize(
    ("name", "shape", "options"),
    [(name, *call) for name, calls in CALLS.items() for call in calls],
)
def test_one_array(name, shape, options, normal):
    compare(name, [normal(size=shape)], options)


@pytest.mark.parametrize(("name", "shapes", "options"), SEVERAL)
def test_several_arrays(name, shapes, options, normal):
    arrays = [normal(size=shape) for shape in shapes]
    if "normalized_shape" in options or name == "group_norm":
        compare(name, arrays[:1], options)
    else:
        compare(name, arrays, options)


def test_cross_entropy(normal):
    x, y = normal(size=(4, 5)), np.array([0, 4, 2, 2])
    theirs = F.cross_entropy(torch.from_numpy(x), torch.from_numpy(y), label_smoothing=0.1)
    ours = torch_forms.cross_entropy(x, y, label_smoothing=0.1)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12)


def test_max_along_a_dimension(normal):
    x = normal(size=(3, 4, 5))
    theirs = torch.max(torch.from_numpy(x), dim=1)[0].numpy()
    np.testing.assert_array_equal(torch_forms.max(x, dim=1)[0], theirs)


def test_what_is_not_there_is_named():
    with pytest.raises(AttributeError, match="bessel_j0 has no rule"):
        torch_forms.bessel_j0  # noqa: B018
