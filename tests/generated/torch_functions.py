"""Elementary functions in torch, each within 4 ulp."""

import math

import torch

from generated.forms import declares


def sigmoid(x):
    """By torch."""
    return torch.sigmoid(x)


def sigmoid__reciprocal(x):
    """1 / (1 + exp(-x)), where the exponential does not overflow."""
    positive = x >= 0
    e = torch.exp(torch.where(positive, -x, x))
    return torch.where(positive, 1 / (1 + e), e / (1 + e))


def sigmoid__in_float64(x):
    """In a wider type, rounded once."""
    return torch.sigmoid(x.double()).to(x.dtype)


@declares(elementary="absolute")
def sigmoid__by_tanh(x):
    """By the hyperbolic tangent, as compilers do: small values have few digits."""
    return (1 + torch.tanh(x * 0.5)) * 0.5


def tanh(x):
    """By torch."""
    return torch.tanh(x)


def tanh__in_float64(x):
    """In a wider type, rounded once."""
    return torch.tanh(x.double()).to(x.dtype)


def relu(x):
    """By torch."""
    return torch.relu(x)


def relu__where(x):
    """A choice, which keeps NaN."""
    return torch.where(x <= 0, torch.zeros_like(x), x)


def relu__masked(x):
    """What is not positive becomes 0."""
    return x.masked_fill(x <= 0, 0)


def gelu(x):
    """By erfc."""
    return x * (torch.erfc(x * -math.sqrt(0.5)) * 0.5)


def gelu__by_erf(x):
    """x (1 + erf) / 2, where the sum is rounded."""
    return x * (0.5 * (1 + torch.erf(x * math.sqrt(0.5))))


def gelu__torch(x):
    """By torch's own function."""
    return torch.nn.functional.gelu(x)


def activate(name, x):
    """The activation of a feed-forward network."""
    if name not in ("relu", "gelu"):
        raise ValueError(f"activation {name!r}")
    return relu(x) if name == "relu" else gelu(x)


def activate__by_dict(name, x):
    """The name is a key."""
    return {"relu": relu, "gelu": gelu}[name](x)


def nonlinear(name, x):
    """The nonlinearity of a recurrent network."""
    if name not in ("tanh", "relu", "sigmoid"):
        raise ValueError(f"nonlinearity {name!r}")
    return {"tanh": tanh, "relu": relu, "sigmoid": sigmoid}[name](x)


def nonlinear__in_turn(name, x):
    """One name after the other."""
    if name == "tanh":
        return tanh(x)
    if name == "sigmoid":
        return sigmoid(x)
    if name == "relu":
        return relu(x)
    raise NameError(name)
