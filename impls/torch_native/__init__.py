"""What people call in torch: its layers, `softmax`, `layer_norm`, attention, as they are.

Nothing is added to torch but checks of shapes and dtypes (it broadcasts, and does not compare).
An option that torch lacks is not in the signature, or is a `NotImplementedError`. The layers are
offered in float32 and float64: in 16 bits they round every intermediate to the dtype.
"""

from seqlaws.impls.torch_native import compiled, evaluation, paths, weights
from seqlaws.impls.torch_native._checks import DTYPES
from seqlaws.impls.torch_native._decoder import decoder_layer
from seqlaws.impls.torch_native._encoder import encoder_layer
from seqlaws.impls.torch_native._functional import attention, layer_norm, softmax
from seqlaws.impls.torch_native._multi_head import multi_head_attention
from seqlaws.impls.torch_native._recurrent import gru, lstm, rnn

SIXTEEN_BITS = (
    "along any axis but the last, F.softmax keeps its numerators in 16 bits: twice the rounding "
    "of a softmax that accumulates in float32"
)
WITH_MASKS = ("attention", "multi_head_attention", "encoder_layer", "decoder_layer")
NAN_QUERY = "on the CPU scaled_dot_product_attention answers a NaN query with zeros"
CANCELLING = (
    "on the CPU F.layer_norm takes the moments in one pass and computes x / sigma - mu / sigma: "
    "beside an offset digits cancel, one feature is not quite its bias, its weight's gradient not "
    "0, and one feature of 1e30 gives NaN; in 16 bits the weight's gradient is added up in 16"
)
WIDE_TOO = (  # in float32 and float64; where a few examples may pass by luck, with a star
    "any_other_program_gets_the_same_gradient*",
    "gradients_are_linear*",
    "gradients_at_every_size",
    "gradients_of_every_combination*",
    "gradients_of_one_feature",
    "gradients[float64]",
    "moments_of_the_output*[float64]",
    "nan_shows*[float32]",
    "one_cotangent_at_a_time*[float32]",
    "one_feature*[float32]",
    "shift_invariance",
    "values_at_every_size",
)
TRAITS = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": DTYPES,
    "fully_masked": {"softmax": "nan"},
    "causal_alignment": "top-left",
    "masked_nan": dict.fromkeys(WITH_MASKS, "may leak"),
    "known_failures": {
        "softmax.*[bfloat16]": SIXTEEN_BITS,
        "softmax.*[float16]": SIXTEEN_BITS,
        "attention.nan_show*": NAN_QUERY,
        "multi_head_attention.nan_show*": NAN_QUERY,
        "encoder_layer.nan_show*": NAN_QUERY,
        "decoder_layer.nan_show*": NAN_QUERY,
        **{f"layer_norm.{law}": CANCELLING for law in WIDE_TOO},
        "layer_norm.*[bfloat16]": CANCELLING,
        "layer_norm.*[float16]": CANCELLING,
    },
}

__all__ = [
    "TRAITS",
    "attention",
    "compiled",
    "decoder_layer",
    "encoder_layer",
    "evaluation",
    "gru",
    "layer_norm",
    "lstm",
    "multi_head_attention",
    "paths",
    "rnn",
    "softmax",
    "weights",
]
