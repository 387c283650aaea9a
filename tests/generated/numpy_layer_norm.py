"""Layer normalisation, in NumPy."""

import numpy as np

from generated.forms import declares
from generated.numpy_manners import narrow, taken, wide
from generated.numpy_products import fused
from generated.numpy_sums import mean, moments, over_rows, total


def standardized(x, eps):
    """(x - mean) / sqrt(variance + eps), and 1 / sqrt(variance + eps)."""
    m, variance = moments(x)
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    return (x - m) * scale, scale


def standardized__divided(x, eps):
    """The root is divided by."""
    m, variance = moments(x)
    root = np.sqrt(variance + x.dtype.type(eps))
    return (x - m) / root, 1 / root


def standardized__in_place(x, eps):
    """The centred features are overwritten."""
    d = x - mean(x)
    root = np.sqrt(mean(np.square(d)) + x.dtype.type(eps))
    d /= root
    return d, np.reciprocal(root)


def standardized__in_float64(x, eps):
    """In a wider type, rounded once."""
    wider = x.astype(np.float64)
    d = wider - wider.mean(axis=-1, keepdims=True) if x.shape[-1] else wider
    square = np.sum(d * d, axis=-1, keepdims=True) / max(x.shape[-1], 1)
    scale = 1 / np.sqrt(square + eps)
    return (d * scale).astype(x.dtype), scale.astype(x.dtype)


@declares(normalise="affine")
def standardized__affine(x, eps):
    """x / sigma - mean / sigma: beside a large mean the digits cancel."""
    m, variance = moments(x)
    scale = 1 / np.sqrt(variance + x.dtype.type(eps))
    return x * scale + -m * scale, scale


def normalised(x, weight, bias, eps):
    """Weight and bias after the norm."""
    return fused(standardized(x, eps)[0], weight, bias)


def norm_gradient(dy, x, weight, eps):
    """Gradients of x, weight and bias; x has any rank from 1."""
    h, scale = standardized(x, eps)
    dh = dy * weight
    dx = (dh - mean(dh) - h * mean(dh * h)) * scale
    return dx, over_rows(in_rows(dy * h)), over_rows(in_rows(dy))


def norm_gradient__subtracted_together(dy, x, weight, eps):
    """The two means are added first."""
    h, scale = standardized(x, eps)
    dh = dy * weight
    dx = scale * (dh - (h * mean(dh * h) + mean(dh)))
    return dx, over_rows(in_rows(dy * h)), over_rows(in_rows(dy))


def norm_gradient__of_sums(dy, x, weight, eps):
    """The number of features is multiplied in, and divided by at the end."""
    h, scale = standardized(x, eps)
    n = x.dtype.type(max(x.shape[-1], 1))
    dh = dy * weight
    dx = (n * dh - total(dh) - h * total(dh * h)) * (scale / n)
    return dx, over_rows(in_rows(dy * h)), over_rows(in_rows(dy))


def in_rows(x):
    """All positions in one matrix."""
    return x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1])


def layer_norm(x, weight, bias, eps=1e-5):
    """Normalise the last axis."""
    guard_norm(x, weight, bias, eps)
    return narrow(normalised(wide(x), wide(weight), wide(bias), eps), x)


def layer_norm__in_rows(x, weight, bias, eps=1e-5):
    """All positions in one matrix."""
    guard_norm(x, weight, bias, eps)
    y = normalised(in_rows(wide(x)), wide(weight), wide(bias), eps)
    return narrow(y.reshape(x.shape), x)


def layer_norm__position_by_position(x, weight, bias, eps=1e-5):
    """Each position by itself."""
    guard_norm(x, weight, bias, eps)
    out = np.empty(x.shape, x.dtype)
    for place in np.ndindex(x.shape[:-1]):
        out[place] = normalised(wide(taken(x)[place]), wide(weight), wide(bias), eps)
    return out


def layer_norm_vjp(dy, x, weight, bias, eps=1e-5):
    """Gradient of layer_norm."""
    guard_norm(x, weight, bias, eps)
    if dy.shape != x.shape:
        raise ValueError(f"dy has shape {dy.shape}, x {x.shape}")
    dx, dweight, dbias = norm_gradient(wide(dy), wide(x), wide(weight), eps)
    return narrow(dx, x), narrow(dweight, x), narrow(dbias, x)


def guard_norm(x, weight, bias, eps):
    """Check shapes, dtypes and eps."""
    for array in (x, weight, bias):
        if not isinstance(array, np.ndarray) or array.dtype != x.dtype or x.dtype.kind != "f":
            raise TypeError("arrays of one floating dtype are expected")
    if not x.ndim or weight.shape != x.shape[-1:] or bias.shape != x.shape[-1:]:
        raise ValueError(f"shapes {x.shape}, {weight.shape}, {bias.shape} do not fit")
    if not eps >= 0:
        raise ValueError(f"eps is {eps}")


def guard_norm__nothing(x, weight, bias, eps):
    """Check nothing."""
