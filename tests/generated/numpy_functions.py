"""Elementary functions in NumPy, each within 4 ulp."""

import math

import numpy as np

from generated.forms import declares


def sigmoid(x):
    """1 / (1 + exp(-x)): an overflow gives 0."""
    return 1 / (1 + np.exp(-x))


def sigmoid__of_both_signs(x):
    """From exp(-|x|), which does not overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid__reciprocal(x):
    """By NumPy's reciprocal."""
    return np.reciprocal(1 + np.exp(-x))


def sigmoid__by_masks(x):
    """Each sign has its own formula."""
    out = np.array(x)
    positive = x >= 0
    out[positive] = 1 / (1 + np.exp(-x[positive]))
    e = np.exp(x[~positive])
    out[~positive] = e / (1 + e)
    return out


def sigmoid__in_float64(x):
    """In a wider type, rounded once."""
    return (1 / (1 + np.exp(-x.astype(np.float64)))).astype(x.dtype)


@declares(elementary="absolute")
def sigmoid__by_tanh(x):
    """By the hyperbolic tangent, as compilers do: small values have few digits."""
    return (1 + np.tanh(x * x.dtype.type(0.5))) * x.dtype.type(0.5)


def tanh(x):
    """By NumPy."""
    return np.tanh(x)


def tanh__by_expm1(x):
    """e / (e + 2) with e = exp(2 |x|) - 1."""
    e = np.expm1(2 * np.minimum(np.abs(x), 20))
    return np.copysign(e / (e + 2), x)


def tanh__in_float64(x):
    """In a wider type, rounded once."""
    return np.tanh(x.astype(np.float64)).astype(x.dtype)


def tanh_slope(h):
    """1 - h^2 of the value h."""
    return 1 - h * h


def tanh_slope__negated(h):
    """-(h^2 - 1)."""
    return -(h * h - 1)


def sigmoid_slope(s):
    """s (1 - s) of the value s."""
    return s * (1 - s)


def relu(x):
    """The larger of x and 0."""
    return np.maximum(x, 0)


def relu__where(x):
    """A choice, which keeps NaN."""
    return np.where(x <= 0, x.dtype.type(0), x)


def relu_slope(h):
    """1 where the value h is positive, else 0; NaN at NaN."""
    return np.heaviside(h, h.dtype.type(0))


def relu_slope__sign(h):
    """The sign of a value that is not negative."""
    return np.sign(h)


def relu_slope__where(h):
    """A choice, which keeps NaN."""
    return np.where(h > 0, h.dtype.type(1), h * 0)


def normal_cdf(x):
    """By erfc, in double precision."""
    cdf = np.vectorize(math.erfc, otypes=[np.float64])(x * -math.sqrt(0.5)) / 2
    return cdf.astype(x.dtype)


def normal_cdf__by_erf(x):
    """(1 + erf) / 2, where the sum is rounded."""
    erf = np.vectorize(math.erf, otypes=[np.float64])(x * x.dtype.type(math.sqrt(0.5)))
    return (1 + erf.astype(x.dtype)) * x.dtype.type(0.5)


def gelu(x):
    """x Phi(x)."""
    return x * normal_cdf(x)


def gelu_slope(x):
    """Phi(x) + x phi(x)."""
    phi = np.exp(x * x * x.dtype.type(-0.5)) * x.dtype.type(1 / math.sqrt(2 * math.pi))
    return normal_cdf(x) + x * phi


def activate(name, x):
    """The activation of a feed-forward network."""
    if name == "relu":
        return relu(x)
    if name == "gelu":
        return gelu(x)
    raise ValueError(f"activation {name!r}")


def activate__by_dict(name, x):
    """The name is a key."""
    return {"relu": relu, "gelu": gelu}[name](x)


def activation_slope(name, x):
    """Its slope at x."""
    return relu_slope(relu(x)) if name == "relu" else gelu_slope(x)


def nonlinear(name, x):
    """The nonlinearity of a recurrent network."""
    if name not in ("tanh", "relu", "sigmoid"):
        raise ValueError(f"nonlinearity {name!r}")
    return tanh(x) if name == "tanh" else relu(x) if name == "relu" else sigmoid(x)


def nonlinear__by_dict(name, x):
    """The name is a key."""
    return {"tanh": tanh, "relu": relu, "sigmoid": sigmoid}[name](x)


def nonlinear_slope(name, h):
    """Its slope, from its value."""
    slopes = {"tanh": tanh_slope, "relu": relu_slope, "sigmoid": sigmoid_slope}
    return slopes[name](h)
