"""Greedy decoding that keeps fewer digits: seen only where two logits are near each other."""

from functools import partial

import numpy as np

from zoo.cases import case, times
from zoo.entries import wrong
from zoo.generate import base
from zoo.generate.base import generate
from zoo.roundings import bfloat16
from zoo.witness import differs

LOUD = {"params.layers.0.self_attn.in_proj_weight": times(4)}
MANY = differs(
    case("generate", B=9000, V=6, steps=9, seed=2, **LOUD)
)  # some tokens have a narrow lead
digits = partial(wrong, generate, defect="precision", witness=MANY)


def _half(array):
    return array.astype(np.float16).astype(array.dtype)


@digits("remembered")
def text_keys_kept_in_float16(a, cache, i, t, k, v):
    """The keys of what was written are kept in float16."""
    return base.remembered(a, cache, i, t, _half(k), v)


@digits("remembered")
def text_values_kept_in_float16(a, cache, i, t, k, v):
    """The values of what was written are kept in float16."""
    return base.remembered(a, cache, i, t, k, _half(v))


@digits("remembered")
def text_keys_kept_in_bfloat16(a, cache, i, t, k, v):
    """The keys of what was written are kept in bfloat16."""
    return base.remembered(a, cache, i, t, bfloat16(k), v)


@digits("position")
def text_positions_in_float16(a, t):
    """The encoding of a position is kept in float16."""
    return _half(base.position(a, t))
