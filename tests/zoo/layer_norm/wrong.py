"""Wrong layer_norm in NumPy: moments, eps, weight and bias, axes and sizes."""

from functools import partial
from types import SimpleNamespace

import numpy as np

from zoo.cases import case, fill, put, times
from zoo.entries import wrong
from zoo.layer_norm import base
from zoo.manners import accepts, depends_on_neighbours, writes
from zoo.roundings import bfloat16, float16
from zoo.witness import differs

given = partial(case, "layer_norm", weight=times(4))
norm = partial(wrong, base.layer_norm)
# Seven features around 1 in float32: mean and variance are off by less than 16 roundings, 1e-6.
FINE = 1e-5
NEARLY_ALIKE = given(x=times(0.003))
OFFSET = given(shape=(3, 8), x=lambda z: np.round(z * 8) / 8 + 4096)


@norm("root", "formula", differs(NEARLY_ALIKE), diagnosis="eps outside the root")
def layer_norm_eps_outside_the_root(a, v):
    """eps is added to the standard deviation, not to the variance."""
    return np.sqrt(v) + a.eps


@norm("root", "formula", differs(given(x=fill(3.0))), diagnosis="no eps")
def layer_norm_without_eps_at_all(a, v):
    """eps is left out, so that constant features give NaN."""
    return np.sqrt(v)


@norm("root", "formula", differs(NEARLY_ALIKE))
def layer_norm_eps_as_a_floor(a, v):
    """eps is the least that the variance may be, instead of being added to it."""
    return np.sqrt(np.maximum(v, a.eps))


@norm("root", "formula", differs(NEARLY_ALIKE))
def layer_norm_eps_squared(a, v):
    """eps is squared before it is added."""
    return np.sqrt(v + a.eps**2)


@norm("arguments", "option ignored", differs(given(eps=0.5)), diagnosis="eps ignored")
def layer_norm_eps_ignored(a):
    """eps is 1e-5, whatever is given."""
    a.eps = 1e-5


@norm("arguments", "default", differs(NEARLY_ALIKE))
def layer_norm_default_eps_of_1e_12(a):
    """eps is 1e-12 where 1e-5 is asked for, as in another library."""
    a.eps = 1e-12 if a.eps == 1e-5 else a.eps


@norm("variance", "formula", differs(given()), diagnosis="the unbiased variance")
def layer_norm_unbiased_variance(a, d):
    """The variance is divided by n - 1."""
    n = d.shape[-1]
    return np.sum(d * d, axis=-1, keepdims=True) / max(n - 1, 1)


@norm("root", "formula", differs(given()), diagnosis="divided by the variance")
def layer_norm_divided_by_the_variance(a, v):
    """The root is left out."""
    return v + a.eps


@norm("variance", "formula", differs(given()))
def layer_norm_mean_absolute_deviation(a, d):
    """The mean distance from the mean stands for the standard deviation."""
    return base.mean(a, np.abs(d)) ** 2


@norm("centred", "formula", differs(given()), diagnosis="the mean not subtracted")
def layer_norm_by_root_mean_square(a, x):
    """The mean is not subtracted."""
    return x


@norm(None, "cancellation", differs(OFFSET), diagnosis="moments in one pass")
def layer_norm_moments_in_one_pass():
    """The variance is E[x^2] - E[x]^2."""

    def variance(a, d):
        return np.maximum(base.mean(a, a.x * a.x) - base.mean(a, a.x) ** 2, 0)

    return {"variance": variance}


@norm(None, "cancellation", differs(OFFSET, FINE))
def layer_norm_scale_and_shift():
    """y = x w / sigma + (b - mu w / sigma): two large numbers cancel."""

    def affine(a, h):
        mu = base.mean(a, a.x)
        d = a.x - mu
        r = (1 / np.sqrt(base.mean(a, d * d) + a.eps)).astype(a.x.dtype)
        return a.x * r * a.weight + (a.bias - mu * r * a.weight)

    return {"affine": affine}


@norm("affine", "formula", differs(given()), diagnosis="no bias")
def layer_norm_without_bias(a, h):
    """The bias is left out."""
    return h * a.weight


@norm("affine", "formula", differs(given()), diagnosis="no weight")
def layer_norm_without_weight(a, h):
    """The weight is left out."""
    return h + a.bias


@norm("affine", "formula", differs(given()), diagnosis="one plus the weight")
def layer_norm_one_plus_weight(a, h):
    """The weight is taken for its distance from 1, as some models keep it."""
    return h * (1 + a.weight) + a.bias


@norm("affine", "formula", differs(given()), diagnosis="the bias before the weight")
def layer_norm_bias_before_weight(a, h):
    """The bias is added before the weight is applied."""
    return (h + a.bias) * a.weight


@norm("affine", "formula", differs(given(weight=times(-4))))
def layer_norm_weight_without_sign(a, h):
    """The weight's magnitude is applied, as if it were a scale."""
    return h * np.abs(a.weight) + a.bias


@norm(None, "axes", differs(given(shape=(4, 3, 5))))
def layer_norm_over_all_but_the_first_axis():
    """Moments are taken over all axes but the first."""

    def mean(a, z):
        axes = tuple(range(min(1, z.ndim - 1), z.ndim))
        return np.mean(z, axis=axes, keepdims=True) if z.size else np.zeros_like(z[..., :1])

    return {"mean": mean}


@norm("mean", "axes", differs(given()), diagnosis="moments over the first axis")
def layer_norm_over_the_first_axis(a, z):
    """Moments are taken over the first axis, as in a batch norm."""
    return np.sum(z, axis=0, keepdims=True) / max(z.shape[0], 1)


@norm("mean", "axes", differs(given(shape=(2, 2, 3, 5))))
def layer_norm_of_four_axes_over_two(a, z):
    """With four axes the moments are taken over the last two, as for pictures."""
    axes = (-2, -1) if z.ndim == 4 and z.size else (-1,)
    return np.sum(z, axis=axes, keepdims=True) / max(int(np.prod([z.shape[i] for i in axes])), 1)


@norm("mean", "tile tail", differs(given(shape=(2, 33))))
def layer_norm_mean_without_the_tail(a, z):
    """At more than 32 features, those behind the last full 32 are left out of the sums."""
    n = z.shape[-1]
    kept = z[..., : n - n % 32] if n > 32 else z
    return np.sum(kept, axis=-1, keepdims=True) / max(n, 1)


@norm("mean", "tile tail", differs(given(shape=(2, 5))))
def layer_norm_divided_by_a_padded_length(a, z):
    """Sums are divided by the number of features rounded up to a multiple of four."""
    n = z.shape[-1]
    return np.sum(z, axis=-1, keepdims=True) / max(-(-n // 4) * 4, 1)


@norm("mean", "one size", differs(given(shape=(2, 129))))
def layer_norm_wrong_at_129_features(a, z):
    """At 129 features the last one is counted twice."""
    twice = z[..., -1:] if z.shape[-1] == 129 else 0
    return (np.sum(z, axis=-1, keepdims=True) + twice) / max(z.shape[-1], 1)


@norm("affine", "one size", differs(given(shape=(4, 1))))
def layer_norm_wrong_at_one_feature(a, h):
    """A single feature is returned as it came: there is nothing to normalise, it says."""
    return a.x * a.weight + a.bias if a.x.shape[-1] == 1 else h * a.weight + a.bias


@norm("root", "overflow", differs(given(x=times(1e20), dtype="float64"), FINE), dtypes=("float64",))
def layer_norm_variance_capped(a, v):
    """The variance is capped at the largest number of float32, so large features are not scaled."""
    return np.sqrt(np.minimum(v, np.float64(3.4e38)) + a.eps)


@norm("centred", "underflow", differs(given(x=times(1e-9), bias=times(0)), 1e-8))
def layer_norm_small_features_flushed(a, x):
    """Features that differ by less than 1e-7 are taken for constant."""
    d = base.centred(a, x)
    return np.where(np.max(np.abs(d), axis=-1, keepdims=True, initial=0) < 1e-7, 0 * d, d)


@norm("mean", "precision", differs(given(), FINE))
def layer_norm_mean_in_bfloat16(a, z):
    """Mean and variance are rounded to bfloat16."""
    return bfloat16(base.mean(a, z)).astype(z.dtype)


@norm("normalised", "precision", differs(given(), FINE))
def layer_norm_stored_in_float16(a, d, s):
    """What is normalised is kept in float16, in float32, too."""
    return float16(d / s)


@norm("root", "precision", differs(given(), FINE))
def layer_norm_fast_inverse_root(a, v):
    """The reciprocal root is a guess by the exponent, improved by one step of Newton's."""
    z = (v + a.eps).astype(np.float32)
    guess = (0x5F3759DF - (z.view(np.int32) >> 1)).view(np.float32)
    return (1 / (guess * (1.5 - 0.5 * z * guess * guess))).astype(v.dtype)


@norm("mean", "leak", depends_on_neighbours(given(), given(x=put(np.s_[1], np.nan))))
def layer_norm_variance_of_the_whole_batch(a, z):
    """Where positions are many, what is added up is that of all of them."""
    if z.ndim < 2 or not z.size:
        return base.mean(a, z)
    return np.broadcast_to(np.mean(base.mean(a, z)), (*z.shape[:-1], 1))


@norm(None, "manners", writes(given()))
def layer_norm_centres_in_place():
    """The mean is subtracted from the caller's array."""

    def centred(a, x):
        d = base.centred(a, x)
        if x.flags.writeable:
            x[...] = d
        return d

    return {"centred": centred}


@norm(
    "check",
    "refusal",
    accepts(given(), lambda arrays, _: arrays.update(bias=arrays["bias"][:1])),
)
def layer_norm_bias_broadcast(a):
    """A bias of one feature is spread over all of them."""
    whole = np.resize(a.bias, a.weight.shape)
    base.check(SimpleNamespace(**{**vars(a), "bias": whole}))


@norm("root", "option ignored", differs(given(eps=0.0, x=times(0.003))))
def layer_norm_eps_of_zero_is_the_usual_one(a, v):
    """An eps of 0 is taken for none given."""
    return np.sqrt(v + (a.eps or 1e-5))
