"""Where the kernels run, and the sizes of their tiles.

Without a GPU they run in Triton's interpreter, from the same source. Triton decides this once, when
it is imported, by TRITON_INTERPRET: so it is set here, before any module of kernels is imported.
"""

import os
from typing import Any

import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

import triton

INTERPRETED = bool(triton.knobs.runtime.interpret)
DEVICE = "cpu" if INTERPRETED else "cuda"
# The interpreter multiplies the bits of bfloat16 as whole numbers, and truncates when it stores it.
DTYPES = ("float32", "float16") if INTERPRETED else ("float32", "bfloat16", "float16")

QUERIES, KEYS, FEATURES = 64, 32, 64  # of a tile of attention
BATCH, HIDDEN, INNER = 16, 32, 32  # of a tile of a recurrent step
COLUMNS, NUMBERS = 256, 1024  # of a tile of rows: its width at most, and its numbers


def power_above(n: int) -> int:
    """Return the least power of two that is not below n."""
    return 1 << max(n - 1, 0).bit_length()


def tiled(n: int, tile: int) -> int:
    """Return the number of tiles that cover n."""
    return -(-n // tile)


def tile_of(n: int, largest: int) -> int:
    """Return the width of a tile along a product's axis: a power of two from 16 to the largest."""
    return min(max(power_above(n), 16), largest)


def tile_of_rows(n: int) -> dict[str, int]:
    """Return the shape of a tile of rows of n numbers."""
    columns = min(power_above(n), COLUMNS)
    return {"ROWS": max(1, NUMBERS // columns), "COLUMNS": columns}


def wide(x: torch.Tensor) -> Any:
    """Return memory of the tensor's shape for float32 numbers, in rows."""
    return torch.empty(x.shape, dtype=torch.float32, device=x.device)
