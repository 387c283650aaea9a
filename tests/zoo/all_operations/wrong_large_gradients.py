"""Gradients that are right only while cotangents are of the usual magnitude."""

from functools import partial

import numpy as np

from zoo import calling
from zoo.attention.base import attention
from zoo.cases import case
from zoo.entries import wrong
from zoo.layer_norm.base import layer_norm
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm
from zoo.softmax.base import softmax
from zoo.witness import expected_gradients

clipping = partial(wrong, defect="large gradients")


def scaled(operation, scale):
    """The gradients of cotangents times a power of two are not the gradients times it."""
    one = case(operation)

    def shows(subject):
        arrays, options = calling.native(subject, one)
        pulled = [np.asarray(scale * c, np.float32) for c in one.cotangents()]
        got = calling.gradients(subject, operation, pulled, arrays, options)
        pairs = zip(got, expected_gradients(one).values(), strict=True)
        return any(bool(np.abs(g / scale - w).max() > 1e-3) for g, w in pairs)

    return shows


@clipping(softmax, "vjp_arguments", witness=scaled("softmax", 2.0**20))
def softmax_cotangents_clipped(a):
    """Cotangents are clipped to 1e4."""
    a.dp = np.clip(a.dp, -1e4, 1e4)


@clipping(layer_norm, "vjp_result", witness=scaled("layer_norm", 2.0**20))
def layer_norm_gradient_clipped(a, g):
    """The gradient of x is clipped to 100."""
    g.x = np.clip(g.x, -100, 100)


@clipping(attention, "vjp_result", witness=scaled("attention", 2.0**20))
def attention_gradient_of_values_clipped(a, g):
    """The gradient of the values is clipped to 1,000."""
    g.v = np.clip(g.v, -1e3, 1e3)


@clipping(lstm, "step_gradient", witness=scaled("lstm", 2.0**20))
def lstm_step_gradient_clipped(a, t, g):
    """Each step's gradient at the pre-activations is clipped to 100, for its input."""
    g.x = np.clip(g.x, -100, 100)


@clipping(gru, "vjp_arguments", witness=scaled("gru", 2.0**-20))
def gru_small_cotangents_are_zero(a):
    """Cotangents below 1e-4 count as zero."""
    for name in ("dy", "dh_n"):
        d = getattr(a, name)
        setattr(a, name, np.where(np.abs(d) < 1e-4, 0, d).astype(d.dtype))
