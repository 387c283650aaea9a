"""generate: greedy decoding, each token chosen given all tokens before it.

Like a Markov chain, but the next token depends on the whole text so far, and on a source. The most
likely token is appended, and the computation is repeated. The keys and values of a position do not
depend on later positions. An implementation may therefore keep them in a cache and compute only the
last position, as long as its tokens equal those of a computation from scratch.

Sources: Vaswani et al. (2017), "Attention is all you need", sections 3.1, 3.4 and 3.5; keys and
values kept: Shazeer (2019), "Fast transformer decoding: one write-head is all you need", section 3.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqlaws.reference import decoder
from seqlaws.reference.algebra import Array, number
from seqlaws.reference.decoder import decoder_layer
from seqlaws.reference.linear import linear
from seqlaws.reference.positions import positional_encoding
from seqlaws.reference.shapes import bind, parameters


def generate(
    memory: Array,
    start: Any,
    steps: int,
    params: Mapping[str, Array],
    num_heads: int,
    *,
    fully_masked: str = "zeros",
) -> Array:
    """Greedy decoding from memory (B, S, E) and start tokens int (B,): tokens int64 (B, steps).

        token_0     = start
        token_{t+1} = argmax_v logits_tv                the lowest index of the largest

    steps: the number of tokens, without start.
    params: a dict: "embedding.weight" (V, E); "layers.0." and so on, each as a prefix of the
    names of `decoder_layer`; "projection.weight" (V, E) and "projection.bias" (V,).
    num_heads: N, of every layer. fully_masked: the output of attention to a memory of size 0.
    Raises ValueError or TypeError for invalid arguments and for an invalid start token.
    """
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)):
        raise TypeError(f"generate: steps is {steps!r}, not a whole number")
    if steps < 0:
        raise ValueError(f"generate: {steps} steps")
    bind("generate", memory=(memory, "B S E"), start=(start, "B"))
    read = np.asarray(start)[:, None]  # (B, 1): start, then what was written
    check(memory, read, params)
    for _ in range(steps):
        scores = logits(memory, read, params, num_heads, fully_masked=fully_masked)
        chosen = np.argmax(scores[:, -1], axis=-1)  # the first of the largest
        read = np.concatenate([read, chosen[:, None]], axis=1)
    return read[:, 1:].astype(np.int64)


def logits(
    memory: Array,
    read: Any,
    params: Mapping[str, Array],
    num_heads: int,
    *,
    fully_masked: str = "zeros",
) -> Array:
    """Scores (B, T, V) of each possible next token, at each position that was read, int (B, T).

        x_t      = embedding[read_t] + positional_encoding_t
        x        = decoder_layer(x, memory)             for each layer; post-norm, relu
        logits_t = W x_t + b

    The first token is at position 0. Row t does not depend on later tokens: one pass over a whole
    sequence gives the scores that each of its tokens was chosen from.
    """
    check(memory, read, params)
    embedding = params["embedding.weight"]
    first = number(embedding, 0.0)  # angles are numbers of the same kind
    positions = positional_encoding(read.shape[1], embedding.shape[1], first=first)  # (T, E)
    x = +(embedding[read] + positions)  # (B, T, E)
    for layer in layers(params):
        x = decoder_layer(x, memory, layer, num_heads, fully_masked=fully_masked)
    return linear(x, params["projection.weight"], params["projection.bias"])


def layers(params: Mapping[str, Array]) -> list[dict[str, Array]]:
    """The parameters of each decoder layer, by the names of `decoder_layer`."""
    return [
        {name: params[f"layers.{i}.{name}"] for name in decoder.PARAMETERS}
        for i in range(depth(params))
    ]


def depth(params: Mapping[str, Array]) -> int:
    """How many layers there are."""
    count = 0
    while any(str(name).startswith(f"layers.{count}.") for name in params):
        count += 1
    return count


def axes(params: Mapping[str, Array]) -> dict[str, str]:
    """Every parameter's name and letters; each layer may have a feed-forward width of its own."""
    found = {"embedding.weight": "V E"}
    for i in range(depth(params)):
        for name, letters in decoder.PARAMETERS.items():
            found[f"layers.{i}.{name}"] = letters.replace("F", f"F{i}")
    return {**found, "projection.weight": "V E", "projection.bias": "V"}


def check(memory: Array, read: Any, params: Mapping[str, Array]) -> None:
    """Raise ValueError or TypeError unless everything fits and what was read are tokens."""
    described = parameters("generate", params, axes(params))
    size = bind("generate", memory=(memory, "B S E"), tokens=(read, "B T"), **described)
    if not np.issubdtype(read.dtype, np.integer):
        raise TypeError(f"generate: tokens are {read.dtype}; whole numbers are expected")
    if np.any(read < 0) or np.any(read >= size["V"]):
        raise ValueError(f"generate: a token is not one of 0 to {size['V'] - 1}")
    if depth(params) == 0:
        raise ValueError("generate: params has no layers.0")
