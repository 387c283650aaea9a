"""ONNX's reference evaluator: the operators' own definition in NumPy, which exporters test against.

What is translated stands in `_onnx_models.py`. It computes in the dtype of its inputs throughout.
`onnx_reference:repaired` is the same around what is known to be wrong, so that the rest can be
seen: without `lengths`, and with masks that have a row for each query.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from seqlaws.impls._onnx_models import Array, Models, Run

LENGTHS = "sequence_lens is ignored"
ONE_ROW = "is_causal with a mask of one row gives every query the keys of the first"
KNOWN = {  # `repaired` shows what they hide
    **{f"{layer}.*": LENGTHS for layer in ("rnn", "lstm", "gru")},
    "attention.*": ONE_ROW,
}
TRAITS = {
    "backend": "numpy",
    "dtypes": {
        "softmax": ("float64", "float32"),
        "layer_norm": ("float32",),
        "rnn": ("float64", "float32"),
        "lstm": ("float64", "float32"),
        "gru": ("float64", "float32"),
        "attention": ("float64", "float32"),
    },
    "fully_masked": {"softmax": "nan", "attention": "zeros"},
    "masked_nan": {"attention": "may leak"},
    "known_failures": KNOWN,
}


def _evaluator(model: onnx.ModelProto) -> Run:
    try:
        session = ReferenceEvaluator(model)
    except RuntimeError as error:
        if "activation" in str(error):
            raise NotImplementedError(str(error)) from None
        raise

    def run(inputs: Mapping[str, Array]) -> list[Array]:
        with np.errstate(all="ignore"):
            found = session.run(None, dict(inputs))
        return list(found)  # without intermediate results it is a list

    return run


OPSET = int(onnx.defs.get_schema("Attention").since_version)
_MODELS = Models(_evaluator, TRAITS, OPSET)
softmax, layer_norm, attention = _MODELS.softmax, _MODELS.layer_norm, _MODELS.attention
rnn, lstm, gru = _MODELS.rnn, _MODELS.lstm, _MODELS.gru

SOUND = {name: value for name, value in TRAITS.items() if name != "known_failures"}
repaired = Models(_evaluator, SOUND, OPSET, lengths=False, rows=True)
