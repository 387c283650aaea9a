"""Softmax along the last axis, in torch. Entries may be -inf; FULLY_MASKED is a trait."""

import math

import torch

from generated.torch_manners import guard, narrow, wide
from generated.torch_sums import total

TILE = 16
FULLY_MASKED = "zeros"


def largest(x):
    """The largest along the last axis, which passes no gradient."""
    return x.detach().amax(-1, keepdim=True)


def largest__max(x):
    """By the maximum and its place."""
    return torch.max(x.detach(), -1, keepdim=True).values


def softmax_rows(x):
    """By torch; every row has a finite entry."""
    return torch.softmax(x, -1)


def softmax_rows__shifted(x):
    """exp(x - max) / sum exp(x - max)."""
    e = torch.exp(x - largest(x))
    return e / total(e)


def softmax_rows__reciprocal(x):
    """The division is a product."""
    e = torch.exp(x - largest(x))
    return e * torch.reciprocal(total(e))


def softmax_rows__exp2(x):
    """log2(e) is multiplied into scores and maximum."""
    log2e = math.log2(math.e)
    e = torch.exp2(x * log2e - largest(x) * log2e)
    return e / total(e)


def softmax_rows__log_sum_exp(x):
    """exp(x - log sum exp x)."""
    return torch.exp(x - torch.logsumexp(x, -1, keepdim=True))


def softmax_rows__log_softmax(x):
    """The exponential of the logarithm of softmax."""
    return torch.log_softmax(x, -1).exp()


def softmax_rows__online(x):
    """Milakov and Gimelshein (2018): maximum and sum run along over tiles."""
    m = torch.full_like(largest(x), -math.inf)
    s = torch.zeros_like(m)
    for tile in x.split(TILE, -1):
        top = torch.maximum(m, largest(tile))
        base = torch.where(top == -math.inf, torch.zeros_like(top), top)
        s = s * torch.exp(m - base) + total(torch.exp(tile - base))
        m = top
    return torch.exp(x - m) / s


def softmax_rows__in_float64(x):
    """In a wider type, rounded once."""
    return torch.softmax(x, -1, dtype=torch.float64).to(x.dtype)


def nowhere(x):
    """Which rows are -inf throughout."""
    return (x == -math.inf).all(-1, keepdim=True)


def nowhere__isneginf(x):
    """By torch's own test."""
    return torch.all(torch.isneginf(x), dim=-1, keepdim=True)


def weights(x):
    """Softmax, with the rows that are -inf throughout as declared, and without a gradient."""
    if not x.shape[-1]:
        return x * 1
    gone = nowhere(x)
    p = softmax_rows(x.masked_fill(gone, 0))
    instead = {"zeros": 0.0, "nan": math.nan, "mean": 1 / x.shape[-1]}[FULLY_MASKED]
    return p.masked_fill(gone, instead)


def weights__where(x):
    """By choices."""
    if not x.numel():
        return x.clone()
    gone = nowhere(x)
    p = softmax_rows(torch.where(gone, torch.zeros_like(x), x))
    instead = {"zeros": 0.0, "nan": math.nan, "mean": 1 / x.shape[-1]}[FULLY_MASKED]
    return torch.where(gone, torch.full_like(p, instead), p)


def softmax(x, axis=-1):
    """Softmax along an axis, which is moved to the end."""
    guard_axis(x, axis)
    return narrow(weights(wide(x).movedim(axis, -1)).movedim(-1, axis), x)


def softmax__swapped(x, axis=-1):
    """The axis changes places with the last."""
    guard_axis(x, axis)
    return narrow(weights(wide(x).transpose(axis, -1)).transpose(axis, -1), x)


def guard_axis(x, axis):
    """Check the array and the axis."""
    guard(x=(x, " ".join("d" * (k + 1) for k in range(x.dim()))))
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise TypeError(f"axis is {axis!r}")
    if not -x.dim() <= axis < x.dim():
        raise IndexError(f"axis is {axis}, of {x.dim()}")


def guard_axis__nothing(x, axis):
    """Check nothing: torch raises what it raises."""
