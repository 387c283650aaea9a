"""Sweeps of attention: sizes, pairs of options, kinds of masks, tiles, the end of a long cache."""

from itertools import product
from typing import Any

from seqlaws.properties.inputs.derived import each_option, left_out, pairs_of_options
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import EDGES
from seqlaws.properties.inputs.sizes import (
    BATCHES,
    FEATURES,
    LENGTHS,
    LONG,
    PLAIN,
    WIDTHS,
    Fixed,
    each,
    pairs_of,
    products,
    widths,
)

OBLONG: tuple[Fixed, ...] = ({"L": 6, "S": 9}, {"L": 9, "S": 6})


def every_size(operation: Operation) -> list[Fixed]:
    """Each letter at each size up to 131 and at some beyond; lengths beside bare flags, too."""
    letters: dict[str, Any] = {"L": LENGTHS, "S": LENGTHS}
    heads: dict[str, Any] = {"M": (*range(1, 20), 24, 32, 33), "group": (*range(1, 10), 16)}
    bare: Fixed = PLAIN | {"mask": None, "window": None, "scale": None}
    pinned: list[Fixed] = [
        {**bare, **fewer(n), "L": n, "S": n, "is_causal": True, "query_offset": 0}
        for n in (*range(132), LENGTHS[-1])
    ]
    pinned += [{**bare, "S": n, "is_causal": False, "softcap": None} for n in LENGTHS]
    pinned += [
        {**bare, "is_causal": False, "B": 1, "M": 1, "group": 1 + n["S"] % 2, **n}
        for n in each(131, "L", "S", "D", "Dv")
    ]
    pinned += [{"S": n, "L": 2} for n in LONG] + [{"L": n, "S": 3} for n in LONG]
    pinned += [{letter: n} for letter, sizes in letters.items() for n in sizes]
    pinned += in_core(operation)
    return pinned + numbers(heads | {"B": BATCHES}) + wide("S L", "B L", "B M", "M L", "S D")


def in_core(operation: Operation) -> list[Fixed]:
    """Large sizes of calls that nobody may refuse: no options, as many queries as keys."""
    core = PLAIN | left_out(operation) | CORE | {"B": 1, "M": 1}
    pinned = [core | {"L": n, "S": n} for n in (*LENGTHS[-10:], *LONG)]
    pinned += [core | {"D": n, "Dv": n} for n in (*FEATURES[-8:], 257)]
    return pinned + [core | {letter: n} for letter in ("B", "M") for n in BATCHES[-3:]]


def fewer(length: int) -> Fixed:
    """One entry of one head or two, beside lengths for which more would take long."""
    return {"B": 1, "M": 1, "group": 1 + length % 2} if length > 34 else {}


BARE: Fixed = dict.fromkeys(("mask", "window", "scale", "softcap"), None)
FEW: Fixed = BARE | {"is_causal": False, "query_offset": 0, "B": 1, "M": 1, "group": 1}
FEW |= {"L": 1, "S": 2, "D": 1, "Dv": 1}


def wide(*pairs: str) -> list[Fixed]:
    """Each letter at the widths, queries and keys under a causal mask, too; products of pairs."""
    pinned = widths(FEW, "L", "S", "D", "Dv") + products(FEW, *pairs)
    pinned += widths(FEW, "B", "M", "group", sizes=WIDTHS[::2])
    causal: Fixed = FEW | {"is_causal": True}
    pinned += [PLAIN | causal | {"L": n, "query_offset": 3 - n * (n > WIDTHS[1])} for n in WIDTHS]
    return pinned + [PLAIN | causal | {"S": n, "query_offset": n - 2} for n in WIDTHS[::2]]


def numbers(letters: dict[str, Any]) -> list[Fixed]:
    """Each number of entries or heads, where every query sees every key."""
    seen: Fixed = {"L": 3, "S": 5, "D": 4, "Dv": 3, "B": 2, "mask": None, "window": None}
    seen |= PLAIN | {"is_causal": False, "scale": None, "softcap": None}
    return [seen | {letter: n} for letter, sizes in letters.items() for n in sizes]


def moderate_sizes(operation: Operation) -> list[Fixed]:
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
    return pinned + numbers(heads | {"B": BATCHES}) + wide("S L", "B M")


def every_combination(operation: Operation) -> list[Fixed]:
    """Every pair of options at sizes that no tile divides, at sizes that tiles divide, and mixed.

    Every kind of mask; each option alone in the core, at a large size, and where one or three
    queries are at the end of many keys.
    """
    pairs = [n | pair for pair in causal_pairs(operation) for n in OBLONG]
    pairs += whole_tiles(operation) + beyond_two_tiles(operation) + decoding(operation)
    pairs += all_digits(operation) + low_masks(operation)
    large: Fixed = left_out(operation) | ONE_HEAD | {"L": 66, "S": 131}
    alone = [large | one for one in each_option(operation)]
    wide = [large | {"window": sides} for sides in ((64, None), (31, 65))] + far(operation)
    core = [left_out(operation) | CORE | one for one in each_option(operation)]
    core += 2 * [left_out(operation) | CORE | IN_CORE]
    half = beyond_two_tiles(operation, HALF)
    return pairs + kinds_of_masks(operation) + alone + wide + core + half


def far(operation: Operation) -> list[Fixed]:
    """Each option beside very many keys, very many queries, and many entries."""
    few = left_out(operation) | FEW | {"L": 2, "S": 3}
    long: list[Fixed] = [{"S": WIDTHS[-1]}, {"L": WIDTHS[-1]}, {"B": 259}]
    return [few | n | one for one in each_option(operation) for n in long]


def of_gradients(operation: Operation) -> list[Fixed]:
    """Every pair of options at one size; some at sizes that tiles divide, some of many keys."""
    pairs = [OBLONG[i % 2] | pair for i, pair in enumerate(causal_pairs(operation))]
    pairs += whole_tiles(operation)[1::3] + beyond_two_tiles(operation)[::2]
    half = beyond_two_tiles(operation, HALF)
    return pairs + decoding(operation)[::2] + all_digits(operation)[::2] + half + far(operation)


CORE: Fixed = {"B": 2, "M": 2, "group": 1, "L": 5, "S": 5, "D": 4, "Dv": 4}  # never refused
IN_CORE: Fixed = {"mask": "boolean", "axes": (False, False, True), "mask_rank": 2, "last": "S"}
ONE_HEAD: Fixed = {"B": 1, "M": 1, "group": 2, "D": 4, "Dv": 2}
SQUARE: list[Fixed] = [{"L": n, "S": n} for n in (16, 32, 64, 16, 32, 64, 128)]
WHOLE: list[Fixed] = [
    {"L": queries, "S": keys, "D": features}
    for queries, keys, features in (
        *((16, 32, 4), (32, 128, 16), (64, 128, 4), (16, 64, 32), (6, 128, 4), (64, 32, 4)),
        *((48, 96, 64), (16, 9, 4), (3, 64, 128), (16, 256, 4), (32, 64, 4)),
    )
]
BEYOND: Fixed = ONE_HEAD | {"L": 259, "S": 518, "group": 1}  # just beyond two tiles of up to 256
HALF: Fixed = BEYOND | {"L": 130, "S": 259}  # of up to 128, and at a quarter of the cost
ENDS = (65, 130, 258, 514, 1030)  # keys beyond one, two, ... splits


def whole_tiles(operation: Operation) -> list[Fixed]:
    """Every pair of options at sizes that the usual tiles divide: square ones, and others."""
    pairs = [ONE_HEAD | pair for pair in causal_pairs(operation)]
    square = [pair | SQUARE[k % len(SQUARE)] for k, pair in enumerate(pairs)]
    return square + [pair | WHOLE[k % len(WHOLE)] for k, pair in enumerate(pairs)]


def beyond_two_tiles(operation: Operation, sizes: Fixed | None = None) -> list[Fixed]:
    """Six combinations where queries and keys end just beyond two tiles of 16 to 256.

    sizes: others than these.
    """
    some: list[Fixed] = [
        {"is_causal": True, "query_offset": 259},
        {"is_causal": True, "mask": "floating", "query_offset": 200},
        {"window": (200, None), "query_offset": 259},
        {"window": (300, 3), "is_causal": True, "query_offset": 130, "softcap": 2.0},
        {"mask": "boolean", "window": (None, 40), "query_offset": 100},
        {"is_causal": True, "softcap": 0.7, "scale": 1.1, "mask": "both", "query_offset": 259},
    ]
    return [left_out(operation) | (sizes or BEYOND) | one for one in some]


def decoding(operation: Operation) -> list[Fixed]:
    """One query, or three, at the end of many keys, beside each option; one window is wide."""
    none = left_out(operation) | ONE_HEAD
    wide: list[Fixed] = [{"window": (70, None)}, {"window": (70, 0), "is_causal": True}]
    options = [one for one in each_option(operation) if "query_offset" not in one] + wide
    return [
        none | {"L": queries, "S": keys, "query_offset": keys - queries} | one
        for k, keys in enumerate(ENDS)
        for i, one in enumerate([{"is_causal": True}, *options])
        for queries in (1 + 2 * ((i + k) % 2),)
    ]


def low_masks(operation: Operation) -> list[Fixed]:
    """Masks of large negative finite numbers on all keys of all rows, and beside others."""
    few = left_out(operation) | ONE_HEAD | {"L": 5, "S": 4, "axes": (True, True, True)}
    return [
        few | {"mask": kind, "low": low, "last": "S", "mask_rank": 4, "is_causal": causal}
        for kind in ("floating", "both")
        for low in (1e4, 2e4, 1e9)
        for causal in (False, True)
    ]


CAPS = (0.07, 0.7, 1.1, 4.3, 30.3)
LAST_POSITION = 2**31 - 64  # so that a position still fits into 32 bits


def all_digits(operation: Operation) -> list[Fixed]:
    """Options that need all their digits: scales, caps beside scores as large, far offsets.

    An offset and a side of the window that cancel show both to the last digit, between few keys.
    """
    few = left_out(operation) | FEW | {"L": 9, "S": 4, "D": 3}
    pinned: list[Fixed] = [{"scale": scale} for scale in (1.1, 0.0037, 10.3, 100.3)]
    pinned += [{"softcap": cap, "scale": cap} for cap in CAPS]
    pinned += [{"softcap": cap} for cap in CAPS[:2]]
    pinned += [{"window": (n - 2, None), "query_offset": n} for n in EDGES]
    pinned += [{"window": (None, n + 1), "query_offset": -n} for n in EDGES]
    far = [{"is_causal": True, "query_offset": n} for n in (*EDGES, LAST_POSITION)]
    early = [{"is_causal": True, "query_offset": -n, "L": n + 3} for n in EDGES[1:4]]
    return [few | one for one in pinned + far + early]


def causal_pairs(operation: Operation) -> list[Fixed]:
    """Every pair of options; each one beside a shifted causal mask."""
    none, causal = left_out(operation), {"query_offset": 2, "is_causal": True}
    return pairs_of_options(operation) + [none | one | causal for one in each_option(operation)]


def kinds_of_masks(operation: Operation) -> list[Fixed]:
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
        left_out(operation) | n | {"mask": kind, "axes": axes, "mask_rank": rank, "last": last}
        for kind, axes, rank, last in shapes
        if not any(axes[: 4 - rank])
        for n in sizes
    ]


def unequal(operation: Operation) -> list[Fixed]:
    """Grouped heads and others; one query alone, as in decoding."""
    heads: list[Fixed] = [{"B": 2, "M": 3, "group": 2}, {"B": 3, "M": 2, "group": 1}]
    sizes: list[Fixed] = [
        {"L": 4, "S": 7, "D": 5, "Dv": 8},
        {"L": 17, "S": 34, "D": 16, "Dv": 9},
    ]
    return [a | b for a in heads for b in sizes] + [{**heads[0], "L": 1, "S": 9, "D": 4}]


def one_large(operation: Operation) -> list[Fixed]:
    """Long queries and longer keys."""
    heads: Fixed = {"mask": None, "B": 2, "M": 1, "group": 2}
    return [{**heads, "L": 130, "S": 1030, "D": 65, "Dv": 64}]


def large_products(operation: Operation) -> list[Fixed]:
    """Each pair of letters but two that count rows: those are costly, and `wide` has them."""
    return pairs_of(FEW, "B", "M", "group", "L", "S", "D", "Dv", B=365, M=365, group=365, L=365)
