"""The catalogue of misreadings: what each operation is commonly taken for, as data.

Each is a name and a change of a line or two of the specification, so that it runs on the same
number systems. The likely ones stand first: among equals the first is named.
"""

from collections.abc import Callable
from functools import cache

from seqlaws.properties.misreadings import (
    attention,
    attention_gradients,
    attention_ignored,
    decoder,
    edits,
    encoder,
    gate_blocks,
    gated,
    gated_gradients,
    layer_norm,
    markov,
    masked,
    masks,
    multi_head,
    positions,
    precision,
    recurrent,
    recurrent_gradients,
    recurrent_tiles,
    rnn,
    row_tiles,
    sentinels,
    softmax,
    tiles,
    truncation,
)
from seqlaws.properties.misreadings.edits import HOME, Misreading, misread, reached, shown
from seqlaws.properties.misreadings.generated import generated

__all__ = ["CATALOGUE", "Misreading", "about", "misread", "shown", "tried_last"]

CATALOGUE: tuple[Misreading, ...] = (
    *attention.MISREADINGS,
    *masks.MISREADINGS,
    *masked.MISREADINGS,
    *sentinels.MISREADINGS,
    *softmax.MISREADINGS,
    *tiles.MISREADINGS,
    *attention_gradients.MISREADINGS,
    *attention_ignored.MISREADINGS,
    *recurrent.MISREADINGS,
    *recurrent_tiles.MISREADINGS,
    *gated.MISREADINGS,
    *rnn.MISREADINGS,
    *recurrent_gradients.MISREADINGS,
    *gated_gradients.MISREADINGS,
    *gate_blocks.MISREADINGS,
    *multi_head.MISREADINGS,
    *encoder.MISREADINGS,
    *decoder.MISREADINGS,
    *positions.MISREADINGS,
    *layer_norm.MISREADINGS,
    *row_tiles.MISREADINGS,
    *markov.MISREADINGS,
    *precision.MISREADINGS,
    *truncation.MISREADINGS,
)


PARTS = {  # operations that others are made of, the nearest first
    "multi_head_attention": ("attention",),
    "encoder_layer": ("multi_head_attention", "layer_norm", "attention"),
    "decoder_layer": ("encoder_layer", "multi_head_attention", "layer_norm", "attention"),
    "generate": ("decoder_layer", "encoder_layer", "positional_encoding", "attention"),
}
OWN: dict[str, Callable[[], tuple[Misreading, ...]]] = {}  # what makes those of an own operation
LATER: dict[str, Callable[[], tuple[Misreading, ...]]] = {}  # those that are tried last


@cache
def about(function: str) -> tuple[Misreading, ...]:
    """The misreadings of an operation, or of its vjp: of the vjp alone first.

    Those of its parts come after its own, where they change what it is made of.
    """
    operation = function.removesuffix("_vjp")
    own = OWN[operation]() if operation in OWN else CATALOGUE
    known = {one.edits: one for one in own if operation in one.operations}
    within = reached(HOME[operation])
    for part in PARTS.get(operation, ()):
        for one in CATALOGUE:
            if part in one.operations and {e.module for e in one.edits} <= within:
                known.setdefault(one.edits, one)
    if operation == function:
        return tuple(one for one in known.values() if not one.gradients)
    return tuple(sorted(known.values(), key=lambda one: not one.gradients))


@cache
def tried_last(operation: str) -> tuple[Misreading, ...]:
    """The misreadings of an own operation that are tried after the generated ones."""
    return LATER[operation]() if operation in LATER else ()


def forget() -> None:
    """Forget what was made of the sources: an own specification may have been written anew."""
    for kept in (about, tried_last, generated, misread, reached, edits.module_of, edits.statements):
        kept.cache_clear()
