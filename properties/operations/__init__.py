"""Operations of the suite, without their equations: one module for each family.

A module holds axes, cases, sweeps, discriminating cases and benchmark sizes. This list orders the
operations, in verdict.json and for `check`. No other module names an operation.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.operations.attention import ATTENTION
from seqlaws.properties.operations.decoder import DECODER_LAYER
from seqlaws.properties.operations.encoder import ENCODER_LAYER
from seqlaws.properties.operations.generate import GENERATE
from seqlaws.properties.operations.layer_norm import LAYER_NORM
from seqlaws.properties.operations.markov import MARKOV_LOG_PROB
from seqlaws.properties.operations.multi_head import MULTI_HEAD_ATTENTION
from seqlaws.properties.operations.positions import POSITIONAL_ENCODING, ROTARY_EMBEDDING
from seqlaws.properties.operations.recurrent import GRU, LSTM, LSTM_GATES, RNN
from seqlaws.properties.operations.softmax import SOFTMAX

OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        SOFTMAX,
        RNN,
        LSTM_GATES,
        LSTM,
        GRU,
        ATTENTION,
        MULTI_HEAD_ATTENTION,
        ENCODER_LAYER,
        POSITIONAL_ENCODING,
        ROTARY_EMBEDDING,
        LAYER_NORM,
        MARKOV_LOG_PROB,
        DECODER_LAYER,
        GENERATE,
    )
}

SPECS = {"packed_attention": ("attention_varlen", "attention_paged")}  # added by this name


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of operations, for a law to name; iterates over the names of those that there are.

    A user's own operation is of a kind as soon as it is added.
    """

    is_one: Callable[[Operation], Any]
    known: dict[Operation, bool] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return (name for name, one in OPERATIONS.items() if self.has(one))

    def has(self, one: Operation) -> bool:
        """Return True if an operation is of the kind; asked once."""
        if one not in self.known:
            self.known[one] = bool(self.is_one(one))
        return self.known[one]


ALL = Kind(lambda o: True)
RECURRENT = Kind(lambda o: o.recurrent)
DIFFERENTIABLE = Kind(lambda o: o.differentiable)
BATCHED = Kind(lambda o: o.batched)
WITH_ARRAYS = Kind(lambda o: o.arrays)
WITH_PARAMS = Kind(lambda o: "params" in o.arguments)
