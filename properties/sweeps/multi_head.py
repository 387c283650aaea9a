"""What to pin for multi-head attention: sizes, heads, sources, masks."""

from itertools import product

from seqlaws.properties.strategies.multi_head import SOURCES
from seqlaws.properties.sweeps.common import (
    LENGTHS,
    PLAIN,
    Fixed,
    Sweeps,
    beside,
    each,
    heads,
)

OBLONG: tuple[Fixed, ...] = ({"L": 6, "S": 9}, {"L": 9, "S": 6})
APART: Fixed = {"source": "three"}  # or S would be L


def every_size(operation: str) -> list[Fixed]:
    """Each length and width of a head up to 67, heads up to 33; lengths beside the bare flag."""
    beyond = (0, *LENGTHS[-7:])
    bare: Fixed = {**PLAIN, "B": 1, "mask": None}
    causal: Fixed = {**bare, "source": "self", "is_causal": True, "N": 2, "D": 3}
    sizes = beside(each(67, "L", "S"), heads(67, 33, 67))
    pinned: list[Fixed] = [{**causal, "L": n} for n in range(68)]
    pinned += [{**bare, **APART, "is_causal": False, **n} for n in sizes]
    pinned += [{**APART, **few(n)} for n in range(38)]
    return pinned + [{**APART, letter: n} for letter in "LS" for n in beyond]


def few(batch: int) -> Fixed:
    """So many in a batch, and little else."""
    return {**PLAIN, "mask": None, "B": batch, "L": 2, "T": 2, "S": 3, "N": 2, "D": 2, "F": 3}


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients: up to 37."""
    beyond = (0, *LENGTHS[-9:-5])
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "is_causal": False}
    pinned = [{**bare, **APART, **n} for n in beside(each(37, "L", "S"), heads(37, 17, 37))]
    pinned += [{**APART, **few(n)} for n in range(38)]
    return pinned + [{**APART, letter: n} for letter in "LS" for n in beyond]


def every_combination(operation: str) -> list[Fixed]:
    """Every kind of mask with and without the causal flag, of every source; every shape of mask."""
    kinds = product((None, "boolean", "floating", "both"), (False, True), SOURCES, OBLONG)
    given = [{"mask": m, "is_causal": c, "source": s, **n} for m, c, s, n in kinds]
    return given + shapes_of_masks(
        [
            {**APART, "L": 5, "S": 7, "B": 2, "N": 3, "D": 3, "is_causal": False},
            {**APART, "L": 2, "S": 3, "B": 2, "N": 2, "D": 3, "is_causal": False},
        ]
    )


def of_gradients(operation: str) -> list[Fixed]:
    """The same at one size."""
    kinds = product((None, "boolean", "floating", "both"), (False, True), SOURCES)
    return [{"mask": m, "is_causal": c, "source": s, **OBLONG[c]} for m, c, s in kinds]


def shapes_of_masks(sizes: list[Fixed]) -> list[Fixed]:
    """A mask that differs along any of B, N, L and S, with all its axes or fewer.

    sizes: some unequal, some with B, N and L equal, so that one is taken for another.
    """
    along = product((True, False), repeat=3)
    shapes = list(product(("boolean", "floating"), along, (4, 3, 2), ("S", 1)))
    return [
        n | {"mask": kind, "axes": axes, "mask_rank": rank, "last": last}
        for kind, axes, rank, last in shapes
        if not any(axes[: 4 - rank])
        for n in sizes
    ]


def unequal(operation: str) -> list[Fixed]:
    """Two and three heads; one query alone; a sequence to itself."""
    return [
        {**APART, "B": 2, "L": 4, "S": 7, "N": 3, "D": 5},
        {**APART, "B": 3, "L": 17, "S": 6, "N": 2, "D": 8},
        {"source": "memory", "B": 2, "L": 1, "S": 9, "N": 4, "D": 3},
        {"source": "self", "B": 3, "L": 5, "N": 2, "D": 4},
    ]


def one_large(operation: str) -> list[Fixed]:
    """Long queries and longer keys; as many features as models have."""
    long: Fixed = {"B": 3, "L": 70, "S": 260, "N": 4, "D": 17}
    wide: Fixed = {"B": 2, "L": 5, "S": 7, "N": 8, "D": 40}
    return [{**APART, "mask": None, **n} for n in (long, wide)]


MULTI_HEAD = Sweeps(every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large)
