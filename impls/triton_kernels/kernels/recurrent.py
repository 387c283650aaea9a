"""One step of an LSTM and of a GRU, fused with its gates.

A program has a tile of BATCH rows and HIDDEN units. It takes the products of all gates over INNER
inputs at a time, then the gates, then the new state. Hochreiter and Schmidhuber (1997), Gers et al.
(2000), Cho et al. (2014).
"""

import triton
import triton.language as tl

from seqlaws.impls.triton_kernels.kernels.functions import sigmoid, tanh


@triton.jit
def add_products(
    one, two, three, four, x, weight, row, unit, B, H, count, x_stride,
    BLOCKS: tl.constexpr, INNER: tl.constexpr,
):  # fmt: skip
    """Add x W^T for each of the 3 or 4 blocks of H rows of a weight W; x is (B, count)."""
    for first in range(0, count, INNER):
        k = first + tl.arange(0, INNER)
        a = tl.load(
            x + row[:, None] * x_stride + k[None, :],
            mask=(row[:, None] < B) & (k[None, :] < count), other=0.0,
        )  # fmt: skip
        inside = (unit[None, :] < H) & (k[:, None] < count)
        place = unit[None, :].to(tl.int64)  # of a row in its block
        w = tl.load(weight + place * count + k[:, None], mask=inside, other=0.0)
        a = a.to(w.dtype)
        one = tl.dot(a, w, one, input_precision="ieee")
        w = tl.load(weight + (place + H) * count + k[:, None], mask=inside, other=0.0)
        two = tl.dot(a, w, two, input_precision="ieee")
        w = tl.load(weight + (place + 2 * H) * count + k[:, None], mask=inside, other=0.0)
        three = tl.dot(a, w, three, input_precision="ieee")
        if BLOCKS == 4:
            w = tl.load(weight + (place + 3 * H) * count + k[:, None], mask=inside, other=0.0)
            four = tl.dot(a, w, four, input_precision="ieee")
    return one, two, three, four


@triton.jit
def lstm_step(
    x, h, c, h_new, c_new, y, weight_ih, weight_hh, bias_ih, bias_hh, lengths,
    B, I, H, x_stride, y_stride, t,
    BATCH: tl.constexpr, HIDDEN: tl.constexpr, INNER: tl.constexpr,
):  # fmt: skip
    """h, c (B, H) after step t of x (B, I); the blocks are input, forget, candidate, output.

    A row that has ended keeps its state, and its y is zero.
    """
    row = tl.program_id(0).to(tl.int64) * BATCH + tl.arange(0, BATCH)
    unit = tl.program_id(1) * HIDDEN + tl.arange(0, HIDDEN)
    within = unit < H
    zeros = tl.zeros([BATCH, HIDDEN], tl.float32)
    i, f, g, o = add_products(zeros, zeros, zeros, zeros, x, weight_ih, row, unit, B, H, I,
                              x_stride, 4, INNER)  # fmt: skip
    i, f, g, o = add_products(i, f, g, o, h, weight_hh, row, unit, B, H, H, H, 4, INNER)
    i += tl.load(bias_ih + unit, mask=within, other=0.0).to(tl.float32)
    i += tl.load(bias_hh + unit, mask=within, other=0.0).to(tl.float32)
    f += tl.load(bias_ih + H + unit, mask=within, other=0.0).to(tl.float32)
    f += tl.load(bias_hh + H + unit, mask=within, other=0.0).to(tl.float32)
    g += tl.load(bias_ih + 2 * H + unit, mask=within, other=0.0).to(tl.float32)
    g += tl.load(bias_hh + 2 * H + unit, mask=within, other=0.0).to(tl.float32)
    o += tl.load(bias_ih + 3 * H + unit, mask=within, other=0.0).to(tl.float32)
    o += tl.load(bias_hh + 3 * H + unit, mask=within, other=0.0).to(tl.float32)
    where = row[:, None] * H + unit[None, :]
    inside = (row[:, None] < B) & within[None, :]
    old_h = tl.load(h + where, mask=inside, other=0.0)
    old_c = tl.load(c + where, mask=inside, other=0.0)
    cell = sigmoid(f) * old_c + sigmoid(i) * tanh(g)
    value = sigmoid(o) * tanh(cell)
    exists = t < tl.load(lengths + row, mask=row < B, other=0)[:, None]
    tl.store(c_new + where, tl.where(exists, cell, old_c), mask=inside)
    tl.store(h_new + where, tl.where(exists, value, old_h), mask=inside)
    written = tl.where(exists, value, 0.0).to(y.dtype.element_ty)
    tl.store(y + row[:, None] * y_stride + unit[None, :], written, mask=inside)


@triton.jit
def gru_reset(
    x, h, reset, weight_ih, weight_hh, bias_ih, bias_hh, B, I, H, x_stride,
    BATCH: tl.constexpr, HIDDEN: tl.constexpr, INNER: tl.constexpr,
):  # fmt: skip
    """reset (B, H) = r h, all of which a candidate reads where r comes before the product."""
    row = tl.program_id(0).to(tl.int64) * BATCH + tl.arange(0, BATCH)
    unit = tl.program_id(1) * HIDDEN + tl.arange(0, HIDDEN)
    zeros = tl.zeros([BATCH, HIDDEN], tl.float32)
    r, _, _, _ = add_products(zeros, zeros, zeros, zeros, x, weight_ih, row, unit, B, H, I,
                              x_stride, 3, INNER)  # fmt: skip
    r, _, _, _ = add_products(r, zeros, zeros, zeros, h, weight_hh, row, unit, B, H, H,
                              H, 3, INNER)  # fmt: skip
    r += tl.load(bias_ih + unit, mask=unit < H, other=0.0).to(tl.float32)
    r += tl.load(bias_hh + unit, mask=unit < H, other=0.0).to(tl.float32)
    where = row[:, None] * H + unit[None, :]
    inside = (row[:, None] < B) & (unit[None, :] < H)
    tl.store(reset + where, sigmoid(r) * tl.load(h + where, mask=inside, other=0.0), mask=inside)


@triton.jit
def gru_step(
    x, h, reset, h_new, y, weight_ih, weight_hh, bias_ih, bias_hh, lengths,
    B, I, H, x_stride, y_stride, t, AFTER: tl.constexpr,
    BATCH: tl.constexpr, HIDDEN: tl.constexpr, INNER: tl.constexpr,
):  # fmt: skip
    """h (B, H) after step t of x (B, I); the blocks are reset, update, new.

    AFTER: the reset gate multiplies W_hn h + b_hn; else `reset` holds r h, which W_hn multiplies.
    A row that has ended keeps its state, and its y is zero.
    """
    row = tl.program_id(0).to(tl.int64) * BATCH + tl.arange(0, BATCH)
    unit = tl.program_id(1) * HIDDEN + tl.arange(0, HIDDEN)
    within = unit < H
    zeros = tl.zeros([BATCH, HIDDEN], tl.float32)
    r, z, a, _ = add_products(zeros, zeros, zeros, zeros, x, weight_ih, row, unit, B, H, I,
                              x_stride, 3, INNER)  # fmt: skip
    r, z, state, _ = add_products(r, z, zeros, zeros, h, weight_hh, row, unit, B, H, H,
                                  H, 3, INNER)  # fmt: skip
    if not AFTER:
        _, _, state, _ = add_products(zeros, zeros, zeros, zeros, reset, weight_hh, row, unit,
                                      B, H, H, H, 3, INNER)  # fmt: skip
    r += tl.load(bias_ih + unit, mask=within, other=0.0).to(tl.float32)
    r += tl.load(bias_hh + unit, mask=within, other=0.0).to(tl.float32)
    z += tl.load(bias_ih + H + unit, mask=within, other=0.0).to(tl.float32)
    z += tl.load(bias_hh + H + unit, mask=within, other=0.0).to(tl.float32)
    a += tl.load(bias_ih + 2 * H + unit, mask=within, other=0.0).to(tl.float32)
    state += tl.load(bias_hh + 2 * H + unit, mask=within, other=0.0).to(tl.float32)
    if AFTER:
        state = sigmoid(r) * state
    n = tanh(a + state)
    where = row[:, None] * H + unit[None, :]
    inside = (row[:, None] < B) & within[None, :]
    old = tl.load(h + where, mask=inside, other=0.0)
    z = sigmoid(z)
    value = (1.0 - z) * n + z * old
    exists = t < tl.load(lengths + row, mask=row < B, other=0)[:, None]
    tl.store(h_new + where, tl.where(exists, value, old), mask=inside)
    written = tl.where(exists, value, 0.0).to(y.dtype.element_ty)
    tl.store(y + row[:, None] * y_stride + unit[None, :], written, mask=inside)
