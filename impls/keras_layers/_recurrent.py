"""`SimpleRNN`, `LSTM` and `GRU` of Keras, with the parameters of a call."""

from typing import Any

import numpy as np

from seqlaws.impls._shapes import bind_layer, lengths_of
from seqlaws.impls.keras_layers._backend import KIND, WIDE, Array, called, compiled, dtype_of, keras

ACTIVATIONS = ("tanh", "relu", "sigmoid")
UPDATE_FIRST = np.array([1, 0, 2])  # Keras has the update gate before the reset gate


class Recurrent:
    """The layers, as a loop over the steps, or unrolled."""

    def __init__(self, *, unroll: bool, traits: dict[str, Any]) -> None:
        self.unroll, self.TRAITS = unroll, traits

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
        """`SimpleRNN` over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

        weight_ih is (H, I), weight_hh (H, H), the biases (H,), lengths integers (B,). Raises
        `ValueError` for a wrong shape, length or nonlinearity, `TypeError` for a wrong dtype,
        `NotImplementedError` for a size of 0.
        """
        if nonlinearity not in ACTIVATIONS:
            raise ValueError(f"nonlinearity must be one of {ACTIVATIONS}, not {nonlinearity!r}")
        given = {"weight_ih": weight_ih, "weight_hh": weight_hh}
        given |= {"bias_ih": bias_ih, "bias_hh": bias_hh}
        _check("H", x, given, h0=h0)
        weights = [weight_ih.T, weight_hh.T, bias_ih + bias_hh]
        y, h_n = self._run("SimpleRNN", x, [h0], weights, lengths, reverse, activation=nonlinearity)
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
        """`LSTM` over x (B, T, I) from h0 and c0 (B, H); return y (B, T, H), h_n and c_n (B, H).

        weight_ih is (4H, I), weight_hh (4H, H), the biases (4H,), row blocks i, f, g, o. Raises as
        `rnn` does.
        """
        given = {"weight_ih": weight_ih, "weight_hh": weight_hh}
        given |= {"bias_ih": bias_ih, "bias_hh": bias_hh}
        _check("4H", x, given, h0=h0, c0=c0)
        weights = [weight_ih.T, weight_hh.T, bias_ih + bias_hh]
        y, h_n, c_n = self._run("LSTM", x, [h0, c0], weights, lengths, reverse)
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
        """`GRU` over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

        weight_ih is (3H, I), weight_hh (3H, H), the biases (3H,), row blocks reset, update, new.
        Raises as `rnn` does.
        """
        given = {"weight_ih": weight_ih, "weight_hh": weight_hh}
        given |= {"bias_ih": bias_ih, "bias_hh": bias_hh}
        _check("3H", x, given, h0=h0)
        w, r, b, b_hh = (_update_first(parameter) for parameter in given.values())
        bias = keras.ops.stack([b, b_hh]) if reset_after else b + b_hh
        weights = [w.T, r.T, bias]
        y, h_n = self._run("GRU", x, [h0], weights, lengths, reverse, reset_after=bool(reset_after))
        return y, h_n

    def _run(
        self,
        kind: str,
        x: Array,
        states: list[Array],
        weights: list[Array],
        lengths: Any,
        reverse: bool,
        **options: Any,
    ) -> Any:
        ends = lengths_of(lengths, x.shape[0], x.shape[1])
        mask = None
        if lengths is not None:
            mask = keras.ops.convert_to_tensor(np.arange(x.shape[1]) < ends[:, None])
        options |= {"go_backwards": bool(reverse), "unroll": self.unroll}
        return _compiled(x, states, weights, mask, kind=kind, options=(*options.items(),))


def _check(rows: str, x: Array, parameters: dict[str, Array], **states: Array) -> None:
    n = bind_layer(KIND, WIDE, rows, x=x, **states, **parameters)
    if 0 in (n["T"], n["I"], n["H"]):
        raise NotImplementedError("Keras takes no sequence, input or state of size 0")


def _update_first(parameter: Array) -> Array:
    blocks = parameter.reshape(3, parameter.shape[0] // 3, *parameter.shape[1:])
    return blocks[UPDATE_FIRST].reshape(parameter.shape)


def _recurrence(
    x: Array,
    states: list[Array],
    weights: list[Array],
    mask: Array | None,
    *,
    kind: str,
    options: tuple[tuple[str, Any], ...],
) -> Any:
    """y (B, T, H) in the order of x, and the final states (B, H). The layer draws no numbers."""
    names = ("kernel_initializer", "recurrent_initializer", "bias_initializer")
    named = dict.fromkeys(names, "zeros") | dict(options)
    named |= {"return_sequences": True, "return_state": True, "zero_output_for_mask": True}
    layer = getattr(keras.layers, kind)(states[0].shape[1], **named, dtype=dtype_of(x), seed=0)
    y, *last = called(layer, (x.shape,), weights, x, initial_state=states, mask=mask)
    return (keras.ops.flip(y, axis=1) if layer.go_backwards else y), *last


_compiled = compiled(_recurrence, "kind", "options")
