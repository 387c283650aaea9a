"""Sizes that are worth a case each, and what a family of operations has to pin."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

Fixed = dict[str, Any]
Pinned = Callable[[Any], list[Fixed]]  # of an Operation
LENGTHS = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 257)
LONG = (256, 512, 513, 1000, 1025)
FEATURES = (1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 129)
MODELS = (384, 768, 1024, 1280, 1536, 2048, 2560, 3072, 4096, 5120, 8192)  # of models in use
BATCHES = (*range(19), 31, 32, 33)
STRIDES = (1, 7, 23, 12, 5)
WIDTHS = (4097, 8192, 8193)  # of vocabularies, caches and models: one past two powers, and one
PRODUCT = 2**16  # above it a product of two sizes does not fit into 16 bits
LARGER = 2**17  # above it neither does its half, as of two blocks
MIDDLES = ((5, 17), (5, 33), (2, 65), (3, 129), (2, 257), (129, 513))  # of rows, and beside them
PROGRAMS = 65_537  # two more than a CUDA grid has along its second and third axis


PLAIN: Fixed = {"regime": "ordinary", "scales": (1.0,)}  # so that every entry counts


def each(count: int, *letters: str) -> list[Fixed]:
    """Every letter at every size from 1 to `count`, a prime, and all letters at once.

    Each letter takes the sizes in another order, so that `count` cases are enough.
    """
    orders = list(zip(letters, STRIDES, strict=False))
    return [
        PLAIN | {letter: 1 + (k * stride + 11 * stride) % count for letter, stride in orders}
        for k in range(count)
    ]


def widths(few: Fixed, *letters: str, sizes: tuple[int, ...] = WIDTHS) -> list[Fixed]:
    """Each letter alone at each width; all other letters are few, so that it is cheap."""
    return [PLAIN | few | {letter: n} for letter in letters for n in sizes]


def products(few: Fixed, *pairs: str) -> list[Fixed]:
    """Two letters whose sizes have a product just above PRODUCT, one longer than the other."""
    one = int(PRODUCT**0.5) + 3
    other = PRODUCT // one + 2
    return [PLAIN | few | dict(zip(pair.split(), (one, other), strict=True)) for pair in pairs]


def pairs_of(few: Fixed, *letters: str, **most: int) -> list[Fixed]:
    """Each pair of letters whose sizes have a product just above LARGER; all others are few.

    most: of a letter that is costly; a pair of two such letters is left out.
    """
    square = int(LARGER**0.5) + 3
    pinned = []
    for one, other in combinations(letters, 2):
        if one in most and other in most:
            continue
        costly, cheap = (other, one) if other in most else (one, other)
        size = most.get(costly, square)
        pinned.append(PLAIN | few | {costly: size, cheap: LARGER // size + 2})
    return pinned


def whole(few: Fixed, *letters: str, size: int = 64) -> list[Fixed]:
    """All letters at a size that the usual tiles divide, of two entries; then each letter alone."""
    together = few | {"B": 2} | dict.fromkeys(letters, size)
    return [PLAIN | one for one in (together, *(few | {n: size} for n in ("B", *letters)))]


def many_programs(few: Fixed, letter: str) -> Fixed:
    """More rows of a letter than such a grid has programs, each of them small."""
    return PLAIN | few | {letter: PROGRAMS}


def in_the_middle(few: Fixed) -> list[Fixed]:
    """Arrays of three axes whose second one is long: a kernel may count rows by the first alone."""
    return [PLAIN | few | {"rank": 3, "rows": rows, "middle": n} for rows, n in MIDDLES]


def beside(one: list[Fixed], other: list[Fixed]) -> list[Fixed]:
    """Both lists at once, the shorter one over again: so that each element of either comes up."""
    count = max(len(one), len(other))
    return [one[k % len(one)] | other[k % len(other)] for k in range(count)]


def beside_drawn(pinned: list[Fixed]) -> list[Fixed]:
    """Each case that is pinned, and after it one in which everything is drawn."""
    return [one for pinned_one in pinned for one in (pinned_one, {})]


def heads(widths: int, numbers: int, most: int) -> list[Fixed]:
    """Each width of a head and each number of heads; beside up to three, and `most` features."""

    def few(n: int) -> int:
        return max(1, min(1 + n % 3, most // n))

    wide: list[Fixed] = [{"D": d, "N": few(d)} for d in range(1, 1 + widths)]
    return wide + [{"N": n, "D": few(n)} for n in range(1, 1 + numbers)]


def beside_tiles(tiles: Mapping[str, int]) -> list[Fixed]:
    """Sizes around the edges of an implementation's tiles: one and several, a tail of one."""
    edges = {
        letter: (n - 1, n, n + 1, 2 * n, 2 * n + 1, 3 * n + n // 2) for letter, n in tiles.items()
    }
    return [PLAIN | {letter: size} for letter, sizes in edges.items() for size in sizes]


def across_tiles(tiles: Mapping[str, int], k: int) -> Fixed:
    """Pin all sizes just beyond a tile, or beyond two tiles; for an odd k none."""
    return {} if k % 2 else {letter: (1 + k // 2) * n + 1 for letter, n in tiles.items()}


def nothing(operation: Any) -> list[Fixed]:
    """Nothing to pin."""
    return []


@dataclass(frozen=True)
class Sweeps:
    """Sweeps of an operation: lists of sizes and options to pin, one case each.

    every_size: each letter at each size, the others drawn. moderate_sizes: fewer, for gradients.
    every_combination: every pair of options with nothing else given, and each option alone at a
    large size; of_gradients: fewer. unequal: a few sets of sizes of which none is 1 and no two are
    equal, so that strides tell. one_large: one problem that is larger than any other law's.
    products: each pair of letters at sizes whose product is large; more rows than a grid has
    programs. summed: letters over which
    outputs or gradients sum; every_size has each at the longest width.
    """

    every_size: Pinned
    moderate_sizes: Pinned
    unequal: Pinned
    every_combination: Pinned = nothing
    of_gradients: Pinned = nothing
    one_large: Pinned = nothing
    products: Pinned = nothing
    summed: tuple[str, ...] = ()
