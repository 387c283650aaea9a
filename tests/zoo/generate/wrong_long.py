"""Greedy decoding in NumPy that is wrong in long texts alone: pages of a cache, tables."""

from functools import partial
from types import SimpleNamespace

import numpy as np

from zoo.cases import case
from zoo.entries import wrong
from zoo.generate import base
from zoo.generate.base import generate
from zoo.witness import differs

text = partial(wrong, generate)


def long_text(steps, **edits):
    """Some of a few long texts is another one."""
    few = {"B": 8, "N": 1, "D": 8, "F": 2, "S": 1, "V": 300, "steps": steps}
    shown = [differs(case("generate", seed=seed, **few, **edits)) for seed in range(8)]
    return lambda subject: any(shows(subject) for shows in shown)


def to_place_128(bias):
    """The bias of queries that seek the encoding of this place."""
    encoding = base.position(SimpleNamespace(memory=np.zeros(len(bias) // 3)), 128)
    return np.concatenate([40 * encoding, 0 * encoding, bias[-len(encoding) :]])


def of_the_place_alone(weight):
    """No query of a token, keys that are the tokens with their encodings."""
    n = weight.shape[1]
    return np.concatenate([np.zeros((n, n)), np.eye(n), 4 * weight[2 * n :]])


OWN = "params.layers.0.self_attn.in_proj_"
DIRECTED = {f"{OWN}weight": of_the_place_alone, f"{OWN}bias": to_place_128}


@text("remembered", "cache", long_text(300))
def text_cache_of_256(a, cache, i, t, k, v):
    """The cache holds 256 positions, and forgets what came before."""
    keys, values = base.remembered(a, cache, i, t, k, v)
    return keys[:, :, -256:], values[:, :, -256:]


@text("remembered", "cache", long_text(140))
def text_a_full_page_is_not_read(a, cache, i, t, k, v):
    """Pages hold 64 positions. The second is skipped once it is full."""
    keys, values = base.remembered(a, cache, i, t, k, v)
    read = (np.arange(t + 1) // 64 != 1) | (t < 128)
    return keys[:, :, read], values[:, :, read]


@text("remembered", "cache", long_text(140, **DIRECTED))
def text_a_new_page_begins_with_the_last(a, cache, i, t, k, v):
    """The first position of each page of 128 has the keys of the position before it."""
    keys, values = base.remembered(a, cache, i, t, k, v)
    if t >= 128:
        keys = np.concatenate([keys[:, :, :128], keys[:, :, 127:128], keys[:, :, 129:]], axis=2)
    return keys, values


@text("position", "position", long_text(300))
def text_positions_in_a_byte(a, t):
    """Positions are counted in eight bits."""
    return base.position(a, t % 256)


@text("position", "position", long_text(520))
def text_positions_of_a_table(a, t):
    """There is a table of 512 positions, of which the last serves for all later ones."""
    return base.position(a, min(t, 511))


@text("kept", "indexing", long_text(50))
def text_ends_with_a_token_twice(a, tokens):
    """Of a text of more than 40 tokens the last one but one is written twice."""
    if tokens.shape[1] > 40:
        tokens[:, -1] = tokens[:, -2]
    return tokens
