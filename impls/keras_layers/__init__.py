"""Keras 3: its layers and `dot_product_attention`, with the backend of `KERAS_BACKEND`.

The backend is torch, or JAX (`KERAS_BACKEND=jax`); the arrays are the backend's. Layers are called
by `stateless_call`, with the parameters of a call as their weights.

Translated: kernels are transposed, those of attention with an axis of heads; heads stand behind
positions; a floating mask is a `bias`; `SimpleRNN`, `LSTM` and a `GRU` with `reset_after=False`
have one bias, the sum of both; a GRU's gates are update, reset, new; lengths are a `mask` of steps
with `zero_output_for_mask`; a sequence that was read backwards is turned around.

`keras_layers:weights` is attention where its weights are asked for: `Attention`, and
`MultiHeadAttention` with `return_attention_scores`, which mask by another program.
`keras_layers:unrolled` is recurrent layers with `unroll=True`. Layers are offered in float32: in 16
bits they round every intermediate to the dtype, and in float64 Keras computes in float32.
"""

from typing import Any

from seqlaws.impls.keras_layers._attention import Weights, attention, multi_head_attention
from seqlaws.impls.keras_layers._backend import ALL, BACKEND, WIDE
from seqlaws.impls.keras_layers._functional import layer_norm, softmax
from seqlaws.impls.keras_layers._recurrent import Recurrent

FLOWS = "a query that may attend to no key has a gradient, on which its output does not depend"
NAN_QUERY = "on the CPU scaled_dot_product_attention answers a NaN query with zeros"
NARROW = "a mask takes 45850 off scores in float16, which is not enough"
FLOWING = {  # laws whose cases have such queries
    "attention": (
        "gradients_at_every_size",
        "gradients_do_not_accumulate",
        "gradients_of_every_combination",
        "one_cotangent_at_a_time",
    ),
    "multi_head_attention": (
        "broadcast_cotangents",
        "gradients_at_every_magnitude",
        "jacobian",
        "one_cotangent_at_a_time",
    ),
}
TOO_NARROW = (
    "fully_masked_rows",
    "masked_keys_have_no_influence",
    "masked_keys_have_no_influence_on_gradients",
    "values_of_every_combination",
)
OF_TORCH = {  # where a few examples may pass by luck, the name ends with a star
    **{f"{operation}.{law}*": FLOWS for operation, laws in FLOWING.items() for law in laws},
    **{f"attention.{law}*[float16]": NARROW for law in TOO_NARROW},
    "multi_head_attention.nan_shows[cpu]": NAN_QUERY,
}
LAYERS = ("rnn", "lstm", "gru", "multi_head_attention")
FUNCTIONS = ("softmax", "layer_norm", "attention")
TRAITS: dict[str, Any] = {
    "backend": BACKEND,
    "device": "cpu",
    "dtypes": dict.fromkeys(LAYERS, WIDE) | dict.fromkeys(FUNCTIONS, ALL),
    "fully_masked": {
        "softmax": "nan",
        "attention": {"boolean": "mean", "floating": "zeros"},
        "multi_head_attention": "mean",
    },
    "masked_nan": dict.fromkeys(("rnn", "lstm", "gru"), "never in outputs"),
    "accumulate": {"softmax": "dtype"},  # torch keeps numerators in 16 bits, as for its own softmax
    "normalise": {"layer_norm": "affine"},
    "known_failures": OF_TORCH if BACKEND == "torch" else {},
}

weights = Weights()
weights.TRAITS = {**TRAITS, "dtypes": WIDE, "fully_masked": "zeros", "known_failures": {}}
_LAYERS = Recurrent(unroll=False, traits=TRAITS)
unrolled = Recurrent(unroll=True, traits={**TRAITS, "known_failures": {}})
rnn, lstm, gru = _LAYERS.rnn, _LAYERS.lstm, _LAYERS.gru

__all__ = [
    "TRAITS",
    "attention",
    "gru",
    "layer_norm",
    "lstm",
    "multi_head_attention",
    "rnn",
    "softmax",
    "unrolled",
    "weights",
]
