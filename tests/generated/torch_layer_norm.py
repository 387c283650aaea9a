"""Layer normalisation, in torch."""

import torch

from generated.forms import declares
from generated.torch_manners import narrow, wide
from generated.torch_sums import fused, mean, moments


def standardized(x, eps):
    """(x - mean) / sqrt(variance + eps)."""
    m, variance = moments(x)
    return (x - m) / torch.sqrt(variance + eps)


def standardized__reciprocal_root(x, eps):
    """The reciprocal root is multiplied."""
    m, variance = moments(x)
    return (x - m) * torch.rsqrt(variance + eps)


def standardized__power(x, eps):
    """The reciprocal root is a power."""
    d = x - mean(x)
    return d * (mean(d**2) + eps) ** -0.5


def standardized__in_float64(x, eps):
    """In a wider type, rounded once."""
    d = x.double() - x.double().sum(-1, keepdim=True) / max(x.shape[-1], 1)
    square = (d * d).sum(-1, keepdim=True) / max(x.shape[-1], 1)
    return (d / torch.sqrt(square + eps)).to(x.dtype)


@declares(normalise="affine")
def standardized__affine(x, eps):
    """x / sigma - mean / sigma: beside a large mean the digits cancel."""
    m, variance = moments(x)
    scale = torch.rsqrt(variance + eps)
    return x * scale - m * scale


@declares(normalise="affine")
def standardized__torch(x, eps):
    """By torch's own function, which is affine."""
    return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=eps)


def normalised(x, weight, bias, eps):
    """Weight and bias after the norm."""
    return fused(standardized(x, eps), weight, bias)


def normalised__bias_first(x, weight, bias, eps):
    """The bias comes first."""
    return bias + weight * standardized(x, eps)


def layer_norm(x, weight, bias, eps=1e-5):
    """Normalise the last axis."""
    guard_norm(x, weight, bias, eps)
    return narrow(normalised(wide(x), wide(weight), wide(bias), eps), x)


def layer_norm__in_rows(x, weight, bias, eps=1e-5):
    """All positions in one matrix."""
    guard_norm(x, weight, bias, eps)
    rows = wide(x).reshape(x.shape[:-1].numel(), x.shape[-1])
    return narrow(normalised(rows, wide(weight), wide(bias), eps).reshape(x.shape), x)


def guard_norm(x, weight, bias, eps):
    """Check shapes, dtypes and eps."""
    for array in (x, weight, bias):
        if not isinstance(array, torch.Tensor) or array.dtype != x.dtype:
            raise TypeError("tensors of one dtype are expected")
    if not x.dtype.is_floating_point:
        raise TypeError("a floating dtype is expected")
    if not x.dim() or weight.shape != x.shape[-1:] or bias.shape != x.shape[-1:]:
        raise ValueError(f"shapes {x.shape}, {weight.shape}, {bias.shape} do not fit")
    if not eps >= 0:
        raise ValueError(f"eps is {eps}")


def guard_norm__nothing(x, weight, bias, eps):
    """Check nothing."""
