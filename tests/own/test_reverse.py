"""Reverse mode: gradients are those of a complex step, and sound on rounding numbers."""

import numpy as np
import pytest
from machine import rounded_to

from seqlaws import functions
from seqlaws.reference import algebra
from seqlaws.reference.numbers import Arithmetic, exact, settled
from seqlaws.reference.numbers.complex_step import derivative
from seqlaws.reference.numbers.reverse import gradients

X, W, M, P = (3, 5), (5,), (5, 4), (3, 5)
BLUNT = {"float32": 1e-3, "bfloat16": 2e-2}
INDEX = np.array([[1], [4], [0]])
OF_ONE = {
    **{f.__name__: f for f in (np.exp, np.exp2, np.expm1, np.tanh, np.sin, np.cos, np.arctan)},
    **{f.__name__: f for f in (np.abs, np.square, np.cbrt, np.negative, np.positive)},
    **{f.__name__: f for f in (algebra.sigmoid, algebra.erf, algebra.normal_cdf)},
    **{f.__name__: f for f in (functions.softmax, functions.logsumexp, functions.log_softmax)},
    **{f.__name__: f for f in (functions.gelu, functions.silu, functions.softplus, functions.relu)},
    "sum": lambda x: np.sum(x, axis=1),
    "mean": lambda x: np.mean(x, axis=0, keepdims=True),
    "var": lambda x: np.var(x, axis=-1),
    "unbiased var": lambda x: np.var(x, axis=-1, ddof=1),
    "std": np.std,
    "prod": lambda x: np.prod(x, axis=-1),
    "max": lambda x: np.max(x, axis=(0, 1)),
    "min": lambda x: np.min(x, axis=0),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "cumprod": lambda x: np.cumprod(x, axis=1),
    "sort": lambda x: np.sort(x, axis=-1) * np.arange(5),
    "clip": lambda x: np.clip(x, -0.5, 0.5) * x,
    "where": lambda x: np.where(x > 0, x * x, np.sin(x)),
    "sign": lambda x: np.sign(x) * x * x,
    "floor": lambda x: np.floor(x) * x,
    "truth": lambda x: (x > 0.1) * x * x,
    "constant": lambda x: np.where(x > np.max(x) - 1, np.sign(x), x) * x,
    "transpose": lambda x: x.T @ x,
    "reshape": lambda x: x.reshape(5, 3) @ x,
    "index": lambda x: x[1:, ::2] * x[0, 3],
    "gather": lambda x: np.take_along_axis(x, INDEX, axis=1) * x[np.arange(3), INDEX[:, 0]],
    "take": lambda x: np.take(x, [0, 0, 2], axis=1) ** 2,
    "pad": lambda x: np.pad(x, ((1, 0), (0, 2))) ** 2,
    "roll": lambda x: np.roll(x, 2, axis=1) * x,
    "flip": lambda x: np.flip(x, 1) * x,
    "tril": lambda x: np.tril(x) ** 2 + np.triu(x, 1) ** 3,
    "concatenate": lambda x: np.concatenate([x * x, x], axis=1),
    "stack": lambda x: np.stack([x * x, x], axis=1),
    "split": lambda x: np.split(x.T, 5)[1] * np.split(x, [1, 2], axis=1)[0][0],
    "repeat": lambda x: np.repeat(x, 2, axis=1) ** 2,
    "tile": lambda x: np.tile(x, (2, 1)) ** 2,
    "broadcast": lambda x: np.broadcast_to(x[:1], (4, 5)) ** 2,
    "diagonal": lambda x: np.diagonal(x[:, :3]) ** 2,
    "trace": lambda x: np.trace(x[:, :3]) ** 2,
    "outer": lambda x: np.outer(x[0], x[1]),
    "scatter": lambda x: functions.scatter_add(x * x, (np.array([0, 2, 0]),), (4, 5)),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1) ** 2,
    "moveaxis": lambda x: np.moveaxis(x, 0, 1) ** 2,
    "squeeze": lambda x: np.squeeze(np.expand_dims(x, 1), 1) ** 2,
    "method sum": lambda x: x.sum(axis=0) * x.mean() * x.max(),
    "largest of rows": lambda x: np.maximum(x, x[::-1] * 0.5),
    "norm": lambda x: x / np.sqrt(np.sum(x * x, axis=-1, keepdims=True)),
}
OF_POSITIVE = {
    **{f.__name__: f for f in (np.log, np.log2, np.log10, np.log1p, np.sqrt, np.reciprocal)},
    "rsqrt": functions.rsqrt,
    **{f"power {p}": (lambda x, p=p: x**p) for p in (0.5, 1, 1.5, 2, 3, -0.5, -1, -2)},
    "base": lambda x: 2.0**x,
    "x^x": lambda x: x**x,
    "remainder": lambda x: np.remainder(x, 0.75) * x,
}
OF_TWO = {
    "add": (lambda x, w: x + w, X, W),
    "subtract": (lambda x, w: w - x, X, W),
    "multiply": (lambda x, w: x * w, X, W),
    "divide": (lambda x, w: x / (2 + w * w), X, W),
    "maximum": (np.maximum, X, W),
    "minimum": (np.minimum, X, W),
    "matmul": (np.matmul, X, M),
    "vector": (lambda x, w: x @ w, X, W),
    "vectors": (lambda x, w: x @ w, W, W),
    "einsum": (lambda x, m: np.einsum("ij,jk->ki", x, m), X, M),
    "einsum sums": (lambda x, m: np.einsum("ij,jk->", x, m), X, M),
    "einsum dots": (lambda x, m: np.einsum("...j,jk->...k", x, m), X, M),
    "einsum of rows": (lambda x, w: np.einsum("ij,j->ij", x, w), X, W),
}
EVERY = {
    **{n: (f, (X,), False) for n, f in OF_ONE.items()},
    **{n: (f, (X,), True) for n, f in OF_POSITIVE.items()},
    **{n: (f, shapes, False) for n, (f, *shapes) in OF_TWO.items()},
}


def drawn(seed, shapes, positive):
    random = np.random.default_rng(seed)
    for shape in shapes:
        x = random.standard_normal(shape)
        yield rounded_to(np.abs(x) + 0.1 if positive else x, "float32")


@pytest.mark.parametrize("name", EVERY)
def test_a_gradient_is_that_of_a_complex_step(name):
    function, shapes, positive = EVERY[name]
    for seed in range(5):
        arguments = [*drawn(seed, shapes, positive)]
        random = np.random.default_rng(seed + 100)
        g = random.standard_normal(np.shape(function(*arguments)))
        found = gradients(lambda *a: (function(*a),), [g], arguments)
        for k, x in enumerate(arguments):
            d = [
                random.standard_normal(x.shape) if i == k else 0 * z
                for i, z in enumerate(arguments)
            ]
            (step,) = derivative(lambda *a: (function(*a),), arguments, d)
            np.testing.assert_allclose(np.sum(found[k] * d[k]), np.sum(g * step), 1e-10, 1e-10)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", EVERY)
def test_a_gradient_on_rounding_numbers_has_a_bound_that_holds_in_float32(name, dtype):
    """The same gradient on NumPy's own float32 arrays is within the bound."""
    function, shapes, positive = EVERY[name]
    a = Arithmetic(dtype)
    for seed in range(5):
        arguments = [*drawn(seed, shapes, positive)]
        shape = np.shape(function(*arguments))
        g = rounded_to(np.random.default_rng(seed + 50).standard_normal(shape), "float32")
        found = gradients(
            lambda *z: (function(*z),), [exact(g, a)], [exact(x, a) for x in arguments]
        )
        narrow = [x.astype(np.float32) for x in arguments]
        near = gradients(lambda *z: (function(*z),), [g.astype(np.float32)], narrow)
        for bound, other in zip(map(settled, found), near, strict=True):
            assert np.isfinite(bound.error).mean() > 0.9, (name, bound.error)
            assert (np.abs(bound.value - other) <= bound.error).all()
            claimed = np.isfinite(bound.error)
            size = np.abs(bound.value) + np.abs(bound.value).max()
            assert (bound.error[claimed] <= BLUNT[dtype] * size[claimed]).all()


def test_a_wrong_pull_is_found(monkeypatch):
    from seqlaws.reference.numbers import reverse

    monkeypatch.setitem(reverse.RULES, "exp", reverse.RULES["sin"])
    with pytest.raises(AssertionError):
        test_a_gradient_is_that_of_a_complex_step("exp")


def test_an_argument_without_influence_has_a_gradient_of_zeros():
    x, w = np.ones(X), np.ones(W)
    dx, dw = gradients(lambda x, w: (x * 2,), [np.ones(X)], [x, w])
    assert (dx == 2).all()
    assert (dw == 0).all()


@pytest.mark.parametrize("x", [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
def test_any_subgradient_is_allowed_at_a_tie(x):
    a = Arithmetic("float32")
    (dx,) = gradients(lambda x: (np.max(x),), [np.ones(())], [exact(np.array(x), a)])
    dx = settled(dx)
    for share in (0.0, 0.5, 1.0):
        assert abs(dx.value[0] - share) <= dx.error[0]
    (dx,) = gradients(lambda x: (np.maximum(x, 0.0),), [np.ones(3)], [exact(np.array(x), a)])
    dx = settled(dx)
    assert (
        np.abs(dx.value - np.array([0, 1])[:, None])[:, dx.value == 0.5]
        <= dx.error[dx.value == 0.5]
    ).all()
