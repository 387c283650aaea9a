"""Flax's NNX: its cells under `nnx.RNN`, `nnx.LayerNorm`, `nnx.MultiHeadAttention`, and functions.

Translated: kernels are transposed, (inputs, rows), those of attention with an axis of heads; heads
stand behind positions; a floating mask is a `bias`, where -inf is said by booleans; the LSTM's
carry is (c, h); cells have one bias, the sum of both, but that a GRU's inside the reset gate, which
`GRUCell` lacks, is the weight of one more hidden unit that stays 1 (its update gate is shut);
`nnx.RNN` goes on beyond a row's length: outputs there are made 0, and the carry of an empty row,
which would be that after its padding, the initial one.

`flax_nnx:weights` is attention where its weights are asked for, too: another program;
`flax_nnx:two_passes` a norm without `use_fast_variance`. The layers are offered in float32 and
float64: in 16 bits a state is rounded at every step.
"""

from typing import Any

from seqlaws.impls._jax_width import WIDE
from seqlaws.impls.flax_nnx._attention import Attention
from seqlaws.impls.flax_nnx._functional import TwoPasses, layer_norm, softmax
from seqlaws.impls.flax_nnx._recurrent import gru, lstm, rnn

IN_FLOAT32 = "it calls JAX's attention, whose softmax is taken in float32"
TRAITS: dict[str, Any] = {
    "backend": "jax",
    "device": "cpu",
    "dtypes": WIDE,
    "fully_masked": {"softmax": "nan", "attention": "mean", "multi_head_attention": "mean"},
    "causal_alignment": "top-left",
    "masked_nan": {"attention": "may leak", "multi_head_attention": "may leak"},
    "known_failures": {
        "layer_norm.*": "by default the moments are taken in one pass, whose digits cancel",
        "*padding_has_no_influence_on_gradients": "a NaN in the padding reaches every gradient",
        "attention.*[float64]": IN_FLOAT32,
        "multi_head_attention.*[float64]": IN_FLOAT32,
    },
}

weights, two_passes = Attention(weights=True), TwoPasses()
_DEFAULT = Attention(weights=False)
attention, multi_head_attention = _DEFAULT.attention, _DEFAULT.multi_head_attention

__all__ = [
    "TRAITS",
    "attention",
    "gru",
    "layer_norm",
    "lstm",
    "multi_head_attention",
    "rnn",
    "softmax",
    "two_passes",
    "weights",
]
