"""Greedy decoding, everything computed anew for each token. Vaswani et al. (2017).

Nothing is kept between the steps. `cached.py` does the same with a cache.
"""

from typing import Any

import torch
from torch import Tensor

from seqlaws.impls._parameters import DECODER, of_generator
from seqlaws.impls.torch_ops._checks import integer, wide
from seqlaws.impls.torch_ops._decoder import decoder_layer
from seqlaws.impls.torch_ops._multi_head import check_heads
from seqlaws.impls.torch_ops._positions import positional_encoding
from seqlaws.impls.torch_ops._sublayers import taken


def generate(
    memory: Tensor, start: Tensor, steps: Any, params: dict[str, Tensor], num_heads: int
) -> Tensor:
    """Write `steps` tokens after start (B,), given memory (B, S, E); return them, (B, steps).

    `params` has embedding.weight (V, E), the parameters of decoder layers under layers.0. and so
    on, projection.weight (V, E) and projection.bias (V,). Ties go to the lowest token. Raises
    `ValueError` for a wrong shape or name, a number of steps below 0 and a start that is no token,
    `TypeError` for a wrong dtype.
    """
    depth, shapes = of_generator(params)
    size, wide_params = taken(params, shapes, memory=(memory, "B S E"))
    check_heads(num_heads, size["E"])
    steps = checked(steps, start, size["B"], size["V"])
    layers = [{n: wide_params[f"layers.{i}.{n}"] for n in DECODER} for i in range(depth)]
    embedding, projection = wide_params["embedding.weight"], wide_params["projection.weight"]
    positions = positional_encoding(steps, size["E"]).to(embedding)
    read = start.long()[:, None]
    for _ in range(steps):
        x = embedding[read] + positions[: read.shape[1]]
        for layer in layers:
            x = decoder_layer(x, wide(memory), layer, num_heads)
        logits = x[:, -1] @ projection.mT + wide_params["projection.bias"]
        read = torch.cat([read, lowest_of_the_largest(logits)[:, None]], dim=1)
    return read[:, 1:].clone()


def lowest_of_the_largest(logits: Tensor) -> Tensor:
    """The first of the largest logits (B, V): `argmax` promises none in particular."""
    largest = logits.amax(-1, keepdim=True)
    tokens = torch.arange(logits.shape[-1], device=logits.device)
    behind = torch.full_like(tokens, logits.shape[-1] - 1)
    return torch.where(logits == largest, tokens, behind).amin(-1)


def checked(steps: Any, start: Any, batch: int, vocabulary: int) -> int:
    """The number of steps, once start is a token for each row."""
    steps = int(integer("steps", steps))
    if steps < 0:
        raise ValueError(f"steps must not be negative; got {steps}")
    if not isinstance(start, Tensor) or start.is_floating_point() or start.dtype == torch.bool:
        kind = getattr(start, "dtype", type(start).__name__)
        raise TypeError(f"start must be a tensor of integers, not of {kind}")
    if tuple(start.shape) != (batch,):
        raise ValueError(f"start must have shape ({batch},); got {tuple(start.shape)}")
    if bool(((start < 0) | (start >= vocabulary)).any()):
        raise ValueError(f"start must lie in 0..{vocabulary - 1}; got {start.tolist()}")
    return steps
