"""What to pin for multi-head attention: sizes, heads, sources, masks."""

from itertools import product

from seqlaws.properties.strategies.multi_head import SOURCES
from seqlaws.properties.sweeps.common import BATCHES, LENGTHS, WIDTHS, Fixed, Sweeps

HEADS = (1, 2, 3, 4, 5, 8, 12, 16)
OBLONG: tuple[Fixed, ...] = ({"L": 6, "S": 9}, {"L": 9, "S": 6})
APART: Fixed = {"source": "three"}  # or S would be L


def every_size(operation: str) -> list[Fixed]:
    """Each letter at each size; lengths beside the bare flag, too."""
    letters = {"L": LENGTHS, "S": LENGTHS, "B": BATCHES}
    bare: Fixed = {"mask": None, "is_causal": True, "N": 2, "D": 3}
    causal: list[Fixed] = [{**bare, "source": "self", "L": n} for n in LENGTHS]
    lengths = [{**APART, letter: n} for letter, sizes in letters.items() for n in sizes]
    return causal + lengths + heads(WIDTHS)


def heads(widths: tuple[int, ...]) -> list[Fixed]:
    """Each width of a head, and each number of heads."""
    pinned: list[Fixed] = [{"D": d, "N": n} for d in widths for n in (1, 2)]
    return pinned + [{"N": n, "D": d} for n in HEADS for d in (1, 3)]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients."""
    letters = {"L": LENGTHS[:-5], "S": LENGTHS[:-5], "B": BATCHES}
    lengths = [{**APART, letter: n} for letter, sizes in letters.items() for n in sizes]
    return lengths + heads(WIDTHS[:-2])


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
    """Long queries and longer keys."""
    return [{**APART, "mask": None, "B": 3, "L": 70, "S": 260, "N": 4, "D": 17}]


MULTI_HEAD = Sweeps(every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large)
