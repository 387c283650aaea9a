"""Sums in torch that are kept in 16 bits between blocks: they stand still at so many blocks."""

from functools import partial

import torch

from zoo.attention import base_torch as base_attention
from zoo.cases import case, fill
from zoo.entries import wrong
from zoo.layer_norm import base_torch as base_layer_norm
from zoo.softmax import base_torch as base_softmax
from zoo.witness import differs

SM, NORM, AT = (partial(case, name) for name in ("softmax", "layer_norm", "attention"))
MANY = 70_000
EQUAL = {"B": 1, "N": 1, "M": 1, "L": 1, "D": 1, "V": 1, "q": fill(0), "v": fill(1)}


def in_blocks(z, size, dtype):
    """The sum along the last axis, kept in a dtype between blocks, in float32 within each."""
    total = torch.zeros((*z.shape[:-1], 1), dtype=dtype)
    for block in z.split(size, dim=-1):
        total = (total + block.sum(-1, keepdim=True)).to(dtype)
    return total.to(z.dtype)


@wrong(
    base_softmax.softmax, "total", "long sums",
    differs(SM(shape=(1, MANY), x=fill(0), dtype="bfloat16"), beyond=0.1, relative=True),
    dtypes=("bfloat16",),
)  # fmt: skip
def softmax_total_in_bfloat16_between_blocks(a, e):
    """The normaliser is kept in bfloat16 between blocks of 128."""
    return in_blocks(e, 128, torch.bfloat16)


@wrong(
    base_attention.attention, "softmax", "long sums",
    differs(AT(**EQUAL, S=MANY, dtype="float16"), beyond=0.1),
    dtypes=("float16",),
)  # fmt: skip
def attention_total_in_float16_between_blocks(a, s):
    """The normaliser is kept in float16 between blocks of 16, the weights are not."""
    e = torch.exp(s - s.detach().amax(-1, keepdim=True).clamp_min(-1e30))
    return e / in_blocks(e, 16, torch.float16).clamp_min(1e-30)


@wrong(
    base_attention.attention, "softmax", "long sums",
    differs(AT(**EQUAL, S=MANY, dtype="bfloat16"), beyond=0.1),
    dtypes=("bfloat16",),
)  # fmt: skip
def attention_total_in_bfloat16_between_blocks(a, s):
    """The normaliser is kept in bfloat16 between blocks of 64."""
    e = torch.exp(s - s.detach().amax(-1, keepdim=True).clamp_min(-1e30))
    return e / in_blocks(e, 64, torch.bfloat16).clamp_min(1e-30)


@wrong(
    base_layer_norm.layer_norm, "variance", "long sums",
    differs(NORM(shape=(1, MANY), dtype="bfloat16", weight=fill(1)), beyond=0.1),
    dtypes=("bfloat16",),
)  # fmt: skip
def layer_norm_squares_in_bfloat16_between_blocks(a, d):
    """The sum of squares is kept in bfloat16 between blocks of 32."""
    return in_blocks(d * d, 32, torch.bfloat16) / max(d.shape[-1], 1)


@wrong(
    base_layer_norm.layer_norm, "mean", "long sums",
    differs(NORM(shape=(1, MANY), dtype="float16", weight=fill(1), x=lambda x: x + 1), beyond=0.1),
    dtypes=("float16",),
)  # fmt: skip
def layer_norm_mean_in_float16_between_blocks(a, z):
    """The sum of the features is kept in float16 between blocks of 8."""
    return in_blocks(z, 8, torch.float16) / max(z.shape[-1], 1)
