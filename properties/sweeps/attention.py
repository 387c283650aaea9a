"""What to pin for attention: sizes, heads, every pair of options, every kind of mask."""

from itertools import combinations, product
from typing import Any

from seqlaws.properties.operations import ATTENTION as OPERATION
from seqlaws.properties.sweeps.common import (
    BATCHES,
    LENGTHS,
    LONG,
    PLAIN,
    Fixed,
    Sweeps,
    each,
)

# an option's telling values; "mask" by its kind
TELLING: dict[str, tuple[Any, ...]] = {
    "mask": ("boolean", "floating", "both"),
    "is_causal": (True,),
    "scale": (0.3, 0.0, 0.05),
    "query_offset": (2, -1),
    "window": ((1, None), (None, 1), (2, 1)),
    "softcap": (0.5,),
}
NONE: Fixed = dict(OPERATION.options)
OBLONG: tuple[Fixed, ...] = ({"L": 6, "S": 9}, {"L": 9, "S": 6})


def every_size(operation: str) -> list[Fixed]:
    """Each letter at each size up to 131 and at some beyond; lengths beside bare flags, too."""
    letters: dict[str, Any] = {"L": LENGTHS, "S": LENGTHS}
    heads: dict[str, Any] = {"M": (*range(1, 20), 24, 32, 33), "group": (*range(1, 10), 16)}
    bare: Fixed = PLAIN | {"mask": None, "window": None, "scale": None}
    pinned: list[Fixed] = [
        {**bare, "L": n, "S": n, "is_causal": True, "query_offset": 0}
        for n in (*range(132), LENGTHS[-1])
    ]
    pinned += [{**bare, "S": n, "is_causal": False, "softcap": None} for n in LENGTHS]
    pinned += [
        {**bare, "is_causal": False, "B": 1, "M": 1, "group": 1 + n["S"] % 2, **n}
        for n in each(131, "L", "S", "D", "Dv")
    ]
    pinned += [{"S": n, "L": 2} for n in LONG] + [{"L": n, "S": 3} for n in LONG]
    pinned += [{letter: n} for letter, sizes in letters.items() for n in sizes]
    return pinned + numbers(heads | {"B": BATCHES})


def numbers(letters: dict[str, Any]) -> list[Fixed]:
    """Each number of entries or heads, where every query sees every key."""
    seen: Fixed = {"L": 3, "S": 5, "D": 4, "Dv": 3, "B": 2, "mask": None, "window": None}
    seen |= PLAIN | {"is_causal": False, "scale": None, "softcap": None}
    return [seen | {letter: n} for letter, sizes in letters.items() for n in sizes]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients: each letter at each size up to 67."""
    letters: dict[str, Any] = {"L": LENGTHS[:-3], "S": LENGTHS[:-3]}
    heads: dict[str, Any] = {"M": (*range(1, 18), 32, 33), "group": (*range(1, 9), 16)}
    bare: Fixed = PLAIN | {"mask": None, "window": None, "scale": None}
    pinned: list[Fixed] = [
        {**bare, "L": n, "S": n, "is_causal": True, "query_offset": 0}
        for n in (*range(35), *LENGTHS[-7:-3])
    ]
    pinned += [
        {**bare, "is_causal": False, "B": 1, "M": 1, "group": 1 + n["S"] % 2, **n}
        for n in each(67, "L", "S", "D", "Dv")
    ]
    pinned += [{letter: n} for letter, sizes in letters.items() for n in sizes]
    return pinned + numbers(heads | {"B": BATCHES})


def every_combination(operation: str) -> list[Fixed]:
    """Every pair of options at two sizes, every kind of mask, each option alone at a large size."""
    return (
        [n | pair for pair in pairs_of_options() for n in OBLONG]
        + kinds_of_masks()
        + [
            NONE | {"L": 66, "S": 131, name: value}
            for name, values in TELLING.items()
            for value in values
        ]
        + [NONE | {"L": 66, "S": 131, "window": sides} for sides in ((64, None), (31, 65))]
    )


def of_gradients(operation: str) -> list[Fixed]:
    """Every pair of options at one size."""
    return [OBLONG[i % 2] | pair for i, pair in enumerate(pairs_of_options())]


def pairs_of_options() -> list[Fixed]:
    """Every pair of attention's options; each one beside a shifted causal mask."""
    given = [{name: value} for name, values in TELLING.items() for value in values]
    pairs = [NONE | a | b for a, b in combinations(given, 2) if a.keys() != b.keys()]
    return pairs + [NONE | one | {"query_offset": 2, "is_causal": True} for one in given]


def kinds_of_masks() -> list[Fixed]:
    """A mask that differs along any of B, N, L and S, with all its axes or fewer.

    Once among unequal sizes, once where B, N and L are equal, so that one is taken for another.
    """
    along = product((True, False), repeat=3)
    shapes = list(product(("boolean", "floating"), along, (4, 3, 2), ("S", 1)))
    sizes: list[Fixed] = [
        OBLONG[0] | {"B": 2, "M": 2},
        {"B": 2, "M": 2, "group": 1, "L": 2, "S": 3},
    ]
    return [
        NONE | n | {"mask": kind, "axes": axes, "mask_rank": rank, "last": last}
        for kind, axes, rank, last in shapes
        if not any(axes[: 4 - rank])
        for n in sizes
    ]


def unequal(operation: str) -> list[Fixed]:
    """Grouped heads and others; one query alone, as in decoding."""
    heads: list[Fixed] = [{"B": 2, "M": 3, "group": 2}, {"B": 3, "M": 2, "group": 1}]
    sizes: list[Fixed] = [
        {"L": 4, "S": 7, "D": 5, "Dv": 8},
        {"L": 17, "S": 34, "D": 16, "Dv": 9},
    ]
    return [a | b for a in heads for b in sizes] + [{**heads[0], "L": 1, "S": 9, "D": 4}]


def one_large(operation: str) -> list[Fixed]:
    """Long queries and longer keys."""
    heads: Fixed = {"mask": None, "B": 2, "M": 1, "group": 2}
    return [{**heads, "L": 130, "S": 1030, "D": 65, "Dv": 64}]


ATTENTION = Sweeps(every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large)
