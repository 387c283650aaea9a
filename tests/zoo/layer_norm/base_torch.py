"""layer_norm in plain torch operations; parts as in base_layer_norm, without those of the vjp."""

from types import SimpleNamespace

import torch

from zoo.base import Base
from zoo.base_torch import wide
from zoo.layer_norm.base import affine, centred, check, normalised, variance


def mean(a, z):
    return z.sum(-1, keepdim=True) / max(z.shape[-1], 1)


def root(a, v):
    return torch.sqrt(v + a.eps)


def forward(a):
    dtype, a.weight, a.bias = a.x.dtype, wide(a.weight), wide(a.bias)
    d = a.part.centred(a, wide(a.x))
    h = a.part.normalised(a, d, a.part.root(a, a.part.variance(a, d)))
    return SimpleNamespace(y=a.part.affine(a, h).to(dtype))


def functions(call, call_vjp):
    def layer_norm(x, weight, bias, eps=1e-5):
        return call(x=x, weight=weight, bias=bias, eps=eps)

    return {"layer_norm": layer_norm}


PARTS = {part.__name__: part for part in (check, mean, centred, variance, root, normalised, affine)}
layer_norm = Base("layer_norm", "torch", forward, None, PARTS, functions)
