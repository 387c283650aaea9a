"""Layer normalisation of rows, in two passes. Ba, Kiros and Hinton (2016).

A program has a tile of ROWS rows and goes over it COLUMNS numbers at a time: for the mean, for the
variance about it, and for the result. The gradients of weight and bias sum over all rows in two
stages: each program writes what its rows give, and a second kernel adds the programs' parts.
"""

import triton
import triton.language as tl


@triton.jit
def tile(x, row, column, first, rows, n):
    """A tile of an array (rows, n) as float32, zeros beyond its edges."""
    inside = (row < rows) & (first + column < n)
    return tl.load(x + row * n + first + column, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def moments(x, row, column, rows, n, eps, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """The mean of each row, and sqrt(variance + eps): (ROWS, 1)."""
    mean = tl.zeros([ROWS, 1], tl.float32)
    for first in range(0, n, COLUMNS):
        mean += tl.sum(tile(x, row, column, first, rows, n), 1)[:, None]
    mean = mean / n
    squares = tl.zeros([ROWS, 1], tl.float32)
    for first in range(0, n, COLUMNS):
        d = tl.where(first + column < n, tile(x, row, column, first, rows, n) - mean, 0.0)
        squares += tl.sum(d * d, 1)[:, None]
    return mean, tl.sqrt(squares / n + eps)


@triton.jit
def forward(x, weight, bias, y, rows, n, eps, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """y = weight (x - mean) / sigma + bias; x and y are (rows, n)."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, COLUMNS)[None, :]
    mean, sigma = moments(x, row, column, rows, n, eps, ROWS, COLUMNS)
    for first in range(0, n, COLUMNS):
        inside = (row < rows) & (first + column < n)
        w = tl.load(weight + first + column, mask=first + column < n, other=0.0).to(tl.float32)
        b = tl.load(bias + first + column, mask=first + column < n, other=0.0).to(tl.float32)
        z = (tile(x, row, column, first, rows, n) - mean) / sigma
        value = (z * w + b).to(y.dtype.element_ty)
        tl.store(y + row * n + first + column, value, mask=inside)


@triton.jit
def backward(
    dy, x, weight, dx, weights, biases, rows, n, eps, ROWS: tl.constexpr, COLUMNS: tl.constexpr
):
    """dx = (g - mean(g) - z mean(g z)) / sigma, where g = weight dy and z = (x - mean) / sigma.

    weights and biases (programs, n) take this program's part of the gradients of weight and bias.
    """
    program = tl.program_id(0).to(tl.int64)
    row = program * ROWS + tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, COLUMNS)[None, :]
    mean, sigma = moments(x, row, column, rows, n, eps, ROWS, COLUMNS)
    along = tl.zeros([ROWS, 1], tl.float32)
    across = tl.zeros([ROWS, 1], tl.float32)
    for first in range(0, n, COLUMNS):
        inside = (row < rows) & (first + column < n)
        w = tl.load(weight + first + column, mask=first + column < n, other=0.0).to(tl.float32)
        z = tl.where(inside, (tile(x, row, column, first, rows, n) - mean) / sigma, 0.0)
        d = tile(dy, row, column, first, rows, n)
        g = w * d
        across += tl.sum(g, 1)[:, None]
        along += tl.sum(g * z, 1)[:, None]
        part = program * n + first + tl.arange(0, COLUMNS)
        within = first + tl.arange(0, COLUMNS) < n
        tl.store(weights + part, tl.sum(d * z, 0), mask=within)
        tl.store(biases + part, tl.sum(d, 0), mask=within)
    for first in range(0, n, COLUMNS):
        inside = (row < rows) & (first + column < n)
        w = tl.load(weight + first + column, mask=first + column < n, other=0.0).to(tl.float32)
        z = (tile(x, row, column, first, rows, n) - mean) / sigma
        g = w * tile(dy, row, column, first, rows, n)
        value = ((g - across / n) - z * (along / n)) / sigma
        tl.store(dx + row * n + first + column, value.to(dx.dtype.element_ty), mask=inside)


@triton.jit
def sum_parts(parts, total, count, n, PARTS: tl.constexpr, COLUMNS: tl.constexpr):
    """total (n,) is the sum of parts (count, n): the second stage."""
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    part = tl.arange(0, PARTS)[:, None].to(tl.int64)
    summed = tl.zeros([PARTS, COLUMNS], tl.float32)
    for first in range(0, count, PARTS):
        inside = (first + part < count) & (column < n)
        summed += tl.load(parts + (first + part) * n + column, mask=inside, other=0.0)
    value = tl.sum(summed, 0)[None, :].to(total.dtype.element_ty)
    tl.store(total + column, value, mask=column < n)
