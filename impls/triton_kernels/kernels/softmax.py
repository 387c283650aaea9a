"""Softmax of rows. Online normaliser: Milakov and Gimelshein (2018).

A program has a tile of ROWS rows and goes over it COLUMNS numbers at a time, twice: once for the
maximum and the sum, which is rescaled whenever the maximum grows, once for the result. What lies
beyond the end of a row counts as -inf.
"""

import triton
import triton.language as tl


@triton.jit
def statistics(x, row, column, rows, n, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """The maximum of each row and the sum of e^(x - maximum): 0 and 1 for a row of -inf."""
    largest = tl.full([ROWS, 1], float("-inf"), tl.float32)
    total = tl.zeros([ROWS, 1], tl.float32)
    for first in range(0, n, COLUMNS):
        inside = (row < rows) & (first + column < n)
        s = tl.load(x + row * n + first + column, mask=inside, other=float("-inf"))
        s = s.to(tl.float32)
        new = tl.maximum(largest, tl.max(s, 1)[:, None])
        base = tl.where(new == float("-inf"), 0.0, new)  # -inf - -inf would be NaN
        total = total * tl.exp(largest - base) + tl.sum(tl.exp(s - base), 1)[:, None]
        largest = new
    base = tl.where(largest == float("-inf"), 0.0, largest)
    return base, tl.where(total == 0.0, 1.0, total)


@triton.jit
def forward(x, p, rows, n, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """p = softmax(x), both (rows, n); a row of -inf throughout gives zeros."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, COLUMNS)[None, :]
    base, total = statistics(x, row, column, rows, n, ROWS, COLUMNS)
    for first in range(0, n, COLUMNS):
        inside = (row < rows) & (first + column < n)
        s = tl.load(x + row * n + first + column, mask=inside, other=float("-inf"))
        weight = tl.exp(s.to(tl.float32) - base) / total
        tl.store(p + row * n + first + column, weight.to(p.dtype.element_ty), mask=inside)


@triton.jit
def backward(dp, x, dx, rows, n, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """dx = p (dp - sum(p dp)), all (rows, n); p is computed again from x."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, COLUMNS)[None, :]
    base, total = statistics(x, row, column, rows, n, ROWS, COLUMNS)
    inner = tl.zeros([ROWS, 1], tl.float32)
    for first in range(0, n, COLUMNS):
        inside = (row < rows) & (first + column < n)
        s = tl.load(x + row * n + first + column, mask=inside, other=float("-inf"))
        d = tl.load(dp + row * n + first + column, mask=inside, other=0.0).to(tl.float32)
        inner += tl.sum(tl.exp(s.to(tl.float32) - base) / total * d, 1)[:, None]
    for first in range(0, n, COLUMNS):
        inside = (row < rows) & (first + column < n)
        s = tl.load(x + row * n + first + column, mask=inside, other=float("-inf"))
        d = tl.load(dp + row * n + first + column, mask=inside, other=0.0).to(tl.float32)
        gradient = tl.exp(s.to(tl.float32) - base) / total * (d - inner)
        tl.store(dx + row * n + first + column, gradient.to(dx.dtype.element_ty), mask=inside)
