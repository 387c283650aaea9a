"""Greedy decoding, in torch."""

import torch

from generated.torch_layers import decoded, decoder_masks, decoder_names
from generated.torch_linear import linear
from generated.torch_manners import wide
from generated.torch_positions import table


def likeliest(scores):
    """The lowest of the largest, of (B, V)."""
    tokens = torch.arange(scores.shape[-1], device=scores.device)
    largest = scores.amax(-1, keepdim=True)
    return torch.where(scores == largest, tokens, scores.shape[-1] - 1).amin(-1)


def likeliest__running(scores):
    """One token after the other."""
    best = scores[:, 0]
    token = torch.zeros(scores.shape[0], dtype=torch.int64, device=scores.device)
    for v in range(1, scores.shape[1]):
        better = scores[:, v] > best
        best = torch.where(better, scores[:, v], best)
        token = torch.where(better, v, token)
    return token


def depth_of(params):
    """How many layers there are."""
    return len({name.split(".")[1] for name in params if name.startswith("layers.")})


def depth_of__counted(params):
    """Counted by the first norm of each."""
    depth = 0
    while f"layers.{depth}.norm1.weight" in params:
        depth += 1
    return depth


def guard_start(memory, start, steps, embedding):
    """Check the start and the number of steps."""
    if isinstance(steps, bool) or not isinstance(steps, int):
        raise TypeError(f"steps is {steps!r}")
    if start.is_floating_point() or start.dtype == torch.bool:
        raise TypeError(f"start is {start.dtype}")
    if steps < 0 or start.shape != memory.shape[:1]:
        raise ValueError(f"{steps} steps from {tuple(start.shape)}")
    if bool(((start < 0) | (start >= embedding.shape[0])).any()):
        raise ValueError("start is no token")


def guard_start__negative(memory, start, steps, embedding):
    """Check the tokens alone."""
    if bool((start < 0).any()):
        raise IndexError("a token is negative")


def generate(memory, start, steps, params, num_heads):
    """Write tokens, each time from all that were written."""
    guard_start(memory, start, steps, params["embedding.weight"])
    source, embedding = wide(memory), wide(params["embedding.weight"])
    names = decoder_names()
    layers = [
        [wide(params[f"layers.{i}.{name}"]) for name in names] for i in range(depth_of(params))
    ]
    weight, bias = wide(params["projection.weight"]), wide(params["projection.bias"])
    positions = table(steps, embedding.shape[1]).to(embedding)
    tokens = start.to(torch.int64)[:, None]
    for t in range(steps):
        x = embedding[tokens] + positions[: t + 1]
        masks = decoder_masks(x, source, num_heads, None)
        for p in layers:
            x = decoded(x, source, p, num_heads, "relu", False, masks, memory.dtype)
        scores = linear(x[:, -1:], weight, bias)[:, 0]
        tokens = torch.cat([tokens, likeliest(scores)[:, None]], 1)
    return tokens[:, 1:].clone()
