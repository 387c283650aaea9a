"""Right encoder layers in NumPy: other forms, orders and precisions than the base."""

import math
from functools import partial

import numpy as np

from zoo.encoder import base
from zoo.encoder.base import encoder_layer
from zoo.entries import right

form = partial(right, encoder_layer)
ERF = np.vectorize(math.erf, otypes=[float])


@form(None, "plain")
def layer_plain():
    """The base as it is."""
    return {}


@form("activation", "formulation")
def layer_gelu_by_erf(a, z):
    """gelu is z/2 (1 + erf(z / sqrt 2)), whose sum cancels below 0."""
    if a.activation == "relu":
        return z * (z > 0)
    erf = ERF((z * z.dtype.type(math.sqrt(0.5))).astype(float)).astype(z.dtype)
    return z * z.dtype.type(0.5) * (1 + erf)


@form("norm", "formulation")
def layer_norm_by_reciprocal(a, x, number):
    """The norms multiply by the reciprocal of the root."""
    centred = x - x.sum(-1, keepdims=True) * x.dtype.type(1 / x.shape[-1])
    r = 1 / np.sqrt((centred * centred).mean(-1, keepdims=True) + x.dtype.type(base.EPS))
    return a.params[f"norm{number}.weight"] * (r * centred) + a.params[f"norm{number}.bias"]


@form("feed", "summation order")
def layer_hidden_units_in_blocks(a, x):
    """The feed-forward network adds up over blocks of three hidden units, the bias first."""
    out = np.broadcast_to(a.params["linear2.bias"], x.shape)
    w1, b1, w2 = (a.params[n] for n in ("linear1.weight", "linear1.bias", "linear2.weight"))
    for start in range(0, len(b1), 3):
        rows = slice(start, start + 3)
        h = a.part.activation(a, x @ w1[rows].T + b1[rows])
        out = out + h @ w2[:, rows].T
    return out


@form(None, "precision inside", dtypes=("float32",))
def layer_in_double():
    """float32 arguments are computed with in float64, in the vjp too."""

    def arguments(a):
        a.x = a.x.astype(np.float64)
        a.params = {name: p.astype(np.float64) for name, p in a.params.items()}
        a.traits = {**a.traits, "dtypes": ("float64",)}
        if a.mask is not None and a.mask.dtype != bool:
            a.mask = a.mask.astype(np.float64)

    def vjp_arguments(a):
        a.dout = a.dout.astype(np.float64)

    def result(a, o):
        o.out = o.out.astype(np.float32)

    def vjp_result(a, g):
        g.x = g.x.astype(np.float32)
        g.params = {name: p.astype(np.float32) for name, p in g.params.items()}

    return {"arguments": arguments, "vjp_arguments": vjp_arguments, "result": result,
            "vjp_result": vjp_result}  # fmt: skip


@form(None, "trait", fully_masked="nan")
def layer_fully_masked_is_nan():
    """A position that may attend to nothing gets NaN, as declared."""
    return {}


@form(None, "trait", fully_masked="mean", masked_nan="may leak")
def layer_fully_masked_is_mean():
    """A position that may attend to nothing gets the mean of the values, as declared."""
    return {}


@form("vjp_result", "order of names")
def layer_gradients_in_another_order(a, g):
    """The dict of gradients has the names of the parameters in another order."""
    g.params = dict(sorted(g.params.items()))
