"""Sequence models in NumPy, vectorised over everything but time, with hand-written gradients.

Every operation below comes with its `<operation>_vjp`, and every option of both is offered.
"""

from seqlaws.impls.numpy_vectorized._attention import attention, attention_vjp
from seqlaws.impls.numpy_vectorized._decoder import decoder_layer, decoder_layer_vjp
from seqlaws.impls.numpy_vectorized._encoder import encoder_layer, encoder_layer_vjp
from seqlaws.impls.numpy_vectorized._generate import generate
from seqlaws.impls.numpy_vectorized._gru import gru, gru_vjp
from seqlaws.impls.numpy_vectorized._layer_norm import layer_norm, layer_norm_vjp
from seqlaws.impls.numpy_vectorized._lstm import lstm, lstm_gates, lstm_gates_vjp, lstm_vjp
from seqlaws.impls.numpy_vectorized._markov import markov_log_prob, markov_log_prob_vjp
from seqlaws.impls.numpy_vectorized._multi_head import (
    multi_head_attention,
    multi_head_attention_vjp,
)
from seqlaws.impls.numpy_vectorized._positions import (
    positional_encoding,
    rotary_embedding,
    rotary_embedding_vjp,
)
from seqlaws.impls.numpy_vectorized._rnn import rnn, rnn_vjp
from seqlaws.impls.numpy_vectorized._softmax import softmax, softmax_vjp

TRAITS = {
    "backend": "numpy",
    "device": "cpu",
    "dtypes": ("float32", "float64"),
    "fully_masked": "zeros",
    "masked_nan": "never",
}

__all__ = [
    "TRAITS",
    "attention",
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
