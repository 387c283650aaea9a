"""torch's recurrent layers, with the parameters of a call."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqlaws.impls.torch_native._checks import bind
from seqlaws.impls.torch_native._layers import layer


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
    """`torch.nn.RNN` over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

    weight_ih is (H, I), weight_hh (H, H), the biases (H,), lengths integers (B,). Raises
    `ValueError` for a wrong shape, length or nonlinearity, `TypeError` for a wrong dtype,
    `NotImplementedError` for the sigmoid, and where `_run` does.
    """
    if nonlinearity == "sigmoid":
        raise NotImplementedError("torch.nn.RNN has no sigmoid")
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"nonlinearity must be 'tanh' or 'relu', not {nonlinearity!r}")
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    _check_layer("rnn", "H", x, {"h0": h0}, parameters)
    made = layer(torch.nn.RNN, **_layout(x, h0, reverse), nonlinearity=nonlinearity)
    y, (h_n,) = _run(made, x, (h0,), parameters, lengths)
    return y, h_n


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
    """`torch.nn.LSTM` over x (B, T, I) from h0, c0 (B, H); return y (B, T, H), h_n, c_n (B, H).

    weight_ih is (4H, I), weight_hh (4H, H), the biases (4H,), row blocks i, f, g, o; lengths
    integers (B,). Raises `ValueError` for a wrong shape or length, `TypeError` for a wrong dtype,
    `NotImplementedError` where `_run` does.
    """
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    _check_layer("lstm", "4H", x, {"h0": h0, "c0": c0}, parameters)
    made = layer(torch.nn.LSTM, **_layout(x, h0, reverse))
    y, (h_n, c_n) = _run(made, x, (h0, c0), parameters, lengths)
    return y, h_n, c_n


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
    """`torch.nn.GRU` over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

    weight_ih is (3H, I), weight_hh (3H, H), the biases (3H,), row blocks reset, update, new;
    lengths integers (B,). Raises `ValueError` for a wrong shape or length, `TypeError` for a wrong
    dtype, `NotImplementedError` for `reset_after=False`, and where `_run` does.
    """
    if not reset_after:
        raise NotImplementedError("torch.nn.GRU applies the reset gate after the product only")
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    _check_layer("gru", "3H", x, {"h0": h0}, parameters)
    made = layer(torch.nn.GRU, **_layout(x, h0, reverse))
    y, (h_n,) = _run(made, x, (h0,), parameters, lengths)
    return y, h_n


def _layout(x: Tensor, h0: Tensor, reverse: bool) -> dict[str, Any]:
    """A layer's arguments. torch reads backwards in a bidirectional layer's second direction."""
    if 0 in (x.shape[1], x.shape[2], h0.shape[1]):
        raise NotImplementedError("torch's layers take no sequence, input or state of size 0")
    return {
        "input_size": x.shape[2],
        "hidden_size": h0.shape[1],
        "bidirectional": reverse,
        "dtype": x.dtype,
    }


def _run(
    made: torch.nn.RNNBase,
    x: Tensor,
    states: tuple[Tensor, ...],
    parameters: tuple[Tensor, ...],
    lengths: Any,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run a layer with these parameters; y (B, T, H) and the final states (B, H).

    Raises `NotImplementedError` for sizes of 0, and for lengths of 0, which cannot be packed.
    """
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weights = dict(zip(names, parameters, strict=True))
    first = tuple(state[None] for state in states)  # (1, B, H)
    if made.bidirectional:
        backward = {f"{name}_reverse": weight for name, weight in weights.items()}
        weights = {name: torch.zeros_like(weight) for name, weight in weights.items()} | backward
        first = tuple(torch.cat((torch.zeros_like(state), state)) for state in first)
    inputs: Any = x
    if lengths is not None:
        lengths = _check_lengths(lengths, x)
        inputs = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    initial = first if len(first) > 1 else first[0]
    y, last = torch.func.functional_call(made, weights, (inputs, initial))
    if lengths is not None:
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    finals = last if len(first) > 1 else (last,)
    return y[..., -made.hidden_size :], tuple(final[-1] for final in finals)


def _check_layer(
    operation: str,
    rows: str,
    x: Tensor,
    states: dict[str, Tensor],
    parameters: tuple[Tensor, ...],
) -> None:
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    bind(
        operation,
        x=(x, "B T I"),
        **{name: (state, "B H") for name, state in states.items()},
        weight_ih=(weight_ih, f"{rows} I"),
        weight_hh=(weight_hh, f"{rows} H"),
        bias_ih=(bias_ih, rows),
        bias_hh=(bias_hh, rows),
    )


def _check_lengths(lengths: Any, x: Tensor) -> Tensor:
    """The lengths on the CPU, where torch wants them."""
    lengths = torch.as_tensor(lengths).cpu()
    batch, steps, _ = x.shape
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        raise TypeError(f"lengths must be integers, not {lengths.dtype}")
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must have shape ({batch},); got {tuple(lengths.shape)}")
    if bool(((lengths < 0) | (lengths > steps)).any()):
        raise ValueError(f"lengths must lie in 0..{steps}; got {lengths.tolist()}")
    if batch == 0 or bool((lengths == 0).any()):
        raise NotImplementedError("torch packs no empty batch and no empty sequence")
    packable: Tensor = lengths.to(torch.int64)
    return packable
