"""Right sums of other kinds in NumPy: Welford's moments, compensated sums."""

import numpy as np

from zoo.attention import base as base_attention
from zoo.encoder import base as base_encoder
from zoo.entries import right
from zoo.layer_norm import base as base_layer_norm
from zoo.recurrent import base_lstm
from zoo.softmax import base as base_softmax

EPS = 1e-5  # of the layers' norms


def welford(x):
    """Mean and variance along the last axis, as running values."""
    mean = np.zeros((*x.shape[:-1], 1), x.dtype)
    squares = np.zeros_like(mean)
    for count in range(1, x.shape[-1] + 1):
        value = x[..., count - 1 : count]
        delta = value - mean
        mean = mean + delta / count
        squares = squares + delta * (value - mean)
    return mean, squares / max(x.shape[-1], 1)


def merged(x):
    """Mean and sum of squares along the last axis, of halves, merged (Chan et al. 1979)."""
    n = x.shape[-1]
    if n <= 1:
        return x.sum(-1, keepdims=True), np.zeros((*x.shape[:-1], 1), x.dtype)
    left, right_ = n // 2, n - n // 2
    mean, squares = merged(x[..., :left])
    other, others = merged(x[..., left:])
    delta = other - mean
    between = delta * delta * (left * right_ / n)
    return mean + delta * (right_ / n), squares + others + between


def compensated(x):
    """The sum along the last axis with a running compensation (Kahan 1965)."""
    total = np.zeros((*x.shape[:-1], 1), x.dtype)
    lost = np.zeros_like(total)
    for i in range(x.shape[-1]):
        term = x[..., i : i + 1] - lost
        new = total + term
        lost = (new - total) - term
        total = new
    return total


def standard(a, x, number, mean, variance):
    """A layer's norm of these moments."""
    h = (x - mean) / np.sqrt(variance + x.dtype.type(EPS))
    return h * a.params[f"norm{number}.weight"] + a.params[f"norm{number}.bias"]


@right(base_layer_norm.layer_norm, None, "running moments")
def layer_norm_of_merged_moments():
    """Moments of halves are merged, as the threads of a kernel merge Welford's."""

    def centred(a, x):
        return x - merged(x)[0]

    def variance(a, d):
        return merged(a.x)[1] / max(a.x.shape[-1], 1)

    return {"centred": centred, "variance": variance}


@right(base_encoder.encoder_layer, "norm", "running moments")
def layer_norm_by_welford(a, x, number):
    """The norms take Welford's moments."""
    return standard(a, x, number, *welford(x))


@right(base_layer_norm.layer_norm, "mean", "compensated sums")
def layer_norm_of_compensated_sums(a, z):
    """Mean and variance are compensated sums, which are NaN where a sum overflows."""
    return compensated(z) / max(z.shape[-1], 1)


@right(base_encoder.encoder_layer, "norm", "compensated sums")
def layer_norms_of_compensated_sums(a, x, number):
    """The norms' mean and variance are compensated sums, which are NaN where a sum overflows."""
    mean = compensated(x) / x.shape[-1]
    return standard(a, x, number, mean, compensated((x - mean) ** 2) / x.shape[-1])


@right(base_softmax.softmax, "total", "compensated sums")
def softmax_of_a_compensated_sum(a, e):
    """The sum of exponentials is compensated."""
    return compensated(e)


@right(base_attention.attention, "scores", "compensated sums")
def attention_of_compensated_scores(a, q, k):
    """Scores are compensated sums, which are NaN where a product or sum overflows."""
    total = np.zeros((*q.shape[:3], k.shape[2]), q.dtype)
    lost = np.zeros_like(total)
    for d in range(q.shape[-1]):
        term = q[..., d, None] * k[:, :, None, :, d] - lost
        new = total + term
        lost = (new - total) - term
        total = new
    return total * base_attention.factor(a)


@right(base_lstm.lstm, "preactivation", "compensated sums")
def lstm_of_compensated_sums(a, x, h):
    """Each preactivation is one compensated sum of products and biases."""

    def products(t, weight):
        return t[:, None, :] * weight

    biases = np.stack([a.bias_ih, a.bias_hh], -1)
    biases = np.broadcast_to(biases, (len(x), *biases.shape))
    terms = [products(x, a.weight_ih), products(h, a.weight_hh), biases]
    return compensated(np.concatenate(terms, axis=-1))[..., 0]
