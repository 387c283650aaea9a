"""MLX on the CPU: layers of `mlx.nn`, with the parameters of a call, and functions of `mx.fast`.

Arrays are NumPy's; they are copied to MLX and back. Gradients are those of `mx.vjp`.

Translated: `nn.RNN` and `nn.LSTM` have one bias, the sum of both; `nn.GRU` has one outside the
reset gate and one inside; a final state is the last of all states; attention inside a
transformer's layer has no biases in MLX, and is replaced by one that has; rotation takes each
position as an entry of a batch with its own offset.
"""

from typing import Any

from seqlaws.impls.mlx_nn._conversion import ALL, WIDE
from seqlaws.impls.mlx_nn._functions import (
    attention,
    attention_vjp,
    layer_norm,
    layer_norm_vjp,
    rotary_embedding,
    rotary_embedding_vjp,
    softmax,
    softmax_vjp,
)
from seqlaws.impls.mlx_nn._layers import (
    decoder_layer,
    decoder_layer_vjp,
    encoder_layer,
    encoder_layer_vjp,
    multi_head_attention,
    multi_head_attention_vjp,
)
from seqlaws.impls.mlx_nn._recurrent import gru, gru_vjp, lstm, lstm_vjp, rnn, rnn_vjp

FUNCTIONS = ("softmax", "layer_norm", "attention", "rotary_embedding")
LAYERS = ("rnn", "lstm", "gru", "multi_head_attention", "encoder_layer", "decoder_layer")
MASKS = {"boolean": "mean", "floating": "nan", "causal": "mean"}
TRAITS: dict[str, Any] = {
    "backend": "numpy",
    "dtypes": dict.fromkeys(FUNCTIONS, ALL)
    | dict.fromkeys(LAYERS, WIDE)
    | {"softmax": ("float64", *ALL)},
    "fully_masked": {"softmax": "nan"} | dict.fromkeys(("attention", *LAYERS[3:]), MASKS),
    "causal_alignment": "bottom-right",
    "accumulate": dict.fromkeys(FUNCTIONS, "dtype"),
    "known_failures": {"softmax.*[float64]": "exp of float64 is as accurate as that of float32"},
}

__all__ = [
    "TRAITS",
    "attention",
    "attention_vjp",
    "decoder_layer",
    "decoder_layer_vjp",
    "encoder_layer",
    "encoder_layer_vjp",
    "gru",
    "gru_vjp",
    "layer_norm",
    "layer_norm_vjp",
    "lstm",
    "lstm_vjp",
    "multi_head_attention",
    "multi_head_attention_vjp",
    "rnn",
    "rnn_vjp",
    "rotary_embedding",
    "rotary_embedding_vjp",
    "softmax",
    "softmax_vjp",
]
