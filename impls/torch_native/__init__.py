"""What people call in torch: its layers, `softmax`, `layer_norm`, attention, as they are.

Nothing is added to torch but checks of shapes and dtypes (it broadcasts, and does not compare).
An option that torch lacks is not in the signature, or is a `NotImplementedError`. The layers are
offered in float32 and float64: in 16 bits they round every intermediate to the dtype.
"""

from types import SimpleNamespace

from seqlaws.impls.torch_native import compiled, evaluation, paths, weights
from seqlaws.impls.torch_native._checks import DTYPES
from seqlaws.impls.torch_native._decoder import decoder_layer
from seqlaws.impls.torch_native._encoder import encoder_layer
from seqlaws.impls.torch_native._functional import attention, layer_norm, softmax
from seqlaws.impls.torch_native._multi_head import multi_head_attention
from seqlaws.impls.torch_native._recurrent import gru, lstm, rnn

NAN_QUERY = "on the CPU scaled_dot_product_attention answers a NaN query with zeros"
NAN_NEIGHBOUR = "on an Intel Xeon a fully masked query is NaN where another row of the batch is"
TRAITS = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": DTYPES,
    "fully_masked": {"softmax": "nan"},
    "causal_alignment": "top-left",
    # F.softmax along any axis but the last keeps its numerators in 16 bits; F.layer_norm adds the
    # weight's gradient up in 16
    "accumulate": {"softmax": "dtype", "layer_norm": "dtype"},
    # on the CPU F.layer_norm takes the moments in one pass and computes x / sigma - mu / sigma
    "normalise": dict.fromkeys(("layer_norm", "encoder_layer", "decoder_layer"), "affine"),
    "known_failures": {
        "attention.nan_shows[cpu]": NAN_QUERY,
        "multi_head_attention.nan_shows[cpu]": NAN_QUERY,
        "encoder_layer.nan_shows[cpu]": NAN_QUERY,
        "decoder_layer.nan_shows[cpu]": NAN_QUERY,
        "multi_head_attention.neighbours_have_no_influence[bfloat16, may pass]": NAN_NEIGHBOUR,
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
    "tf32",
    "weights",
]

# the same, for a process in which products round their operands so: on a GPU, if torch is told
NAMES = [name for name in __all__ if callable(globals().get(name))]
tf32 = SimpleNamespace(
    **{name: globals()[name] for name in NAMES},
    TRAITS={**TRAITS, "matmul": "tf32", "dtypes": ("float32",)},
)
