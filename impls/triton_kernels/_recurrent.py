"""LSTM and GRU: one launch a step, or two for a GRU that resets before the product.

States are float32 whatever the dtype. These kernels have no gradient.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqlaws.impls._shapes import bind_layer, lengths_of
from seqlaws.impls.triton_kernels._launch import BATCH, DTYPES, HIDDEN, INNER, tile_of, tiled
from seqlaws.impls.triton_kernels.kernels import recurrent as kernels


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
    """Run an LSTM over x (B, T, I) from h0, c0 (B, H); return y (B, T, H), h_n, c_n (B, H).

    The row blocks of the weights (4H, ...) are input, forget, candidate, output. lengths: integers
    (B,). Raises `TypeError` and `ValueError` for wrong arguments.
    """
    weights = weight_ih, weight_hh, bias_ih, bias_hh
    named = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights, strict=True))
    bind_layer(Tensor, DTYPES, "4H", x=x, h0=h0, c0=c0, **named)
    without_gradient(x, h0, c0, *weights)
    given, tile = [w.contiguous() for w in weights], tile_of_step(h0, x)

    def step(grid: Any, x_t: Tensor, states: Any, after: Any, y_t: Tensor, *sizes: Any) -> None:
        kernels.lstm_step[grid](x_t, *states, *after, y_t, *given, *sizes, **tile)

    y, h, c = _run(step, x, (h0, c0), lengths, reverse)
    return y, h, c


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
    """Run a GRU over x (B, T, I) from h0 (B, H); return y (B, T, H) and h_n (B, H).

    The row blocks of the weights (3H, ...) are reset, update, new. Arguments as for `lstm`.
    """
    weights = weight_ih, weight_hh, bias_ih, bias_hh
    named = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights, strict=True))
    bind_layer(Tensor, DTYPES, "3H", x=x, h0=h0, **named)
    without_gradient(x, h0, *weights)
    given, tile = [w.contiguous() for w in weights], tile_of_step(h0, x)
    reset = torch.empty(h0.shape, dtype=torch.float32, device=x.device)

    def step(grid: Any, x_t: Tensor, states: Any, after: Any, y_t: Tensor, *sizes: Any) -> None:
        (h,), (_, B, I, H, x_stride, *_) = states, sizes
        if not reset_after:
            kernels.gru_reset[grid](x_t, h, reset, *given, B, I, H, x_stride, **tile)
        read = h if reset_after else reset
        both = tile | {"AFTER": bool(reset_after)}
        kernels.gru_step[grid](x_t, h, read, *after, y_t, *given, *sizes, **both)

    y, h = _run(step, x, (h0,), lengths, reverse)
    return y, h


def _run(
    step: Callable[..., None], x: Tensor, initial: tuple[Tensor, ...], lengths: Any, reverse: bool
) -> list[Tensor]:
    """Launch the step for each of x (B, T, I); y, and the last states."""
    (B, T, I), H = x.shape, initial[0].shape[1]
    steps = lengths if isinstance(lengths, Tensor) else torch.as_tensor(lengths_of(lengths, B, T))
    lengths_of(steps.cpu().numpy(), B, T)
    steps = steps.to(device=x.device, dtype=torch.int32)
    x, y = x.contiguous(), torch.empty((B, T, H), dtype=x.dtype, device=x.device)
    states = [s.to(torch.float32, copy=True).contiguous() for s in initial]
    after = [torch.empty_like(s) for s in states]
    grid = tiled(B, BATCH), tiled(H, tile_of(H, HIDDEN))
    if B and H:
        for t in reversed(range(T)) if reverse else range(T):
            strides = T * I, T * H
            step(grid, x[:, t], states, after, y[:, t], steps, B, I, H, *strides, t)
            states, after = after, states
    return [y, *(s.to(x.dtype, copy=True) for s in states)]


def tile_of_step(h: Tensor, x: Tensor) -> dict[str, int]:
    """Return the shape of a tile of a step."""
    inner = tile_of(max(h.shape[1], x.shape[2]), INNER)
    return {"BATCH": BATCH, "HIDDEN": tile_of(h.shape[1], HIDDEN), "INNER": inner}


def without_gradient(*arrays: Tensor) -> None:
    """Raise NotImplementedError if a gradient would be asked for, which the kernels do not have."""
    if torch.is_grad_enabled() and any(array.requires_grad for array in arrays):
        raise NotImplementedError("the kernels of recurrent steps have no gradient")
