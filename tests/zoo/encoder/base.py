"""The encoder layer in plain NumPy, cut into parts; forward and vjp use the same parts.

attention(a, x)        self-attention; attention_vjp(a, dy, x) its gradients
activation(a, z)       of the hidden units; slope(a, z) its slope
feed(a, x)             the feed-forward network; feed_vjp(a, dy, x) its gradients
norm(a, x, number)     layer norm 1 or 2; norm_vjp(a, dy, x, number) its gradients
added(a, x, y)         the residual: what a sublayer gives, added to what it was given
first(a)               whether the norms stand first
"""

import math
from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.multi_head import base as base_multi_head
from zoo.multi_head.base import heads_divide, summed
from zoo.signatures import ARGUMENTS, expect, expect_mask

NAME = "encoder_layer"
SELF = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
EPS = 1e-5
ERFC = np.vectorize(math.erfc, otypes=[float])


def check(a):
    given = {f"params.{name}" for name in a.params}
    if unknown := given - ARGUMENTS[NAME].keys():
        raise ValueError(f"params has the unknown {', '.join(sorted(unknown))}")
    sizes = expect(a, ARGUMENTS[NAME], a.traits["dtypes"])
    heads_divide(a, sizes["E"])
    expect_mask(a.mask, (sizes["B"], a.num_heads, sizes["T"], sizes["T"]), a.x.dtype)
    if a.activation not in ("relu", "gelu"):
        raise ValueError(f"activation {a.activation!r}")


def check_cotangents(a):
    expect(a, {"x": "B T E", "dout": "B T E"}, a.traits["dtypes"])


def _heads(a):
    return base_multi_head.multi_head_attention.build(None, a.traits)


def _given(a):
    return [a.params[f"self_attn.{name}"] for name in SELF]


def attention(a, x):
    return _heads(a)["multi_head_attention"](x, x, x, *_given(a), a.num_heads, a.mask)


def attention_vjp(a, dy, x):
    """The gradient of x, and those of the attention's parameters by name."""
    vjp = _heads(a)["multi_head_attention_vjp"]
    dq, dk, dv, *rest = vjp(dy, x, x, x, *_given(a), a.num_heads, a.mask)
    return dq + dk + dv, dict(zip([f"self_attn.{n}" for n in SELF], rest, strict=True))


def normal(z):
    """The distribution of a standard normal variable."""
    return (ERFC(-z.astype(float) / math.sqrt(2)) / 2).astype(z.dtype)


def activation(a, z):
    return np.maximum(z, 0) if a.activation == "relu" else z * normal(z)


def slope(a, z):
    if a.activation == "relu":
        return np.heaviside(z, 0)
    return normal(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _hidden(a, x):
    return x @ a.params["linear1.weight"].T + a.params["linear1.bias"]


def feed(a, x):
    h = a.part.activation(a, _hidden(a, x))
    return h @ a.params["linear2.weight"].T + a.params["linear2.bias"]


def feed_vjp(a, dy, x):
    """The gradient of x, and those of the network's parameters by name."""
    z = _hidden(a, x)
    dw2, db2 = summed(dy, a.part.activation(a, z))
    dz = dy @ a.params["linear2.weight"] * a.part.slope(a, z)
    dw1, db1 = summed(dz, x)
    names = ("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias")
    return dz @ a.params["linear1.weight"], dict(zip(names, (dw1, db1, dw2, db2), strict=True))


def _standard(x):
    centred = x - x.mean(-1, keepdims=True)
    root = np.sqrt((centred * centred).mean(-1, keepdims=True) + x.dtype.type(EPS))
    return centred / root, root


def norm(a, x, number):
    return _standard(x)[0] * a.params[f"norm{number}.weight"] + a.params[f"norm{number}.bias"]


def norm_vjp(a, dy, x, number):
    """The gradient of x, and those of the norm's parameters by name."""
    h, root = _standard(x)
    dh = dy * a.params[f"norm{number}.weight"]
    dx = (dh - dh.mean(-1, keepdims=True) - h * (dh * h).mean(-1, keepdims=True)) / root
    own = (dy * h).sum((0, 1)), dy.sum((0, 1))
    return dx, dict(zip((f"norm{number}.weight", f"norm{number}.bias"), own, strict=True))


def added(a, x, y):
    return x + y


def first(a):
    return a.norm_first


def _sublayer(a, x, number):
    f = a.part.attention if number == 1 else a.part.feed
    if a.part.first(a):
        return a.part.added(a, x, f(a, a.part.norm(a, x, number)))
    return a.part.norm(a, a.part.added(a, x, f(a, x)), number)


def forward(a):
    with np.errstate(all="ignore"):
        return SimpleNamespace(out=_sublayer(a, _sublayer(a, a.x, 1), 2))


def _sublayer_vjp(a, dy, x, number):
    f, vjp = (a.part.attention, a.part.attention_vjp) if number == 1 else (
        a.part.feed, a.part.feed_vjp)  # fmt: skip
    if a.part.first(a):
        df, own = vjp(a, dy, a.part.norm(a, x, number))
        dn, of_norm = a.part.norm_vjp(a, df, x, number)
        return a.part.added(a, dy, dn), own | of_norm
    ds, of_norm = a.part.norm_vjp(a, dy, a.part.added(a, x, f(a, x)), number)
    df, own = vjp(a, ds, x)
    return a.part.added(a, ds, df), own | of_norm


def gradient(a):
    with np.errstate(all="ignore"):
        y = _sublayer(a, a.x, 1)
        dy, second = _sublayer_vjp(a, a.dout, y, 2)
        dx, one = _sublayer_vjp(a, dy, a.x, 1)
    return SimpleNamespace(x=dx, params={name: (one | second)[name] for name in a.params})


def functions(call, call_vjp):
    def encoder_layer(x, params, num_heads, activation="relu", norm_first=False, mask=None):
        return call(x=x, params=dict(params), num_heads=num_heads, activation=activation,
                    norm_first=norm_first, mask=mask)  # fmt: skip

    def encoder_layer_vjp(
        dout, x, params, num_heads, activation="relu", norm_first=False, mask=None
    ):
        return call_vjp(dout=dout, x=x, params=dict(params), num_heads=num_heads,
                        activation=activation, norm_first=norm_first, mask=mask)  # fmt: skip

    return {NAME: encoder_layer, f"{NAME}_vjp": encoder_layer_vjp}


PARTS = {
    part.__name__: part
    for part in (
        *(check, check_cotangents, attention, attention_vjp, activation, slope, feed, feed_vjp),
        *(norm, norm_vjp, added, first),
    )
}
encoder_layer = Base(NAME, "numpy", forward, gradient, PARTS, functions)
