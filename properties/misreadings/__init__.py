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
    encoder,
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
    rnn,
    softmax,
)
from seqlaws.properties.misreadings.edits import Misreading, misread, shown

__all__ = ["CATALOGUE", "Misreading", "about", "misread", "shown"]

CATALOGUE: tuple[Misreading, ...] = (
    *attention.MISREADINGS,
    *masks.MISREADINGS,
    *masked.MISREADINGS,
    *softmax.MISREADINGS,
    *attention_gradients.MISREADINGS,
    *attention_ignored.MISREADINGS,
    *recurrent.MISREADINGS,
    *gated.MISREADINGS,
    *rnn.MISREADINGS,
    *recurrent_gradients.MISREADINGS,
    *gated_gradients.MISREADINGS,
    *multi_head.MISREADINGS,
    *encoder.MISREADINGS,
    *decoder.MISREADINGS,
    *positions.MISREADINGS,
    *layer_norm.MISREADINGS,
    *markov.MISREADINGS,
    *precision.MISREADINGS,
)


OWN: dict[str, Callable[[], tuple[Misreading, ...]]] = {}  # what makes those of an own operation


@cache
def about(function: str) -> tuple[Misreading, ...]:
    """The misreadings of an operation, or of its vjp: of the vjp alone first."""
    operation = function.removesuffix("_vjp")
    known = [one for one in CATALOGUE if operation in one.operations]
    if operation in OWN:
        known = [*OWN[operation]()]
    if operation == function:
        return tuple(one for one in known if not one.gradients)
    return tuple(sorted(known, key=lambda one: not one.gradients))
