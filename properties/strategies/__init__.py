"""How cases of each operation are drawn: all options in combination, every size and regime.

A strategy never depends on the implementation. One module for each family of operations.
"""

from seqlaws.properties.strategies.attention import ATTENTION
from seqlaws.properties.strategies.common import Strategy
from seqlaws.properties.strategies.decoder import DECODER
from seqlaws.properties.strategies.encoder import ENCODER
from seqlaws.properties.strategies.generate import GENERATE
from seqlaws.properties.strategies.layer_norm import LAYER_NORM
from seqlaws.properties.strategies.markov import MARKOV
from seqlaws.properties.strategies.multi_head import MULTI_HEAD
from seqlaws.properties.strategies.positions import ENCODING, ROTARY
from seqlaws.properties.strategies.recurrent import GATES, RECURRENT
from seqlaws.properties.strategies.softmax import SOFTMAX

STRATEGIES: dict[str, Strategy] = {
    "softmax": SOFTMAX,
    "rnn": RECURRENT,
    "lstm_gates": GATES,
    "lstm": RECURRENT,
    "gru": RECURRENT,
    "attention": ATTENTION,
    "multi_head_attention": MULTI_HEAD,
    "encoder_layer": ENCODER,
    "positional_encoding": ENCODING,
    "rotary_embedding": ROTARY,
    "layer_norm": LAYER_NORM,
    "markov_log_prob": MARKOV,
    "decoder_layer": DECODER,
    "generate": GENERATE,
}
