"""Right layer_norm in torch: four dtypes, and the forms that libraries have."""

from functools import partial

import torch

from zoo.entries import right
from zoo.layer_norm import base_torch as base

ALL = ("float32", "float64", "bfloat16", "float16")
norm = partial(right, base.layer_norm, dtypes=ALL)


@norm(None, "plain")
def torch_layer_norm_plain():
    """The base as it is; 16-bit dtypes are computed with in float32."""
    return {}


@norm("normalised", "formulation")
def torch_layer_norm_by_reciprocal_root(a, d, s):
    """What is left is multiplied by 1 / root."""
    return d * (1 / s)


@norm(None, "formulation")
def torch_layer_norm_by_rsqrt():
    """What is left is multiplied by torch.rsqrt."""
    return {"root": lambda a, v: torch.rsqrt(v + a.eps), "normalised": lambda a, d, s: d * s}


@norm("variance", "formulation")
def torch_layer_norm_variance_by_square(a, d):
    """The variance is torch.mean of torch.square."""
    return torch.square(d).mean(-1, keepdim=True) if d.shape[-1] else d.sum(-1, keepdim=True)


@norm("affine", "precision")
def torch_layer_norm_stored_before_the_weight(a, h):
    """What is normalised is cast to the dtype of x before weight and bias, as some models do."""
    return h.to(a.x.dtype).to(h.dtype) * a.weight + a.bias


@norm("affine", "formulation")
def torch_layer_norm_affine_by_addcmul(a, h):
    """Weight and bias are applied by torch.addcmul."""
    return torch.addcmul(a.bias, h, a.weight)
