"""Softmax in plain NumPy: p = exp(x - max x) / sum exp(x - max x).

Parts: shift(a, x) the maximum to subtract; exponential(a, x); total(a, e) the sum;
divide(a, e, total); dsoftmax(a, p, dp) the gradient. `axis` is last inside.
"""

from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.signatures import expect


def check(a):
    expect(a, {"x": "..."}, a.traits["dtypes"])
    if a.x.ndim == 0 or not -a.x.ndim <= a.axis < a.x.ndim:
        raise ValueError(f"axis {a.axis} of an array with {a.x.ndim} axes")


def check_cotangents(a):
    expect(a, {"x": "...", "dp": "..."}, a.traits["dtypes"])
    if a.dp.shape != a.x.shape:
        raise ValueError(f"the cotangent is {a.dp.shape}, x is {a.x.shape}")


def shift(a, x):
    return np.max(x, axis=-1, keepdims=True, initial=-np.inf)


def exponential(a, x):
    return np.exp(x)


def total(a, e):
    return np.sum(e, axis=-1, keepdims=True)


def divide(a, e, s):
    return e / s


def probabilities(a, x):
    """Rows of x to rows of p; a row that is -inf throughout gets what the trait says."""
    with np.errstate(all="ignore"):
        m = a.part.shift(a, x)
        empty = np.max(x, axis=-1, keepdims=True, initial=-np.inf) == -np.inf
        e = a.part.exponential(a, x - np.where(empty, 0, m).astype(x.dtype))
        s = a.part.total(a, e)
        p = a.part.divide(a, e, np.where(empty, 1, s).astype(s.dtype))
    each = 1 / max(x.shape[-1], 1)
    filler = {"zeros": 0, "nan": np.nan, "mean": each}[a.traits["fully_masked"]]
    return np.where(empty, filler, p)


def forward(a):
    p = a.part.probabilities(a, np.moveaxis(a.x, a.axis, -1))
    return SimpleNamespace(p=np.ascontiguousarray(np.moveaxis(p, -1, a.axis)))


def dsoftmax(a, p, dp):
    return p * (dp - np.sum(p * dp, axis=-1, keepdims=True))


def gradient(a):
    x, dp = np.moveaxis(a.x, a.axis, -1), np.moveaxis(a.dp, a.axis, -1)
    p = a.part.probabilities(a, x)
    with np.errstate(all="ignore"):
        dx = a.part.dsoftmax(a, p, dp)
    if a.traits["fully_masked"] != "nan":
        dx = np.where(np.all(x == -np.inf, axis=-1, keepdims=True), 0, dx)
    return SimpleNamespace(x=np.ascontiguousarray(np.moveaxis(dx, -1, a.axis)))


def functions(call, call_vjp):
    def softmax(x, axis=-1):
        return call(x=x, axis=axis)

    def softmax_vjp(dp, x, axis=-1):
        return call_vjp(dp=dp, x=x, axis=axis)

    return {"softmax": softmax, "softmax_vjp": softmax_vjp}


PARTS = {
    part.__name__: part
    for part in (
        *(check, check_cotangents, shift, exponential, total, divide),
        *(probabilities, dsoftmax),
    )
}
softmax = Base("softmax", "numpy", forward, gradient, PARTS, functions)
