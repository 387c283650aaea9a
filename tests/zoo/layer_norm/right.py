"""Right layer_norm in NumPy: other orders and formulas than the base has."""

from functools import partial

import numpy as np

from zoo.entries import right, right_functions
from zoo.layer_norm import base

norm = partial(right, base.layer_norm)


@norm(None, "plain")
def layer_norm_plain():
    """The base as it is."""
    return {}


@norm("mean", "summation order")
def layer_norm_mean_one_by_one(a, z):
    """Sums run from the last feature to the first, one by one."""
    total = np.cumsum(z[..., ::-1], axis=-1)[..., -1:]
    return (total if z.shape[-1] else np.sum(z, -1, keepdims=True)) / max(z.shape[-1], 1)


@norm("mean", "formulation")
def layer_norm_mean_by_reciprocal(a, z):
    """The sum is multiplied by 1 / n."""
    return np.sum(z, axis=-1, keepdims=True) * z.dtype.type(1 / max(z.shape[-1], 1))


@norm("mean", "summation order")
def layer_norm_mean_in_blocks(a, z):
    """Blocks of eight features are summed, then the blocks."""
    blocks = [z[..., i : i + 8].sum(-1, keepdims=True) for i in range(0, z.shape[-1], 8)]
    return sum(blocks, np.zeros((*z.shape[:-1], 1), z.dtype)) / max(z.shape[-1], 1)


@norm("normalised", "formulation")
def layer_norm_by_reciprocal_root(a, d, s):
    """What is left is multiplied by 1 / root."""
    return d * (1 / s)


@norm("variance", "formulation")
def layer_norm_corrected_variance(a, d):
    """Two passes, corrected by what the mean's own rounding left over."""
    return np.maximum(base.mean(a, d * d) - base.mean(a, d) ** 2, 0)


@norm("dx", "formulation")
def layer_norm_gradient_of_n_times(a, dh, h, s):
    """n is multiplied into the bracket, and divided by with the root."""
    n = max(h.shape[-1], 1)
    sums = [np.sum(z, axis=-1, keepdims=True) for z in (dh, dh * h)]
    return (n * dh - sums[0] - h * sums[1]) / (n * s)


@norm("dx", "formulation")
def layer_norm_gradient_by_centring(a, dh, h, s):
    """The mean is taken off first, the part along h afterwards."""
    rest = dh - base.mean(a, dh)
    return (rest - h * base.mean(a, dh * h)) * (1 / s)


@norm("over_positions", "summation order")
def layer_norm_gradients_position_by_position(a, z):
    """Gradients of weight and bias are added up one position after another."""
    total = np.zeros_like(z[(0,) * (z.ndim - 1)]) if z.size else np.zeros(z.shape[-1:], z.dtype)
    for row in z.reshape(-1, z.shape[-1]) if z.size else ():
        total = total + row
    return total


@norm("affine", "precision")
def layer_norm_affine_in_float64(a, h):
    """The last stage is computed in float64 and rounded once."""
    return (h.astype(float) * a.weight + a.bias).astype(a.x.dtype)


@right_functions(base.layer_norm, "precision")
def layer_norm_in_float64(build):
    """All of it is computed in float64 and rounded once."""
    wide = build()

    def layer_norm(x, weight, bias, eps=1e-5):
        wide["layer_norm"](x, weight, bias, eps)  # refuses what is to be refused
        given = (np.asarray(z, float) for z in (x, weight, bias))
        return wide["layer_norm"](*given, eps).astype(x.dtype)

    def layer_norm_vjp(dy, x, weight, bias, eps=1e-5):
        wide["layer_norm_vjp"](dy, x, weight, bias, eps)
        given = (np.asarray(z, float) for z in (dy, x, weight, bias))
        return tuple(g.astype(x.dtype) for g in wide["layer_norm_vjp"](*given, eps))

    return {"layer_norm": layer_norm, "layer_norm_vjp": layer_norm_vjp}


@right_functions(base.layer_norm, "offers less")
def layer_norm_without_eps(build):
    """It has no eps to be given."""
    whole = build()

    def layer_norm(x, weight, bias):
        return whole["layer_norm"](x, weight, bias)

    return {"layer_norm": layer_norm}
