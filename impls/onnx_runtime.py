"""ONNX Runtime on the CPU. What is translated stands in `_onnx_models.py`.

A mask is given a row for each query; ONNX Runtime refuses another.
Sessions are as by default, but that waiting threads do not spin.
"""

from collections.abc import Mapping

import onnx
import onnxruntime

from seqlaws.impls._onnx_models import Array, Models, Run

ALL = ("float64", "float32", "float16")
NARROW = ("float32", "float16")
ROOT = "the scale's root is float32"
LOST = "a weight of NaN times 0 is taken for 0"
KNOWN = {  # where a few examples may pass by luck, the name ends with a star
    "attention.*[float64]": ROOT,
    "rnn.nan_shows*": LOST,
    "lstm.nan_shows*": LOST,
    "gru.nan_shows*": LOST,
}
TRAITS = {
    "backend": "numpy",
    "dtypes": {
        "softmax": ALL,
        "layer_norm": NARROW,
        "attention": ALL,
        "rnn": NARROW,
        "lstm": NARROW,
        "gru": NARROW,
    },
    "accumulate": {"attention": "dtype"},  # scores are kept in 16 bits
    "elementary": dict.fromkeys(("rnn", "lstm", "gru"), "absolute"),
    "fully_masked": {"softmax": "nan", "attention": "zeros"},
    "masked_nan": {"attention": "may leak"},
    "known_failures": KNOWN,
}


def _evaluator(model: onnx.ModelProto) -> Run:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as error:
        reason = str(error).splitlines()[0]
        raise NotImplementedError(reason) from None

    def run(inputs: Mapping[str, Array]) -> list[Array]:
        return list(session.run(None, dict(inputs)))

    return run


_MODELS = Models(_evaluator, TRAITS, opset=24, rows=True)
softmax, layer_norm = _MODELS.softmax, _MODELS.layer_norm
rnn, lstm, gru = _MODELS.rnn, _MODELS.lstm, _MODELS.gru


def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    query_offset: int = 0,
    softcap: float | None = None,
) -> Array:
    """ONNX's Attention, from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv).

    Returns (B, N, L, Dv). Raises `NotImplementedError` for sizes of 0 and scales that are not
    above 0, which ONNX Runtime refuses; and, so that the rest can be seen, for `is_causal` with a
    single query after a past, where ONNX Runtime ignores it.
    """
    if 0 in (*q.shape, *k.shape, *v.shape):
        raise NotImplementedError("ONNX Runtime refuses sizes of 0")
    if scale is not None and scale <= 0:
        raise NotImplementedError("ONNX Runtime refuses a scale that is not above 0")
    if is_causal and q.shape[2] == 1 and query_offset:
        raise NotImplementedError("for a single query after a past ONNX Runtime ignores is_causal")
    return _MODELS.attention(q, k, v, mask, is_causal, scale, query_offset, None, softcap)
