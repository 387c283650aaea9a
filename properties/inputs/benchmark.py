"""Benchmark of an operation: its sizes, the axes of its arrays, its amount of arithmetic."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Counts = Mapping[str, float]  # letters, to how many times the product of their sizes: {"B T H": 5}
SIZES = {  # letter: its size when small, middle and large; R: rows, which are axes of any number
    "R": (8, 128, 2048),
    "n": (64, 512, 2048),
    "B": (1, 4, 8),
    "N": (2, 4, 8),
    "M": (2, 4, 8),
    "T": (16, 64, 128),
    "L": (16, 128, 512),
    "S": (16, 128, 512),
    "D": (16, 64, 64),
    "Dv": (16, 64, 64),
    "I": (16, 64, 192),
    "H": (32, 128, 320),
    "E": (64, 512, 2048),
    "F": (32, 128, 512),
}


@dataclass(frozen=True)
class Benchmark:
    """Benchmark of an operation.

    sizes: letter to its size when small, middle and large, where it is not that of SIZES.
    axes: of arrays and outputs of any rank, where they are not one row after another.
    products: floating-point operations in the forward's matrix products, by letters of sizes.
    entrywise: those beside them; gradient: those that the gradient adds, beside its products.
    None: as many as the specification does. dtypes_of_kernel: those in which GPUs have a famous
    kernel to be compared with, as cuDNN's; a receipt times the operation in these.
    """

    sizes: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    axes: Mapping[str, str] = field(default_factory=dict)
    products: Counts | None = None
    entrywise: Counts | None = None
    gradient: Counts | None = None
    dtypes_of_kernel: tuple[str, ...] = ()


def counted(counts: Counts, sizes: Mapping[str, int]) -> int:
    """Return the number of operations at these sizes."""
    total = sum(
        factor * math.prod(sizes[letter] for letter in letters.split())
        for letters, factor in counts.items()
    )
    return int(total)
