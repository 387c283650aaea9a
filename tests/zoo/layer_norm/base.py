"""layer_norm in plain NumPy: y = w (x - mean) / sqrt(variance + eps) + b.

Parts: mean(a, z) along the last axis; centred(a, x); variance(a, d); root(a, v) what is divided by;
normalised(a, d, s); affine(a, h). Of the vjp: through(a) the gradient of h; dx(a, dh, h, s);
dweight(a, h); dbias(a).
"""

from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.signatures import expect


def check(a):
    expect(a, {"x": "...", "weight": "E", "bias": "E"}, a.traits["dtypes"])
    if a.x.ndim == 0 or tuple(a.weight.shape) != tuple(a.x.shape[-1:]):
        raise ValueError(f"a weight of {a.weight.shape} and features of {a.x.shape}")


def check_cotangents(a):
    expect(a, {"x": "...", "dy": "..."}, a.traits["dtypes"])
    if a.dy.shape != a.x.shape:
        raise ValueError(f"the cotangent is {a.dy.shape}, x is {a.x.shape}")


def mean(a, z):
    return np.sum(z, axis=-1, keepdims=True) / max(z.shape[-1], 1)


def centred(a, x):
    return x - a.part.mean(a, x)


def variance(a, d):
    return a.part.mean(a, d * d)


def root(a, v):
    return np.sqrt(v + a.eps)


def normalised(a, d, s):
    return d / s


def affine(a, h):
    return h * a.weight + a.bias


def statistics(a):
    d = a.part.centred(a, a.x)
    s = a.part.root(a, a.part.variance(a, d))
    return a.part.normalised(a, d, s).astype(a.x.dtype), s


def forward(a):
    with np.errstate(all="ignore"):
        h, _ = statistics(a)
        return SimpleNamespace(y=a.part.affine(a, h))


def through(a):
    return a.dy * a.weight


def dx(a, dh, h, s):
    return (dh - mean(a, dh) - h * mean(a, dh * h)) / s


def over_positions(a, z):
    return np.array(np.sum(z, axis=tuple(range(z.ndim - 1))))


def dweight(a, h):
    return a.part.over_positions(a, a.dy * h)


def dbias(a):
    return a.part.over_positions(a, a.dy)


def gradient(a):
    with np.errstate(all="ignore"):
        h, s = statistics(a)
        return SimpleNamespace(
            x=a.part.dx(a, a.part.through(a), h, s),
            weight=a.part.dweight(a, h),
            bias=a.part.dbias(a),
        )


def functions(call, call_vjp):
    def layer_norm(x, weight, bias, eps=1e-5):
        return call(x=x, weight=weight, bias=bias, eps=eps)

    def layer_norm_vjp(dy, x, weight, bias, eps=1e-5):
        return call_vjp(dy=dy, x=x, weight=weight, bias=bias, eps=eps)

    return {"layer_norm": layer_norm, "layer_norm_vjp": layer_norm_vjp}


PARTS = {
    part.__name__: part
    for part in (
        *(check, check_cotangents, mean, centred, variance, root, normalised, affine),
        *(through, dx, over_positions, dweight, dbias),
    )
}
layer_norm = Base("layer_norm", "numpy", forward, gradient, PARTS, functions)
