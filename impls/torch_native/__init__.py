"""What people call in torch: its layers, `softmax`, `layer_norm`, attention, as they are.

Nothing is added to torch but checks of shapes and dtypes (it broadcasts, and does not compare).
An option that torch lacks is not in the signature, or is a `NotImplementedError`. The layers are
offered in float32 and float64: in 16 bits they round every intermediate to the dtype.
"""

from seqlaws.impls.torch_native import evaluation, paths, weights
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
ONE_FEATURE = "over one feature F.layer_norm gives its weight a gradient that is not 0"
CANCELLING = (
    "on the CPU F.layer_norm takes the moments in one pass and computes x / sigma - mu / sigma: "
    "beside an offset digits cancel, one feature is not quite its bias, its weight's gradient not "
    "0, and one feature of 1e30 gives NaN"
)
ADDED_UP_NARROW = "on the CPU the gradients of weight and bias are added up in 16 bits"
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
        "attention.*": (
            "on the CPU scaled_dot_product_attention masks before it scales, so that is_causal "
            "with a scale of 0 or less gives NaN; and it answers a NaN query with zeros"
        ),
        "multi_head_attention.nan_show*": NAN_QUERY,
        "encoder_layer.nan_show*": NAN_QUERY,
        "encoder_layer.*gradient*": ONE_FEATURE,
        "decoder_layer.nan_show*": NAN_QUERY,
        "decoder_layer.*gradient*": ONE_FEATURE,
        "layer_norm.*": CANCELLING,
        "layer_norm.gradient*[bfloat16]": ADDED_UP_NARROW,
        "layer_norm.gradient*[float16]": ADDED_UP_NARROW,
    },
}

__all__ = [
    "TRAITS",
    "attention",
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
