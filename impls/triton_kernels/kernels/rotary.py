"""Rotary position embedding. Su et al. (2021)."""

import triton
import triton.language as tl


@triton.jit
def rotate(
    x, cosines, sines, y, rows, length, half, step, apart, sign,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Turn each pair of features of x (rows, 2 half) by its angle; sign -1 turns it back.

    Row r stands at position r % length of the tables (length, half). Pair i is the features
    i step and i step + apart.
    """
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    column = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    inside = (row < rows) & (column < half)
    angle = (row % length) * half + column
    cos = tl.load(cosines + angle, mask=inside, other=0.0)
    sin = tl.load(sines + angle, mask=inside, other=0.0) * sign
    one = row * half * 2 + column * step
    a = tl.load(x + one, mask=inside, other=0.0).to(tl.float32)
    b = tl.load(x + one + apart, mask=inside, other=0.0).to(tl.float32)
    tl.store(y + one, (a * cos - b * sin).to(y.dtype.element_ty), mask=inside)
    tl.store(y + one + apart, (b * cos + a * sin).to(y.dtype.element_ty), mask=inside)
