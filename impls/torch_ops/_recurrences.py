"""Recurrent networks: simple, long short-term memory, gated recurrent units.

The inputs of all steps are projected at once; a step adds what the state gives. It is a function of
its own, so that `step=torch.compile(lstm_step)` takes its compiled form.

A row that has ended, or that, read backwards, has not begun, keeps its state; so reading backwards
is counting the steps down, whatever the lengths. What a step that does not exist reads is replaced
by zeros before any arithmetic: a gradient of zero times a NaN is a NaN.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear

from seqlaws.impls.torch_ops._checks import absent, bind, wide

Step = Callable[..., tuple[Tensor, ...]]  # the states after it
ACTIVATIONS = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}


def rnn_step(a: Tensor, h: Tensor, weight: Tensor, nonlinearity: str) -> tuple[Tensor]:
    """One step from h (B, H); a (B, H) is W_ih x + b_ih + b_hh, weight is W_hh."""
    return (ACTIVATIONS[nonlinearity](a + linear(h, weight)),)


def lstm_step(a: Tensor, h: Tensor, c: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """One step from h, c (B, H); a (B, 4H) is W_ih x + b_ih + b_hh, weight is W_hh."""
    i, f, g, o = _gates(a + linear(h, weight))
    c = f * c + i * g
    return o * torch.tanh(c), c


def gru_step(
    a: Tensor, h: Tensor, weight: Tensor, bias_n: Tensor, reset_after: bool
) -> tuple[Tensor]:
    """One step from h (B, H); a (B, 3H) is W_ih x + b_ih + b_hh, the latter in r and z alone."""
    rows = [2 * h.shape[1]]  # reset and update before, new after
    (a_rz, a_n), (weight_rz, weight_n) = a.tensor_split(rows, -1), weight.tensor_split(rows)
    r, z = torch.sigmoid(a_rz + linear(h, weight_rz)).chunk(2, -1)
    if reset_after:
        n = torch.tanh(a_n + r * linear(h, weight_n, bias_n))
    else:
        n = torch.tanh(a_n + linear(r * h, weight_n, bias_n))
    return ((1 - z) * n + z * h,)


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
    *,
    step: Step = rnn_step,
) -> tuple[Tensor, Tensor]:
    """Run a simple recurrent network over x (B, T, I) from h0 (B, H). Elman (1990).

    weight_ih is (H, I), weight_hh (H, H), the biases (H,), lengths integers (B,). Returns
    y (B, T, H) and h_n (B, H). Raises `ValueError` for a wrong shape, length or nonlinearity,
    `TypeError` for a wrong dtype.
    """
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity must be one of {list(ACTIVATIONS)}, not {nonlinearity!r}")
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    gone = _check("H", x, {"h0": h0}, parameters, lengths)
    driven = _driven(x, weight_ih, wide(bias_ih) + wide(bias_hh), gone)
    y, h = _run(step, driven, (h0,), gone, reverse, wide(weight_hh), nonlinearity)
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
    *,
    step: Step = lstm_step,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run a long short-term memory over x (B, T, I) from h0, c0 (B, H).

    weight_ih is (4H, I), weight_hh (4H, H), the biases (4H,), row blocks i, f, g, o; lengths
    integers (B,). Returns y (B, T, H), h_n and c_n (B, H). Raises `ValueError` for a wrong shape
    or length, `TypeError` for a wrong dtype. Hochreiter and Schmidhuber (1997), Gers et al. (2000).
    """
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    gone = _check("4H", x, {"h0": h0, "c0": c0}, parameters, lengths)
    driven = _driven(x, weight_ih, wide(bias_ih) + wide(bias_hh), gone)
    y, h, c = _run(step, driven, (h0, c0), gone, reverse, wide(weight_hh))
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
    *,
    step: Step = gru_step,
) -> tuple[Tensor, Tensor]:
    """Run gated recurrent units over x (B, T, I) from h0 (B, H). Cho et al. (2014).

    weight_ih is (3H, I), weight_hh (3H, H), the biases (3H,), row blocks reset, update, new;
    lengths integers (B,). Returns y (B, T, H) and h_n (B, H). Raises `ValueError` for a wrong
    shape or length, `TypeError` for a wrong dtype.
    """
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    gone = _check("3H", x, {"h0": h0}, parameters, lengths)
    bias_rz, bias_n = wide(bias_hh).tensor_split([2 * h0.shape[1]])  # of r and z, of n
    bias = wide(bias_ih) + torch.cat((bias_rz, torch.zeros_like(bias_n)))
    driven = _driven(x, weight_ih, bias, gone)
    y, h = _run(step, driven, (h0,), gone, reverse, wide(weight_hh), bias_n, bool(reset_after))
    return y.to(x.dtype), h.to(x.dtype)


def _shapes(rows: str, parameters: tuple[Tensor, ...]) -> dict[str, tuple[Tensor, str]]:
    """The parameters by name, with their shapes; `rows` is "4H" for four gates."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    shapes = (f"{rows} I", f"{rows} H", rows, rows)
    return dict(zip(names, zip(parameters, shapes, strict=True), strict=True))


def _check(
    rows: str, x: Tensor, states: dict[str, Tensor], parameters: tuple[Tensor, ...], lengths: Any
) -> Tensor | None:
    """Check arguments; return which steps do not exist, (B, T, 1), or None if all do."""
    sized = {name: (state, "B H") for name, state in states.items()}
    size = bind(x=(x, "B T I"), **sized, **_shapes(rows, parameters))
    return absent(lengths, size["B"], size["T"], x.device)


def _driven(x: Tensor, weight_ih: Tensor, bias: Tensor, gone: Tensor | None) -> Tensor:
    """W_ih x and the bias at every step, (B, T, 4H), 3H or H."""
    x = wide(x) if gone is None else wide(x).masked_fill(gone, 0)
    return linear(x, wide(weight_ih), bias)


def _run(
    step: Step,
    driven: Tensor,
    states: tuple[Tensor, ...],
    gone: Tensor | None,
    reverse: bool,
    *constants: Any,
) -> tuple[Tensor, ...]:
    """Step through driven (B, T, ...); y (B, T, H), of the first state, and the final states."""
    states = tuple(wide(state).clone() for state in states)
    y = list[Tensor]()
    inputs, missing = driven.unbind(1), None if gone is None else gone.unbind(1)
    order = range(len(inputs))
    for t in reversed(order) if reverse else order:
        if missing is None:
            states = step(inputs[t], *states, *constants)
            y.append(states[0])
            continue
        before = (state.masked_fill(missing[t], 0) for state in states)
        after = step(inputs[t], *before, *constants)
        pairs = zip(states, after, strict=True)
        states = tuple(torch.where(missing[t], old, new) for old, new in pairs)
        y.append(after[0].masked_fill(missing[t], 0))
    if not y:
        return driven[..., : states[0].shape[1]], *states  # empty, yet part of the graph
    return torch.stack(y[::-1] if reverse else y, 1), *states


def _gates(a: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """i, f, g, o, each (B, H), from a (B, 4H)."""
    i, f, g, o = a.chunk(4, -1)
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
