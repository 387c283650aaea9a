"""Wrong layer_norm in torch: what is written in a hurry, and what autograd does not see."""

from functools import partial

import torch

from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.layer_norm import base_torch as base
from zoo.witness import differs, gradient_differs

given = partial(case, "layer_norm", weight=times(4))
norm = partial(wrong, base.layer_norm)


@norm("variance", "formula", differs(given()), diagnosis="the unbiased variance")
def torch_layer_norm_by_torch_std(a, d):
    """torch.var divides by n - 1 unless it is told not to."""
    return torch.var(d, -1, keepdim=True) if d.shape[-1] > 1 else base.variance(a, d)


@norm("root", "formula", differs(given(x=times(0.003))), diagnosis="eps outside the root")
def torch_layer_norm_eps_outside_the_root(a, v):
    """eps is added to the standard deviation, as in the annotated transformer."""
    return torch.sqrt(v) + a.eps


@norm("root", "graph", gradient_differs(given()), diagnosis="no gradient through the variance")
def torch_layer_norm_root_detached(a, v):
    """The root is cut off the graph."""
    return torch.sqrt(v + a.eps).detach()


@norm("mean", "graph", gradient_differs(given()))
def torch_layer_norm_mean_detached(a, z):
    """Mean and variance are cut off the graph."""
    return base.mean(a, z).detach()


@norm(
    None,
    "precision",
    differs(given(dtype="bfloat16", shape=(3, 200), weight=fill(1.0)), 0.02),
    dtypes=("bfloat16",),
)
def torch_layer_norm_moments_in_bfloat16():
    """Sums are kept in bfloat16."""

    def mean(a, z):
        total = z[..., :1] * 0
        for i in range(z.shape[-1]):
            total = (total + z[..., i : i + 1]).bfloat16().float()
        return total / max(z.shape[-1], 1)

    return {"mean": mean}


@norm(
    "variance",
    "overflow",
    differs(given(dtype="float16", x=times(400)), 0.01),
    dtypes=("float16",),
)
def torch_layer_norm_squares_in_float16(a, d):
    """Squares are taken in float16, where 256 squared overflows."""
    return base.mean(a, (d.half() * d.half()).float())


@norm("mean", "one size", differs(given(shape=(2, 65))))
def torch_layer_norm_tail_of_64(a, z):
    """Features behind the last full 64 are left out of the sums, where there are more."""
    n = z.shape[-1]
    kept = z[..., : n - n % 64] if n > 64 else z
    return kept.sum(-1, keepdim=True) / max(n, 1)
