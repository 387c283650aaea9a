"""The contract's operations as ONNX models of one node, for whatever evaluates ONNX.

Translated, for every evaluator alike:
- sequences lie time first, and a layer's parameters have an axis of directions, of which there is
  one; both biases are one input, the input's half first;
- row blocks: an LSTM's i, f, g, o are ONNX's i, o, f, c; a GRU's r, z, n are its z, r, h;
- `reset_after` is `linear_before_reset`, `lengths` are `sequence_lens`, `reverse` a direction;
- `query_offset` is the length of `past_key`: so many of the keys are handed over as the past, and
  an offset below 0 or of all keys is not offered;
- a mask of one key is repeated: ONNX would fill what it lacks with -inf;
- a scale and a softcap are attributes, and those are float32: another number is not offered.

Sizes of 0 and empty rows are not offered: ONNX does not say what the final state of an empty
sequence is, and its evaluators differ.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from seqlaws.impls._shapes import axis_of, bind, bind_attention, bind_layer, lengths_of, of_any_rank

Array = np.ndarray[Any, Any]
Attributes = tuple[tuple[str, Any], ...]
Run = Callable[[Mapping[str, Array]], list[Array]]
KINDS = {
    "float64": TensorProto.DOUBLE,
    "float32": TensorProto.FLOAT,
    "float16": TensorProto.FLOAT16,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}
FLOATS = ("float64", "float32", "float16")
ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid"}
IOFC, ZRH = (0, 3, 1, 2), (1, 0, 2)


class Models:
    """The operations, each a model that `evaluator` makes callable; with TRAITS, a plug-in.

    evaluator: from a model to a function of its inputs by name;
    opset: the version of ONNX's operators;
    lengths: whether rows shorter than the batch are offered;
    rows: whether a mask is given a row for each query before it is handed over.
    """

    def __init__(
        self,
        evaluator: Callable[[onnx.ModelProto], Run],
        traits: dict[str, Any],
        opset: int,
        *,
        lengths: bool = True,
        rows: bool = False,
    ) -> None:
        self.TRAITS, self.opset, self.lengths, self.rows = traits, opset, lengths, rows
        self.callable = cache(
            lambda *node: evaluator(self.model(*node))  # one session for each kind of node
        )

    def model(
        self, operator: str, inputs: Attributes, outputs: tuple[str, ...], attributes: Attributes
    ) -> onnx.ModelProto:
        """A model of one node; inputs: name to dtype, in the order of ONNX, "" where one is not."""
        dtype = inputs[0][1]
        node = helper.make_node(
            operator, [n if kind else "" for n, kind in inputs], outputs, **dict(attributes)
        )
        given = [(n, KINDS[kind]) for n, kind in inputs if kind]
        graph = helper.make_graph(
            [node],
            operator,
            [helper.make_tensor_value_info(n, kind, None) for n, kind in given],
            [helper.make_tensor_value_info(n, KINDS[dtype], None) for n in outputs if n],
        )
        imports = [helper.make_opsetid("", self.opset)]
        version = helper.find_min_ir_version_for(imports)
        return helper.make_model(graph, opset_imports=imports, ir_version=version)

    def run(
        self,
        operator: str,
        inputs: Mapping[str, Array | None],
        outputs: tuple[str, ...],
        **attributes: Any,
    ) -> list[Array]:
        """Evaluate a node; outputs as arrays of their own."""
        kinds = [(n, "" if a is None else str(a.dtype)) for n, a in inputs.items()]
        while not kinds[-1][1]:  # inputs left out at the end
            kinds.pop()
        node = (operator, tuple(kinds), outputs, tuple(sorted(attributes.items())))
        given = {n: np.ascontiguousarray(a) for n, a in inputs.items() if a is not None}
        return [np.array(output) for output in self.callable(*node)(given)]

    def softmax(self, x: Array, axis: int = -1) -> Array:
        """ONNX's Softmax of x, any shape, along `axis`; a row of -inf gives NaN."""
        bind(np.ndarray, FLOATS, x=(x, of_any_rank(x)))
        (p,) = self.run("Softmax", {"X": x}, ("Y",), axis=axis_of(x, axis))
        return p

    def layer_norm(self, x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
        """ONNX's LayerNormalization of x, any shape that ends with E, by weight and bias (E,)."""
        bind(np.ndarray, FLOATS, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
        refuse_inexact("epsilon", eps, x)
        if 0 in x.shape:
            raise NotImplementedError("no size of 0")
        inputs = {"X": x, "Scale": weight, "B": bias}
        return self.run("LayerNormalization", inputs, ("Y",), axis=-1, epsilon=float(eps))[0]

    def rnn(
        self,
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
        """ONNX's RNN over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H)."""
        if nonlinearity not in ACTIVATIONS:
            raise ValueError(f"nonlinearity must be one of {[*ACTIVATIONS]}, not {nonlinearity!r}")
        parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
        activations = (ACTIVATIONS[nonlinearity],)
        y, h_n = self.layer(
            "RNN", (0,), x, (h0,), parameters, lengths, reverse, activations=activations
        )
        return y, h_n

    def lstm(
        self,
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
        """ONNX's LSTM over x (B, T, I) from h0, c0 (B, H); return y (B, T, H), h_n and c_n."""
        parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
        y, h_n, c_n = self.layer("LSTM", IOFC, x, (h0, c0), parameters, lengths, reverse)
        return y, h_n, c_n

    def gru(
        self,
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
        """ONNX's GRU over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H)."""
        parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
        after = int(reset_after)
        y, h_n = self.layer(
            "GRU", ZRH, x, (h0,), parameters, lengths, reverse, linear_before_reset=after
        )
        return y, h_n

    def layer(
        self,
        operator: str,
        blocks: tuple[int, ...],
        x: Array,
        states: tuple[Array, ...],
        parameters: tuple[Array, ...],
        lengths: Any,
        reverse: bool,
        **attributes: Any,
    ) -> tuple[Array, ...]:
        """A recurrent layer of one direction: y (B, T, H) and the final states (B, H)."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        given = dict(zip(names, parameters, strict=True))
        first = dict(zip(("h0", "c0"), states, strict=False))
        rows = f"{len(blocks)}H" if len(blocks) > 1 else "H"
        n = bind_layer(np.ndarray, FLOATS, rows, x=x, **first, **given)
        ends = None
        if lengths is not None:
            if not self.lengths:
                raise NotImplementedError("without sequence_lens")
            ends = lengths_of(lengths, n["B"], n["T"]).astype(np.int32)
        if 0 in n.values() or (ends is not None and 0 in ends):
            raise NotImplementedError("no size of 0, and no empty sequence")
        w, r, b_ih, b_hh = (reordered(parameter, blocks) for parameter in parameters)
        inputs = {
            "X": x.swapaxes(0, 1),
            "W": w[None],
            "R": r[None],
            "B": np.concatenate([b_ih, b_hh])[None],
            "sequence_lens": ends,
            "initial_h": states[0][None],
        }
        outputs: tuple[str, ...] = ("Y", "Y_h")
        if len(states) > 1:
            inputs["initial_c"], outputs = states[1][None], ("Y", "Y_h", "Y_c")
        attributes |= {"hidden_size": n["H"], "direction": "reverse" if reverse else "forward"}
        y, *last = self.run(operator, inputs, outputs, **attributes)
        return np.ascontiguousarray(y[:, 0].swapaxes(0, 1)), *(state[0] for state in last)

    def attention(
        self,
        q: Array,
        k: Array,
        v: Array,
        mask: Array | None = None,
        is_causal: bool = False,
        scale: float | None = None,
        query_offset: int = 0,
        window: tuple[int | None, int | None] | None = None,
        softcap: float | None = None,
    ) -> Array:
        """ONNX's Attention from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv).

        Returns (B, N, L, Dv). Raises `NotImplementedError` for a window before opset 25, where
        Attention has none, and for what the module's first lines say.
        """
        n = bind_attention(np.ndarray, FLOATS, q, k, v, mask)
        attributes: dict[str, Any] = {"is_causal": int(is_causal)}
        attributes |= numbers_of(q, scale, softcap)
        if window is not None:
            if self.opset < 25:
                raise NotImplementedError("Attention has a window from opset 25 on")
            left, right = (-1 if side is None else side for side in window)
            attributes |= {"left_window_size": left, "right_window_size": right}
        if query_offset and not 0 <= query_offset < n["S"]:
            raise NotImplementedError("some of the keys are the past, not all")
        if n["S"] == 0:
            raise NotImplementedError("no size of 0")
        if mask is not None and mask.ndim < 2:
            raise NotImplementedError("ONNX's masks have 2 to 4 axes")
        if mask is not None:
            rows = n["L"] if self.rows else mask.shape[-2]
            mask = np.broadcast_to(mask, (*mask.shape[:-2], rows, n["S"]))
        p = query_offset
        past = {"past_key": k[:, :, :p], "past_value": v[:, :, :p]} if p else {}
        inputs = {"Q": q, "K": k[:, :, p:], "V": v[:, :, p:], "attn_mask": mask, **past}
        outputs = ("Y", "present_key", "present_value") if p else ("Y",)
        return self.run("Attention", inputs, outputs, **attributes)[0]


def reordered(parameter: Array, blocks: tuple[int, ...]) -> Array:
    """The parameter with its blocks of rows in another order."""
    parts = np.split(parameter, len(blocks))
    return np.concatenate([parts[block] for block in blocks])


def numbers_of(q: Array, scale: float | None, softcap: float | None) -> dict[str, float]:
    """The attributes of Attention that are numbers. Raises `NotImplementedError`."""
    if scale is not None:
        if scale < 0:
            raise NotImplementedError("ONNX puts the root of the scale on queries and keys")
        refuse_inexact("the root of the scale", scale**0.5, q)
    given = {"scale": scale, "softcap": softcap}
    for name, number in given.items():
        if number is not None:
            refuse_inexact(name, number, q)
    return {name: float(number) for name, number in given.items() if number is not None}


def refuse_inexact(name: str, number: float, x: Array) -> None:
    """Raise `NotImplementedError` for an attribute that would lose digits of x's dtype."""
    if x.dtype == np.float64 and float(np.float32(number)) != number:
        raise NotImplementedError(f"ONNX keeps {name} in float32")
