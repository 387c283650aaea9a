"""Greedy decoding one token at a time: each is judged given those that were chosen before it.

Two logits may be nearer than the rounding of either: an implementation may then take the one or the
other, and all that follows is another text. So the specification reads what the implementation
wrote, and says of each token whether, with every logit somewhere within its bound, it may have been
the largest, or the lowest of those that tie.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from seqlaws.reference.generate import logits
from seqlaws.reference.numbers import Expected, lifted, unpacked
from seqlaws.reference.numbers.arithmetic import Arithmetic

Array = np.ndarray[Any, Any]


def expected_token_by_token(
    tokens: Array,
    memory: Array,
    start: Array,
    steps: int,
    params: Mapping[str, Array],
    num_heads: int,
    *,
    arithmetic: Arithmetic,
    fully_masked: str = "zeros",
) -> tuple[Expected]:
    """The tokens that `generate` may return where an implementation returned these (B, steps).

    tokens: the implementation's own, whole numbers in any dtype; the others: the operation's.
    A token that may be the arg max is its own expectation, with nothing allowed beside it; in place
    of another the arg max itself is expected. Where every token may be, nothing is claimed.
    """
    if not tokens.size:
        return (Expected(np.zeros(tokens.shape), np.zeros(tokens.shape)),)
    vocabulary = params["embedding.weight"].shape[0]
    chosen = np.where(np.isfinite(tokens), tokens, -1)
    known = (chosen >= 0) & (chosen < vocabulary) & (chosen == np.rint(chosen))
    chosen = np.where(known, chosen, 0).astype(np.int64)
    read = np.concatenate([start[:, None], chosen[:, :-1]], axis=1)
    ((value, allowed),) = expected_logits(
        read, memory, params, num_heads, arithmetic=arithmetic, fully_masked=fully_masked
    )
    may = admissible(value, allowed)  # (B, steps, V)
    own = known & np.take_along_axis(may, chosen[..., None], axis=-1)[..., 0]
    free = known & may.all(axis=-1) & (vocabulary > 1)
    due = np.where(own, chosen, np.argmax(value, axis=-1))
    return (Expected(due.astype(float), np.where(free, np.inf, 0.0)),)


def expected_logits(
    read: Array,
    memory: Array,
    params: Mapping[str, Array],
    num_heads: int,
    *,
    arithmetic: Arithmetic,
    fully_masked: str = "zeros",
) -> tuple[Expected]:
    """The logits (B, T, V) of the next token at each position of a text int (B, T), and bounds."""
    numbers = {name: lifted(p, arithmetic) for name, p in params.items()}
    with np.errstate(all="ignore"):
        scores = logits(
            lifted(memory, arithmetic), read, numbers, num_heads, fully_masked=fully_masked
        )
        ((value, allowed),) = unpacked(scores, arithmetic)
    return (Expected(value, allowed),)


def admissible(value: Array, allowed: Array) -> Array:
    """Which logits may be the largest of their row, the first of them where several are.

    A logit may be as large as its upper end, and the others as small as their lower ends: it must
    then be larger than those before it, and no smaller than those behind it. (..., V) to bool.
    """
    unknown = np.isnan(value) | np.isinf(allowed)
    upper = np.where(unknown, np.inf, value + allowed)
    lower = np.where(unknown, -np.inf, value - allowed)
    least = np.full((*value.shape[:-1], 1), -np.inf)
    before = np.maximum.accumulate(np.concatenate([least, lower[..., :-1]], axis=-1), axis=-1)
    behind = np.concatenate([lower[..., 1:], least], axis=-1)
    behind = np.maximum.accumulate(behind[..., ::-1], axis=-1)[..., ::-1]
    above = (upper > before) | np.isneginf(before)
    return above & (upper >= behind)
