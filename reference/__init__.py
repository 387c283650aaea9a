"""The specification: each operation and its vjp in plain NumPy, one equation a line.

Nothing here knows an implementation. The same source runs on float64 and complex128 arrays and
on the number systems of `seqlaws.reference.numbers`. An argument that is not modelled raises.
"""

from collections.abc import Callable
from typing import Any

from seqlaws.reference.algebra import Array
from seqlaws.reference.attention import attention, attention_vjp
from seqlaws.reference.attention_log_sum_exp import attention_log_sum_exp
from seqlaws.reference.decoder import decoder_layer, decoder_layer_vjp
from seqlaws.reference.encoder import encoder_layer, encoder_layer_vjp
from seqlaws.reference.generate import generate
from seqlaws.reference.gru import gru, gru_steps, gru_vjp
from seqlaws.reference.layer_norm import layer_norm, layer_norm_vjp
from seqlaws.reference.lstm import lstm, lstm_gates, lstm_gates_vjp, lstm_steps, lstm_vjp
from seqlaws.reference.markov import markov_log_prob, markov_log_prob_vjp
from seqlaws.reference.multi_head import multi_head_attention, multi_head_attention_vjp
from seqlaws.reference.positions import (
    positional_encoding,
    rotary_embedding,
    rotary_embedding_vjp,
)
from seqlaws.reference.rnn import rnn, rnn_steps, rnn_vjp
from seqlaws.reference.softmax import softmax, softmax_vjp

# Of a recurrence, each step from a state that is given: (the states before the steps, which of
# them exist, their order, the arguments) to the states after them, and other final states.
STEPS: dict[str, Callable[..., tuple[Array, ...]]] = {
    "rnn": rnn_steps,
    "lstm": lstm_steps,
    "gru": gru_steps,
}

OWN: dict[str, Callable[..., Any]] = {}  # specifications and vjps of a user's own, by name

__all__ = [
    "attention",
    "attention_log_sum_exp",
    "attention_vjp",
    "decoder_layer",
    "decoder_layer_vjp",
    "encoder_layer",
    "encoder_layer_vjp",
    "generate",
    "gru",
    "gru_vjp",
    "layer_norm",
    "layer_norm_vjp",
    "lstm",
    "lstm_gates",
    "lstm_gates_vjp",
    "lstm_vjp",
    "markov_log_prob",
    "markov_log_prob_vjp",
    "multi_head_attention",
    "multi_head_attention_vjp",
    "positional_encoding",
    "rnn",
    "rnn_vjp",
    "rotary_embedding",
    "rotary_embedding_vjp",
    "softmax",
    "softmax_vjp",
]


def function_of(name: str) -> Callable[..., Any]:
    """Return an operation or a vjp by its name, of a user's own ones too. Raises ValueError."""
    if name in OWN:
        return OWN[name]
    if name not in __all__:
        raise ValueError(f"operation {name!r}; known: {', '.join((*__all__, *OWN))}")
    function: Callable[..., Any] = globals()[name]
    return function
