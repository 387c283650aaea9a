"""OpenVINO on the CPU, each operation a model of its opset 15 that is compiled for any sizes.

Translated: row blocks, an LSTM's i, f, g, o to f, i, g, o and a GRU's r, z, n to z, r, n; both
biases are their sum, but that a GRU's with `reset_after`, which is `linear_before_reset`, has the
two of its last block apart; outputs and states have an axis of directions, of which there is one;
`lengths` are `sequence_lengths`, `reverse` is a direction. A layer norm is an `MVN`, times the
weight, plus the bias.

OpenVINO computes in bfloat16 on processors that do so faster, and in float16 where a model has
it; here the hint `INFERENCE_PRECISION_HINT` asks for float32 on every processor. Doubles it takes,
but computes in float32: they are not offered. It has no gradients.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import openvino
from openvino import opset15

from seqlaws.impls._shapes import axis_of, bind, bind_attention, bind_layer, lengths_of, of_any_rank

Array = np.ndarray[Any, Any]
FLOATS = ("float32", "float16")
ACTIVATIONS = ("tanh", "relu", "sigmoid")
FIGO, ZRN = (1, 0, 2, 3), (1, 0, 2)
KNOWN = {  # where a few examples may pass by luck, the name ends with a star
    "softmax.nan_shows*": "the other entries of a row with a NaN are 0",
    "rnn.nan_shows*": "the relu of NaN is 0",
    "layer_norm.one_feature*[float16]": "a small epsilon is 0 in a model of float16",
}
TRAITS: dict[str, Any] = {
    "backend": "numpy",
    "dtypes": FLOATS,
    "fully_masked": {"softmax": "nan", "attention": "nan"},
    "known_failures": KNOWN,
}
CORE = openvino.Core()
SETTINGS = {"INFERENCE_PRECISION_HINT": "f32"}


def run(build: Callable[..., Any], *arrays: Array, **options: Any) -> list[Array]:
    """Evaluate the model that `build` makes of inputs and options."""
    kinds = tuple((array.ndim, str(array.dtype)) for array in arrays)
    request = compiled(build, kinds, tuple(options.items())).create_infer_request()
    found = request.infer([np.ascontiguousarray(array) for array in arrays])
    return [np.array(found[i]) for i in range(len(found))]


@cache
def compiled(
    build: Callable[..., Any],
    kinds: tuple[tuple[int, str], ...],
    options: tuple[tuple[str, Any], ...],
) -> Any:
    """Return the model for inputs of these ranks and dtypes, compiled."""
    inputs = [opset15.parameter([-1] * rank, np.dtype(kind)) for rank, kind in kinds]
    outputs = build(*inputs, **dict(options)).outputs()
    return CORE.compile_model(openvino.Model(outputs, inputs, "model"), "CPU", SETTINGS)


def softmax(x: Array, axis: int = -1) -> Array:
    """OpenVINO's Softmax of x, any shape, along `axis`; a row of -inf gives NaN."""
    bind(np.ndarray, FLOATS, x=(x, of_any_rank(x)))
    return run(opset15.softmax, x, axis=axis_of(x, axis))[0]


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
    """OpenVINO's MVN of x, any shape that ends with E, scaled by weight and bias (E,)."""
    bind(np.ndarray, FLOATS, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
    return run(_layer_norm, x, weight, bias, eps=float(eps))[0]


def _layer_norm(x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    last = opset15.constant(np.array([-1]))
    normalised = opset15.mvn(x, last, True, eps, "inside_sqrt")
    return opset15.add(opset15.multiply(normalised, weight), bias)


def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Array:
    """ScaledDotProductAttention, from q (B, N, L, D) to k (B, N, S, D) and v (B, N, S, Dv).

    Returns (B, N, L, Dv). Raises `NotImplementedError` for fewer key heads, for masks of fewer
    than two axes, and for a mask with is_causal, which would be ignored; and, so that the rest can
    be seen, for no keys or no features, where the result is not computed.
    """
    n = bind_attention(np.ndarray, FLOATS, q, k, v, mask)
    if n["N"] != n["M"]:
        raise NotImplementedError("OpenVINO takes as many key heads as query heads")
    if mask is not None and (is_causal or mask.ndim < 2):
        raise NotImplementedError("a mask of two axes and more, and no is_causal beside it")
    if 0 in (n["S"], n["D"]):
        raise NotImplementedError("OpenVINO answers with whatever is in memory")
    masks = () if mask is None else (mask,)
    return run(_attention, q, k, v, *masks, is_causal=bool(is_causal), scale=scale)[0]


def _attention(
    q: Any, k: Any, v: Any, mask: Any = None, *, is_causal: bool, scale: float | None
) -> Any:
    if scale is not None:  # it stands behind the mask
        kind = q.get_element_type().to_dtype()
        mask = opset15.constant(np.array(0, kind)) if mask is None else mask
        scale = opset15.constant(np.array(scale, kind))
    return opset15.scaled_dot_product_attention(q, k, v, mask, scale, is_causal)


def rnn(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """RNNSequence over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H)."""
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity must be one of {ACTIVATIONS}, not {nonlinearity!r}")
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, h_n = _sequence(
        _rnn, (0,), x, (h0,), parameters, lengths, reverse, activations=(nonlinearity,)
    )
    return y, h_n


def _rnn(*inputs: Any, activations: tuple[str, ...], **options: Any) -> Any:
    return opset15.rnn_sequence(*inputs, **options, activations=list(activations))


def lstm(
    x: Array,
    h0: Array,
    c0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array, Array]:
    """LSTMSequence over x (B, T, I) from h0, c0 (B, H); return y (B, T, H), h_n and c_n."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, h_n, c_n = _sequence(opset15.lstm_sequence, FIGO, x, (h0, c0), parameters, lengths, reverse)
    return y, h_n, c_n


def gru(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reset_after: bool = True,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """GRUSequence over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H)."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    after = bool(reset_after)
    y, h_n = _sequence(
        opset15.gru_sequence,
        ZRN,
        x,
        (h0,),
        parameters,
        lengths,
        reverse,
        linear_before_reset=after,
    )
    return y, h_n


def _sequence(
    build: Callable[..., Any],
    blocks: tuple[int, ...],
    x: Array,
    states: tuple[Array, ...],
    parameters: tuple[Array, ...],
    lengths: Any,
    reverse: bool,
    **options: Any,
) -> tuple[Array, ...]:
    """Check the arguments; y (B, T, H) and the final states (B, H).

    Raises `NotImplementedError` for no steps, which OpenVINO refuses, and for an empty batch and
    empty sequences, so that the rest can be seen.
    """
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    given = dict(zip(("h0", "c0"), states, strict=False))
    given |= dict(zip(names, parameters, strict=True))
    rows = f"{len(blocks)}H" if len(blocks) > 1 else "H"
    n = bind_layer(np.ndarray, FLOATS, rows, x=x, **given)
    ends = lengths_of(lengths, n["B"], n["T"]).astype(np.int32)
    if 0 in (n["B"], n["T"], *ends):
        raise NotImplementedError("no empty batch, and no empty sequences")
    w, r, b_ih, b_hh = (reordered(parameter, blocks) for parameter in parameters)
    bias = b_ih + b_hh
    if options.get("linear_before_reset"):
        own = 2 * n["H"]
        bias = np.concatenate([bias[:own], b_ih[own:], b_hh[own:]])
    inputs = (x, *(state[:, None] for state in states), ends, w[None], r[None], bias[None])
    direction = "reverse" if reverse else "forward"
    y, *last = run(build, *inputs, hidden_size=n["H"], direction=direction, **options)
    return np.ascontiguousarray(y[:, 0]), *(np.ascontiguousarray(state[:, 0]) for state in last)


def reordered(parameter: Array, blocks: tuple[int, ...]) -> Array:
    """Return the parameter with its blocks of rows in another order."""
    parts = np.split(parameter, len(blocks))
    return np.concatenate([parts[block] for block in blocks])
