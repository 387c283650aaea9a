"""Sequence models in plain torch operations: one source for CPU and CUDA, gradients by autograd.

16-bit inputs are computed in float32 and rounded once, at the end, forward and backward.
"""

from types import SimpleNamespace

from seqlaws.impls.torch_ops import cached, compiled
from seqlaws.impls.torch_ops._attention import attention
from seqlaws.impls.torch_ops._decoder import decoder_layer
from seqlaws.impls.torch_ops._encoder import encoder_layer
from seqlaws.impls.torch_ops._generate import generate
from seqlaws.impls.torch_ops._layer_norm import layer_norm
from seqlaws.impls.torch_ops._markov import markov_log_prob
from seqlaws.impls.torch_ops._multi_head import multi_head_attention
from seqlaws.impls.torch_ops._positions import positional_encoding, rotary_embedding
from seqlaws.impls.torch_ops._recurrences import gru, lstm, lstm_gates, rnn
from seqlaws.impls.torch_ops._softmax import softmax

TRAITS = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": ("float64", "float32", "bfloat16", "float16"),
    "fully_masked": "zeros",
    "masked_nan": "never",
}

__all__ = [
    "TRAITS",
    "attention",
    "cached",
    "compiled",
    "decoder_layer",
    "encoder_layer",
    "generate",
    "gru",
    "layer_norm",
    "lstm",
    "lstm_gates",
    "markov_log_prob",
    "multi_head_attention",
    "positional_encoding",
    "rnn",
    "rotary_embedding",
    "softmax",
    "tf32",
]

# the same, for a process in which products round their operands so: on a GPU, if torch is told
NAMES = [name for name in __all__ if callable(globals().get(name))]
tf32 = SimpleNamespace(
    **{name: globals()[name] for name in NAMES},
    TRAITS={**TRAITS, "matmul": "tf32", "dtypes": ("float32",)},
)
