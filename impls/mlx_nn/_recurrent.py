"""`nn.RNN`, `nn.LSTM` and `nn.GRU`, with the parameters of a call."""

import mlx.core as mx
from mlx import nn

from seqlaws.impls._shapes import bind_layer
from seqlaws.impls.mlx_nn._conversion import WIDE, Array, over_numpy, pulled

ACTIVATIONS = {"tanh": mx.tanh, "relu": nn.relu, "sigmoid": mx.sigmoid}


def _rnn(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
) -> tuple[Array, Array]:
    """`nn.RNN` over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

    weight_ih is (H, I), weight_hh (H, H), the biases (H,). Raises `ValueError` for a wrong shape or
    nonlinearity, `TypeError` for a wrong dtype, `NotImplementedError` for no steps.
    """
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity must be one of {[*ACTIVATIONS]}, not {nonlinearity!r}")
    _check("H", x, (weight_ih, weight_hh, bias_ih, bias_hh), h0=h0)
    layer = nn.RNN(1, 1, nonlinearity=ACTIVATIONS[nonlinearity])
    layer.Wxh, layer.Whh, layer.bias = weight_ih, weight_hh, bias_ih + bias_hh
    y = layer(x, h0)
    return y, y[:, -1]


def _lstm(
    x: Array,
    h0: Array,
    c0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
) -> tuple[Array, Array, Array]:
    """`nn.LSTM` over x (B, T, I) from h0 and c0 (B, H); return y (B, T, H), h_n and c_n (B, H).

    weight_ih is (4H, I), weight_hh (4H, H), the biases (4H,), row blocks i, f, g, o. Raises as
    `rnn` does.
    """
    _check("4H", x, (weight_ih, weight_hh, bias_ih, bias_hh), h0=h0, c0=c0)
    layer = nn.LSTM(1, 1)
    layer.Wx, layer.Wh, layer.bias = weight_ih, weight_hh, bias_ih + bias_hh
    y, cells = layer(x, h0, c0)
    return y, y[:, -1], cells[:, -1]


def _gru(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
) -> tuple[Array, Array]:
    """`nn.GRU` over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

    weight_ih is (3H, I), weight_hh (3H, H), the biases (3H,), row blocks reset, update, new. Raises
    as `rnn` does.
    """
    _check("3H", x, (weight_ih, weight_hh, bias_ih, bias_hh), h0=h0)
    hidden = h0.shape[1]
    layer = nn.GRU(1, hidden)
    layer.Wx, layer.Wh, layer.bhn = weight_ih, weight_hh, bias_hh[2 * hidden :]
    outside = mx.concatenate([bias_hh[: 2 * hidden], mx.zeros_like(layer.bhn)])
    layer.b = bias_ih + outside
    y = layer(x, h0)
    return y, y[:, -1]


def _check(rows: str, x: Array, parameters: tuple[Array, ...], **states: Array) -> None:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    named = dict(zip(names, parameters, strict=True))
    n = bind_layer(Array, WIDE, rows, x=x, **states, **named)
    if n["T"] == 0:
        raise NotImplementedError("MLX's layers take no sequence of no steps")


rnn, rnn_vjp = over_numpy(_rnn), pulled(_rnn, 2)
lstm, lstm_vjp = over_numpy(_lstm), pulled(_lstm, 3)
gru, gru_vjp = over_numpy(_gru), pulled(_gru, 2)
