"""What people call in torch: its recurrent layers, `softmax` and `scaled_dot_product_attention`.

Nothing is added to torch but checks of shapes and dtypes (it broadcasts, and does not compare).
An option that torch lacks is not in the signature, or is a `NotImplementedError`. The layers are
offered in float32 and float64: in 16 bits they round every intermediate to the dtype.
"""

import operator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

ALL = ("float64", "float32", "bfloat16", "float16")
WIDE = ("float64", "float32")
DTYPES = {"softmax": ALL, "rnn": WIDE, "lstm": WIDE, "gru": WIDE, "attention": ALL}
SIXTEEN_BITS = (
    "along any axis but the last, F.softmax keeps its numerators in 16 bits: twice the rounding "
    "of a softmax that accumulates in float32"
)
TRAITS = {
    "backend": "torch",
    "device": "cpu",
    "dtypes": DTYPES,
    "fully_masked": {"softmax": "nan", "attention": "zeros"},
    "causal_alignment": "top-left",
    "masked_nan": {"attention": "may leak"},
    "known_failures": {
        "softmax.*[bfloat16]": SIXTEEN_BITS,
        "softmax.*[float16]": SIXTEEN_BITS,
        "attention.*": (
            "on the CPU scaled_dot_product_attention masks before it scales, so that is_causal "
            "with a scale of 0 or less gives NaN; and it answers a NaN query with zeros"
        ),
    },
}


def softmax(x: Tensor, axis: int = -1) -> Tensor:
    """`torch.nn.functional.softmax` of x, any shape, along `axis`; a row of -inf gives NaN.

    Raises `TypeError` for a wrong dtype or an axis that is not an integer (torch would guess for
    None), `IndexError` for an axis that x does not have.
    """
    letters = ["d" * (i + 1) for i in range(x.dim())] if isinstance(x, Tensor) else []
    _bind("softmax", x=(x, " ".join(letters)))
    if not -x.dim() <= operator.index(axis) < x.dim():
        raise IndexError(f"x has no axis {axis}, its shape is {tuple(x.shape)}")
    return functional.softmax(x, dim=operator.index(axis))


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
    layer = torch.nn.RNN(**_layout(x, h0, reverse), nonlinearity=nonlinearity)
    y, (h_n,) = _run(layer, x, (h0,), parameters, lengths)
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
    layer = torch.nn.LSTM(**_layout(x, h0, reverse))
    y, (h_n, c_n) = _run(layer, x, (h0, c0), parameters, lengths)
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
    layer = torch.nn.GRU(**_layout(x, h0, reverse))
    y, (h_n,) = _run(layer, x, (h0,), parameters, lengths)
    return y, h_n


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """`scaled_dot_product_attention` from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv).

    Returns (B, N, L, Dv). `mask` is broadcastable to (B, N, L, S), of booleans (True: may attend)
    or of the inputs' dtype. Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype,
    `NotImplementedError` for a mask of rank 0 or 1, or together with `is_causal`.
    """
    size = _bind("attention", q=(q, "B N L D"), k=(k, "B M S D"), v=(v, "B M S Dv"))
    if size["M"] == 0 or size["N"] % size["M"]:
        raise ValueError(f"{size['M']} key heads do not divide {size['N']} query heads")
    if mask is not None:
        shape = (*q.shape[:3], size["S"])
        if not isinstance(mask, Tensor) or mask.dtype not in (torch.bool, q.dtype):
            kind = getattr(mask, "dtype", type(mask).__name__)
            raise TypeError(f"mask must be a tensor of booleans or of {q.dtype}, not of {kind}")
        try:
            mask.broadcast_to(shape)
        except RuntimeError:
            got = tuple(mask.shape)
            raise ValueError(f"mask {got} is not broadcastable to {shape}") from None
        if mask.dim() < 2:
            raise NotImplementedError("torch's attention takes masks of rank 2 and more")
        if is_causal:
            raise NotImplementedError("torch's attention takes a mask or is_causal, not both")
    return functional.scaled_dot_product_attention(
        q, k, v, attn_mask=mask, is_causal=is_causal, scale=scale, enable_gqa=size["N"] != size["M"]
    )


def _layout(x: Tensor, h0: Tensor, reverse: bool) -> dict[str, Any]:
    """The arguments of a layer. torch reads backwards in a bidirectional layer's second direction.

    On the device "meta" a layer has no storage, and draws no random weights.
    """
    if 0 in (x.shape[1], x.shape[2], h0.shape[1]):
        raise NotImplementedError("torch's layers take no sequence, input or state of size 0")
    return {
        "input_size": x.shape[2],
        "hidden_size": h0.shape[1],
        "batch_first": True,
        "bidirectional": reverse,
        "device": "meta",
        "dtype": x.dtype,
    }


def _run(
    layer: torch.nn.RNNBase,
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
    if layer.bidirectional:
        backward = {f"{name}_reverse": weight for name, weight in weights.items()}
        weights = {name: torch.zeros_like(weight) for name, weight in weights.items()} | backward
        first = tuple(torch.cat((torch.zeros_like(state), state)) for state in first)
    inputs: Any = x
    if lengths is not None:
        lengths = _check_lengths(lengths, x)
        inputs = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    initial = first if len(first) > 1 else first[0]
    y, last = torch.func.functional_call(layer, weights, (inputs, initial))
    if lengths is not None:
        y, _ = pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    finals = last if len(first) > 1 else (last,)
    return y[..., -layer.hidden_size :], tuple(final[-1] for final in finals)


def _bind(operation: str, **tensors: tuple[Tensor, str]) -> dict[str, int]:
    """Match tensors with shapes such as "B T I" or "4H I", and return the size of each letter.

    Raises `TypeError` for anything but tensors of one dtype that the operation is offered in, and
    `ValueError` where a shape disagrees with its own letters or with a tensor before it.
    """
    sizes: dict[str, int] = {}
    dtype = None
    for name, (tensor, shape) in tensors.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a torch tensor, not {type(tensor).__name__}")
        if str(tensor.dtype).removeprefix("torch.") not in DTYPES[operation]:
            raise TypeError(f"{name} must be one of {DTYPES[operation]}, not {tensor.dtype}")
        dtype = dtype or tensor.dtype
        if tensor.dtype != dtype:
            raise TypeError(f"{name} is {tensor.dtype}, the tensors before it are {dtype}")
        axes = shape.split()
        expected = []
        for axis, size in zip(axes, tensor.shape, strict=False):
            letter = axis.lstrip("0123456789")
            factor = int(axis.removesuffix(letter) or 1)
            expected.append(factor * sizes.setdefault(letter, size))
        if tensor.dim() != len(axes) or list(tensor.shape) != expected:
            known = ", ".join(f"{letter}={size}" for letter, size in sizes.items())
            got = tuple(tensor.shape)
            raise ValueError(f"{name} must have shape ({shape}) with {known}; got {got}")
    return sizes


def _check_layer(
    operation: str,
    rows: str,
    x: Tensor,
    states: dict[str, Tensor],
    parameters: tuple[Tensor, ...],
) -> None:
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    _bind(
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
