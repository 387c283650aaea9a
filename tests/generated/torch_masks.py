"""Which query may attend to which key, and what is added to its scores, in torch."""

import math

import torch

from generated.torch_manners import wide


def causal(length, keys, query_offset, device):
    """bool (L, S): the keys j <= i + query_offset."""
    i = torch.arange(length, device=device)[:, None]
    return torch.arange(keys, device=device) <= i + query_offset


def causal__lower_triangle(length, keys, query_offset, device):
    """By a triangle of ones."""
    ones = torch.ones((length, keys), dtype=torch.bool, device=device)
    return torch.tril(ones, query_offset)


def causal__not_above(length, keys, query_offset, device):
    """What is not above a diagonal."""
    ones = torch.ones((length, keys), dtype=torch.bool, device=device)
    return ~ones.triu(query_offset + 1)


def banded(length, keys, query_offset, window, device):
    """bool (L, S): the keys inside the window."""
    left, right = window
    at = torch.arange(length, device=device)[:, None] + query_offset
    distance = torch.arange(keys, device=device) - at
    seen = torch.ones_like(distance, dtype=torch.bool)
    if left is not None:
        seen = seen & (distance >= -left)
    if right is not None:
        seen = seen & (distance <= right)
    return seen


def banded__triangles(length, keys, query_offset, window, device):
    """By triangles of ones."""
    left, right = window
    seen = torch.ones((length, keys), dtype=torch.bool, device=device)
    if left is not None:
        seen = seen.triu(query_offset - left)
    if right is not None:
        seen = seen.tril(query_offset + right)
    return seen


def pairs(shape, mask, is_causal, query_offset, window, device):
    """bool (B, N, L, S), and the floating mask or None."""
    seen, bias = torch.ones(shape, dtype=torch.bool, device=device), None
    if is_causal:
        seen = seen & causal(shape[2], shape[3], query_offset, device)
    if window is not None:
        seen = seen & banded(shape[2], shape[3], query_offset, window, device)
    if mask is not None:
        guard_mask(mask, shape)
        if mask.dtype == torch.bool:
            seen = seen & mask
        else:
            seen, bias = seen & (mask != -math.inf), wide(mask).expand(shape)
    return seen, bias


def pairs__mask_first(shape, mask, is_causal, query_offset, window, device):
    """The mask first, then the rules of position."""
    seen, bias = torch.ones((), dtype=torch.bool, device=device), None
    if mask is not None:
        guard_mask(mask, shape)
        boolean = mask.dtype == torch.bool
        seen = mask if boolean else torch.isneginf(mask).logical_not()
        bias = None if boolean else wide(mask).broadcast_to(shape)
    if window is not None:
        seen = seen.logical_and(banded(shape[2], shape[3], query_offset, window, device))
    if is_causal:
        seen = seen.logical_and(causal(shape[2], shape[3], query_offset, device))
    return seen.broadcast_to(shape), bias


def guard_mask(mask, shape):
    """Check that the mask broadcasts."""
    if mask.dtype != torch.bool and not mask.is_floating_point():
        raise TypeError(f"the mask is {mask.dtype}")
    if torch.broadcast_shapes(mask.shape, shape) != torch.Size(shape):
        raise ValueError(f"the mask has shape {tuple(mask.shape)}")


def guard_mask__nothing(mask, shape):
    """Check nothing."""


def factor(scale, features):
    """The scale of the scores."""
    return 1 / math.sqrt(max(features, 1)) if scale is None else float(scale)


def factor__power(scale, features):
    """As a power."""
    return float(max(features, 1) ** -0.5 if scale is None else scale)
