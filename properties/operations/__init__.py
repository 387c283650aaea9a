"""Operations of the suite, without their equations: one module for each family.

A module holds axes, cases, sweeps, discriminating cases and benchmark sizes. This list orders the
operations, in verdict.json and for `check`. No other module names an operation.
"""

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
RECURRENT = tuple(name for name, o in OPERATIONS.items() if o.recurrent)
DIFFERENTIABLE = tuple(name for name, o in OPERATIONS.items() if o.differentiable)
BATCHED = tuple(name for name, o in OPERATIONS.items() if o.batched)
WITH_ARRAYS = tuple(name for name, o in OPERATIONS.items() if o.arrays)
WITH_PARAMS = tuple(name for name, o in OPERATIONS.items() if "params" in o.arguments)
