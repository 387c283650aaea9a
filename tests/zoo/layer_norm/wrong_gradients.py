"""Wrong layer_norm in NumPy: the gradients."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.layer_norm import base
from zoo.layer_norm.base import mean
from zoo.roundings import bfloat16
from zoo.witness import gradient_differs

given = partial(case, "layer_norm", weight=times(4))
norm = partial(wrong, base.layer_norm)
seen, deep = gradient_differs(given()), gradient_differs(given(shape=(2, 3, 5)))


@norm("dx", "gradient term", seen, diagnosis="no gradient through the mean")
def layer_norm_gradient_without_the_mean(a, dh, h, s):
    """The gradient through the mean is left out."""
    return (dh - h * mean(a, dh * h)) / s


@norm("dx", "gradient term", seen, diagnosis="no gradient through the variance")
def layer_norm_gradient_without_the_variance(a, dh, h, s):
    """The gradient through the variance is left out."""
    return (dh - mean(a, dh)) / s


@norm("dx", "gradient term", seen, diagnosis="no gradient through the moments")
def layer_norm_gradient_of_constant_moments(a, dh, h, s):
    """Mean and variance are taken for constants."""
    return dh / s


@norm("dx", "gradient term", seen)
def layer_norm_gradient_sign_of_projection(a, dh, h, s):
    """The part along h is added instead of taken off."""
    return (dh - mean(a, dh) + h * mean(a, dh * h)) / s


@norm("dx", "gradient term", seen)
def layer_norm_gradient_of_n_minus_1(a, dh, h, s):
    """The part along h is divided by n - 1, as of the unbiased variance."""
    n = h.shape[-1]
    return (dh - mean(a, dh) - h * np.sum(dh * h, -1, keepdims=True) / max(n - 1, 1)) / s


@norm("dx", "gradient term", seen, diagnosis="the gradient not scaled back")
def layer_norm_gradient_not_scaled_back(a, dh, h, s):
    """The gradient is not divided by the root."""
    return dh - mean(a, dh) - h * mean(a, dh * h)


@norm("dx", "gradient term", gradient_differs(given(x=times(0.003))))
def layer_norm_gradient_renormalised(a, dh, h, s):
    """h is scaled to variance 1 first, as if there were no eps."""
    unit = h / np.sqrt(np.maximum(mean(a, h * h), 1e-30))
    return (dh - mean(a, dh) - unit * mean(a, dh * unit)) / s


@norm("through", "gradient term", seen, diagnosis="the weight left out of the gradient")
def layer_norm_gradient_without_weight(a):
    """The weight is left out of the gradient of x."""
    return a.dy + 0


@norm("dweight", "gradient term", seen, diagnosis="the gradient of the weight by x")
def layer_norm_gradient_of_weight_by_x(a, h):
    """The gradient of the weight has x in the place of what is normalised."""
    return base.over_positions(a, a.dy * a.x)


@norm("dweight", "gradient term", seen)
def layer_norm_gradient_of_weight_twice_weighted(a, h):
    """The gradient of the weight is multiplied by the weight."""
    return base.over_positions(a, a.dy * h) * a.weight


@norm("over_positions", "reduction", seen)
def layer_norm_gradients_averaged(a, z):
    """Gradients of weight and bias are means over the positions, not sums."""
    return base.over_positions(a, z) / max(z.size // max(z.shape[-1], 1), 1)


@norm("over_positions", "reduction", deep)
def layer_norm_gradients_over_the_first_axis(a, z):
    """Gradients of weight and bias are added up over the first axis, and read at the first of the
    second.
    """
    return np.array(np.sum(z, axis=0)[(0,) * (z.ndim - 2)] if z.ndim > 1 and z.size else z)


@norm("dbias", "gradient term", seen, diagnosis="no gradient of the bias")
def layer_norm_gradient_of_bias_missing(a):
    """The bias has no gradient."""
    return np.zeros_like(a.bias)


@norm("dbias", "gradient term", seen)
def layer_norm_gradient_of_bias_weighted(a):
    """The gradient of the bias is multiplied by the weight."""
    return base.over_positions(a, a.dy * a.weight)


@norm("dx", "one size", gradient_differs(given(shape=(3, 1), weight=fill(1.0))))
def layer_norm_gradient_of_one_feature(a, dh, h, s):
    """A single feature hands its gradient on."""
    return dh + 0 if dh.shape[-1] == 1 else base.dx(a, dh, h, s)


@norm("over_positions", "tile tail", gradient_differs(given(shape=(17, 3))))
def layer_norm_gradients_without_the_last_position(a, z):
    """From 17 positions on the last one is left out of the gradients of weight and bias."""
    rows = z.reshape(-1, z.shape[-1]) if z.size else z[..., :0]
    return base.over_positions(a, rows[:-1] if len(rows) > 16 else z)


@norm("over_positions", "precision", gradient_differs(given(shape=(9, 7)), 1e-4))
def layer_norm_gradients_added_up_in_bfloat16(a, z):
    """Gradients of weight and bias are added up in bfloat16."""
    total = base.over_positions(a, z[..., :0, :] if z.ndim > 1 else 0 * z)
    for row in z.reshape(-1, z.shape[-1]) if z.size else ():
        total = bfloat16(total + row).astype(z.dtype)
    return total


@norm("vjp_arguments", "option ignored", gradient_differs(given(eps=0.5)))
def layer_norm_gradient_of_the_default_eps(a):
    """The gradient has an eps of 1e-5, whatever is given."""
    a.eps = 1e-5
