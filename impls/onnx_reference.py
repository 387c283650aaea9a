"""ONNX's reference evaluator: the operators' own definition in NumPy, which exporters test against.

What is translated stands in `_onnx_models.py`. It computes in the dtype of its inputs throughout.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from seqlaws.impls._onnx_models import Array, Models, Run

DTYPES = ("float64", "float32")
TRAITS = {
    "backend": "numpy",
    "dtypes": DTYPES,
    "fully_masked": {"softmax": "nan", "attention": "zeros"},
    "masked_nan": {"attention": "may leak"},
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


_MODELS = Models(_evaluator, DTYPES, opset=25)
softmax, attention = _MODELS.softmax, _MODELS.attention
rnn, lstm, gru = _MODELS.rnn, _MODELS.lstm, _MODELS.gru
