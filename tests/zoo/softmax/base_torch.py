"""Softmax in plain torch operations; parts as in base_softmax, without those of the vjp."""

from types import SimpleNamespace

import torch

from zoo.base import Base
from zoo.base_torch import wide
from zoo.signatures import expect


def check(a):
    expect(a, {"x": "..."}, a.traits["dtypes"])
    if a.x.ndim == 0 or not -a.x.ndim <= a.axis < a.x.ndim:
        raise ValueError(f"axis {a.axis} of a tensor with {a.x.ndim} axes")


def shift(a, x):
    return x.detach().amax(-1, keepdim=True)


def exponential(a, x):
    return torch.exp(x)


def total(a, e):
    return e.sum(-1, keepdim=True)


def divide(a, e, s):
    return e / s


def probabilities(a, x):
    if x.shape[-1] == 0:
        return x.clone()
    empty = (x == -torch.inf).all(-1, keepdim=True)
    x = torch.where(empty, 0.0, x)
    e = a.part.exponential(a, x - a.part.shift(a, x))
    p = a.part.divide(a, e, a.part.total(a, e))
    filler = {"zeros": 0.0, "nan": torch.nan, "mean": 1 / x.shape[-1]}
    return torch.where(empty, filler[a.traits["fully_masked"]], p)


def forward(a):
    p = a.part.probabilities(a, wide(a.x.movedim(a.axis, -1)))
    return SimpleNamespace(p=p.movedim(-1, a.axis).to(a.x.dtype).contiguous())


def functions(call, call_vjp):
    def softmax(x, axis=-1):
        return call(x=x, axis=axis)

    return {"softmax": softmax}


PARTS = {part.__name__: part for part in (check, shift, exponential, total, divide, probabilities)}
softmax = Base("softmax", "torch", forward, None, PARTS, functions)
