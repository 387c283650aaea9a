"""Recurrent networks: simple, long short-term memory, gated recurrent units.

A row that has ended, or that, read backwards, has not begun, keeps its state; so reading backwards
is counting the steps down, whatever the lengths. What a step that does not exist reads is replaced
by zeros before any arithmetic: a gradient of zero times a NaN is a NaN.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from seqlaws.impls.torch_ops._checks import absent, bind, wide

ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}


def rnn(
    x: Tensor,
    h0: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
    nonlinearity: str = "tanh",
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Tensor, Tensor]:
    """Run a simple recurrent network over x (B, T, I) from h0 (B, H). Elman (1990).

    weight_ih is (H, I), weight_hh (H, H), the biases (H,), lengths integers (B,). Returns
    y (B, T, H) and h_n (B, H). Raises `ValueError` for a wrong shape, length or nonlinearity,
    `TypeError` for a wrong dtype.
    """
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity must be one of {list(ACTIVATIONS)}, not {nonlinearity!r}")
    act = ACTIVATIONS[nonlinearity]
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    gone = _check("H", x, {"h0": h0}, parameters, lengths)
    driven, weight, bias = _driven(x, parameters, gone)
    h = wide(h0).clone()
    states = []
    for t in _order(x.shape[1], reverse):
        before = h.masked_fill(gone[:, t], 0)
        new = act(driven[:, t] + linear(before, weight, bias))
        h = torch.where(gone[:, t], h, new)
        states.append(new.masked_fill(gone[:, t], 0))
    y = _in_order_of_x(states, driven, h, reverse)
    return y.to(x.dtype), h.to(x.dtype)


def lstm_gates(
    x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compute the gates i, f, g, o, each (B, H), of one step of `lstm`.

    x is (B, I), h (B, H), weight_ih (4H, I), weight_hh (4H, H), the biases (4H,), row blocks in
    the order i, f, g, o. Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype.
    """
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    bind(x=(x, "B I"), h=(h, "B H"), **_shapes("4H", parameters))
    weight_ih, weight_hh, bias_ih, bias_hh = (wide(parameter) for parameter in parameters)
    a = linear(wide(x), weight_ih, bias_ih) + linear(wide(h), weight_hh, bias_hh)  # (B, 4H)
    i, f, g, o = _gates(a)
    return i.to(x.dtype), f.to(x.dtype), g.to(x.dtype), o.to(x.dtype)


def lstm(
    x: Tensor,
    h0: Tensor,
    c0: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run a long short-term memory over x (B, T, I) from h0, c0 (B, H).

    weight_ih is (4H, I), weight_hh (4H, H), the biases (4H,), row blocks i, f, g, o; lengths
    integers (B,). Returns y (B, T, H), h_n and c_n (B, H). Raises `ValueError` for a wrong shape
    or length, `TypeError` for a wrong dtype. Hochreiter and Schmidhuber (1997), Gers et al. (2000).
    """
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    gone = _check("4H", x, {"h0": h0, "c0": c0}, parameters, lengths)
    driven, weight, bias = _driven(x, parameters, gone)
    h, c = wide(h0).clone(), wide(c0).clone()
    states = []
    for t in _order(x.shape[1], reverse):
        before, c_before = h.masked_fill(gone[:, t], 0), c.masked_fill(gone[:, t], 0)
        i, f, g, o = _gates(driven[:, t] + linear(before, weight, bias))
        c_new = f * c_before + i * g
        h_new = o * torch.tanh(c_new)
        h, c = torch.where(gone[:, t], h, h_new), torch.where(gone[:, t], c, c_new)
        states.append(h_new.masked_fill(gone[:, t], 0))
    y = _in_order_of_x(states, driven, h, reverse)
    return y.to(x.dtype), h.to(x.dtype), c.to(x.dtype)


def gru(
    x: Tensor,
    h0: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
    reset_after: bool = True,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Tensor, Tensor]:
    """Run gated recurrent units over x (B, T, I) from h0 (B, H). Cho et al. (2014).

    weight_ih is (3H, I), weight_hh (3H, H), the biases (3H,), row blocks reset, update, new;
    lengths integers (B,). Returns y (B, T, H) and h_n (B, H). Raises `ValueError` for a wrong
    shape or length, `TypeError` for a wrong dtype.
    """
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    gone = _check("3H", x, {"h0": h0}, parameters, lengths)
    driven, weight, bias = _driven(x, parameters, gone)
    h = wide(h0).clone()
    split = [2 * h.shape[1]]  # reset and update before, new after
    weight_rz, weight_n = weight.tensor_split(split)
    bias_rz, bias_n = bias.tensor_split(split)
    states = []
    for t in _order(x.shape[1], reverse):
        before = h.masked_fill(gone[:, t], 0)
        a_rz, a_n = driven[:, t].tensor_split(split, -1)
        r, z = torch.sigmoid(a_rz + linear(before, weight_rz, bias_rz)).chunk(2, -1)
        if reset_after:
            n = torch.tanh(a_n + r * linear(before, weight_n, bias_n))
        else:
            n = torch.tanh(a_n + linear(r * before, weight_n, bias_n))
        new = (1 - z) * n + z * before
        h = torch.where(gone[:, t], h, new)
        states.append(new.masked_fill(gone[:, t], 0))
    y = _in_order_of_x(states, driven, h, reverse)
    return y.to(x.dtype), h.to(x.dtype)


def _shapes(rows: str, parameters: tuple[Tensor, ...]) -> dict[str, tuple[Tensor, str]]:
    """The parameters by name, with their shapes; `rows` is "4H" for four gates."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    shapes = (f"{rows} I", f"{rows} H", rows, rows)
    return dict(zip(names, zip(parameters, shapes, strict=True), strict=True))


def _check(
    rows: str, x: Tensor, states: dict[str, Tensor], parameters: tuple[Tensor, ...], lengths: Any
) -> Tensor:
    """Check arguments; return which steps do not exist, (B, T, 1)."""
    sized = {name: (state, "B H") for name, state in states.items()}
    size = bind(x=(x, "B T I"), **sized, **_shapes(rows, parameters))
    return absent(lengths, size["B"], size["T"], x.device)


def _driven(
    x: Tensor, parameters: tuple[Tensor, ...], gone: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """W_ih x + b_ih at every step, (B, T, 4H), 3H or H, and W_hh, b_hh."""
    weight_ih, weight_hh, bias_ih, bias_hh = (wide(parameter) for parameter in parameters)
    return linear(wide(x).masked_fill(gone, 0), weight_ih, bias_ih), weight_hh, bias_hh


def _order(steps: int, reverse: bool) -> range:
    return range(steps - 1, -1, -1) if reverse else range(steps)


def _in_order_of_x(states: list[Tensor], driven: Tensor, h: Tensor, reverse: bool) -> Tensor:
    """Stack the states (B, H), which are in the order of reading, as y (B, T, H)."""
    if not states:
        return driven[..., : h.shape[1]]  # empty, yet part of the graph
    return torch.stack(states[::-1] if reverse else states, 1)


def _gates(a: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """i, f, g, o, each (B, H), from a (B, 4H)."""
    i, f, g, o = a.chunk(4, -1)
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
