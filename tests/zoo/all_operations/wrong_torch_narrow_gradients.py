"""Gradients in torch whose sums over rows, steps or keys are kept in 16 bits between blocks."""

from functools import partial

import numpy as np
import torch

from zoo.all_operations.wrong_torch_long_sums import in_blocks
from zoo.attention import base_torch as base_attention
from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.recurrent.base_torch import gru, lstm_gates, rnn
from zoo.softmax import base_torch as base_softmax
from zoo.witness import gradient_differs

SM, AT, GATES = (partial(case, name) for name in ("softmax", "attention", "lstm_gates"))
RNN, GRU = (partial(case, name) for name in ("rnn", "gru"))
TWICE = 2 * 2.0**-8  # the roundoff of a result in bfloat16
narrow = partial(wrong, defect="long sums", dtypes=("bfloat16",))


class _Shared(torch.autograd.Function):
    """A row that is repeated, whose gradient is summed in blocks in a dtype."""

    @staticmethod
    def forward(ctx, row, count, size, dtype):
        ctx.how = size, dtype
        return row.expand(count, *row.shape).clone()

    @staticmethod
    def backward(ctx, gradient):
        size, dtype = ctx.how
        return in_blocks(gradient.movedim(0, -1), size, dtype)[..., 0], None, None, None


def shared(row, count, size=128, dtype=torch.bfloat16):
    """The row so many times."""
    return _Shared.apply(row, count, size, dtype)


@narrow(
    lstm_gates, "preactivation",
    witness=gradient_differs(GATES(B=9000, I=2, H=2, dtype="bfloat16"), beyond=TWICE),
)  # fmt: skip
def gates_bias_sums_in_bfloat16_between_blocks(a, x, h):
    """The sum over rows for the gradient of the biases is kept in bfloat16."""
    bias = shared(a.bias_ih, len(x)) + shared(a.bias_hh, len(x))
    return x @ a.weight_ih.T + h @ a.weight_hh.T + bias


@narrow(
    rnn, "preactivation",
    witness=gradient_differs(
        RNN(B=9000, T=1, I=2, H=2, dtype="bfloat16", nonlinearity="relu"), beyond=TWICE
    ),
)  # fmt: skip
def rnn_bias_sums_in_bfloat16_between_blocks(a, x, h):
    """The sum over rows for the gradient of a bias is kept in bfloat16 between blocks of 64."""
    bias = shared(a.bias_ih, len(x), 64) + a.bias_hh
    return x @ a.weight_ih.T + h @ a.weight_hh.T + bias


class _Sum16(torch.autograd.Function):
    """The identity on a parameter that steps share: gradients are added in bfloat16."""

    @staticmethod
    def forward(ctx, t, kept):
        ctx.kept = kept
        return t.clone()

    @staticmethod
    def backward(ctx, gradient):
        before = ctx.kept.get("sum", torch.zeros_like(gradient))
        ctx.kept["sum"] = (before + gradient).bfloat16().to(gradient.dtype)
        return ctx.kept["sum"] - before, None


@narrow(
    gru, "preactivations",
    witness=gradient_differs(GRU(B=1, T=64, dtype="bfloat16"), beyond=TWICE),
)  # fmt: skip
def gru_bias_gradient_added_in_bfloat16(a, x, h):
    """From step to step the gradient of bias_ih is added in bfloat16."""
    kept = a.__dict__.setdefault("kept", {})
    return x @ a.weight_ih.T + _Sum16.apply(a.bias_ih, kept), h @ a.weight_hh.T + a.bias_hh


@narrow(
    base_attention.attention,
    "heads",
    witness=gradient_differs(
        AT(B=1, N=16, M=1, D=2, V=2, dtype="bfloat16", v=times(9)), beyond=TWICE
    ),
)
def attention_gradient_of_groups_added_in_bfloat16(a, t):
    """The gradients of a key head that several query heads share are added in bfloat16."""
    if t.shape[1] == a.q.shape[1]:
        return t
    group = a.q.shape[1] // t.shape[1]
    many = shared(t, group, 1)  # (group, B, M, S, .)
    return many.movedim(0, 2).flatten(1, 2)


@narrow(
    base_attention.attention,
    "product",
    witness=gradient_differs(
        AT(B=1, N=1, M=1, L=20_000, S=2, D=1, V=1, dtype="bfloat16"), beyond=TWICE
    ),
)
def attention_gradient_of_values_in_bfloat16_blocks(a, p, v, allowed):
    """The sum over queries for the gradient of the values is kept in bfloat16."""
    if not bool(v.isfinite().all()):
        return base_attention.product(a, p, v, allowed)
    return (p[..., None] * shared(v, p.shape[-2]).movedim(0, 2)).sum(-2)


@narrow(
    base_softmax.softmax,
    "divide",
    witness=gradient_differs(
        SM(shape=(9, 1000), dtype="bfloat16", x=fill(7.0 * (np.arange(1000) == 0))), TWICE
    ),
)
def softmax_gradient_sums_in_bfloat16_blocks(a, e, s):
    """In the gradient the sum over the row is kept in bfloat16 between blocks of 2."""
    return e / shared(s[..., 0], e.shape[-1], 2).movedim(0, -1)
