"""Right greedy decoding in NumPy, in other forms than the base has."""

import numpy as np

from zoo.decoder import base as base_decoder
from zoo.entries import right, right_functions
from zoo.generate import base
from zoo.generate.base import generate
from zoo.signatures import DECODER


@right(generate, None, "plain")
def text_plain():
    """The base as it is."""
    return {}


@right_functions(generate, "no cache")
def text_from_scratch(build):
    """Nothing is kept: the whole text is read anew for every token, through whole layers."""
    layer = base_decoder.decoder_layer.build()["decoder_layer"]
    checked = build(steps=lambda a: 0)["generate"]

    def generate(memory, start, steps, params, num_heads):
        checked(memory, start, steps, params, num_heads)
        read = np.asarray(start, np.int64)[:, None]
        depth = sum(name.endswith("norm3.weight") for name in params)
        for _ in range(steps):
            x = params["embedding.weight"][read]
            a = _Namespace(memory)
            table = np.array([base.position(a, t) for t in range(read.shape[1])])
            x = x + table.reshape(read.shape[1], x.shape[-1]).astype(x.dtype)
            for i in range(depth):
                own = {name: params[f"layers.{i}.{name}"] for name in DECODER}
                x = layer(x, memory, own, num_heads)
            scores = x[:, -1] @ params["projection.weight"].T + params["projection.bias"]
            read = np.concatenate([read, scores.argmax(-1)[:, None]], axis=1)
        return read[:, 1:].copy()

    return {"generate": generate}


class _Namespace:
    """As much of a call as a position needs."""

    def __init__(self, memory):
        self.memory = memory


@right(generate, "remembered", "cache")
def text_cache_laid_out_beforehand(a, cache, i, t, k, v):
    """The cache has a place for every step from the start."""
    shape = (*k.shape[:2], max(int(a.steps), 1), k.shape[2])
    for name, new in (("k", k), ("v", v)):
        room = cache.setdefault((i, name), np.full(shape, np.nan, k.dtype))
        room[:, :, t] = new
    return cache[i, "k"][:, :, : t + 1], cache[i, "v"][:, :, : t + 1]


@right(generate, "chosen", "formulation")
def text_chosen_one_by_one(a, scores):
    """The largest so far is replaced only by a larger one."""
    best = np.zeros(len(scores), np.int64)
    for token in range(1, scores.shape[-1]):
        here = np.arange(len(scores))
        best = np.where(scores[:, token] > scores[here, best], token, best)
    return best


@right(generate, "position", "formulation")
def text_positions_by_exponentials(a, t):
    """The rates are exponentials of logarithms."""
    dim = a.memory.shape[-1]
    angle = t * np.exp(-np.log(10000.0) * np.arange(0, dim, 2) / max(dim, 1))
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(-1)[:dim]
