"""What to pin in turn: every size of every letter, every pair of options.

A drawn case takes a size or a combination of options by chance; a sweep takes each one surely.
"""

from itertools import combinations, product
from typing import Any

from seqlaws.properties.operations import RECURRENT

Fixed = dict[str, Any]
LENGTHS = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 257)
LONG = (256, 512, 513, 1000, 1025)
FEATURES = (1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 129)
WIDTHS = (1, 2, 3, 7, 8, 9, 16, 17, 33, 65)
BATCHES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)
BLOCKS = {"rnn": 1, "gru": 3, "lstm": 4}

# an option's telling values; "mask" by its kind
TELLING: dict[str, tuple[Any, ...]] = {
    "mask": ("boolean", "floating", "both"),
    "is_causal": (True,),
    "scale": (0.3, 0.0),
    "query_offset": (2, -1),
    "window": ((1, None), (None, 1), (2, 1)),
    "softcap": (0.5,),
}
NONE: Fixed = {
    "mask": None,
    "is_causal": False,
    "scale": None,
    "query_offset": 0,
    "window": None,
    "softcap": None,
}
OBLONG: tuple[Fixed, ...] = ({"L": 6, "S": 9}, {"L": 9, "S": 6})
KINDS: dict[str, list[Fixed]] = {  # by the recurrences' own option
    "rnn": [{"nonlinearity": name} for name in ("tanh", "relu", "sigmoid")],
    "gru": [{"reset_after": after} for after in (True, False)],
    "lstm": [{}],
}


def every_size(operation: str) -> list[Fixed]:
    """Each letter of an operation at each size, the others drawn; lengths beside bare flags too."""
    if operation == "softmax":
        rows: list[Fixed] = [{"rank": 2, "axis": -1, "rows": n} for n in LENGTHS]
        return [{"n": n} for n in (*LENGTHS, *range(4, 15), 100, 255, *LONG)] + rows
    if operation == "attention":
        letters = {"L": LENGTHS, "S": LENGTHS, "D": FEATURES, "Dv": FEATURES, "B": BATCHES}
        letters |= {"M": (1, 2, 3, 4, 5, 8, 12, 16, 17), "group": (1, 2, 3, 4, 7, 8, 16)}
        bare: Fixed = {"mask": None, "window": None}
        pinned: list[Fixed] = [{**bare, "L": n, "S": n, "is_causal": True} for n in LENGTHS]
        pinned += [{**bare, "S": n, "is_causal": False, "softcap": None} for n in LENGTHS]
        pinned += [{"S": n, "L": 2} for n in LONG] + [{"L": n, "S": 3} for n in LONG]
    else:
        letters = {"B": (*BATCHES, 64, 65, 129), "I": FEATURES, "H": FEATURES}
        pinned = []
        if operation in RECURRENT:
            short = product(LENGTHS[:-4], (False, True), (False, True))
            pinned = [{"T": n, "reverse": way, "padded": rows} for n, way, rows in short]
            pinned += [{"T": n} for n in LENGTHS[-4:]]
    return pinned + [{letter: n} for letter, sizes in letters.items() for n in sizes]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients; up to 33 steps: past them a whole gradient's bound says nothing."""
    if operation == "attention":
        letters = {"L": LENGTHS[:-3], "S": LENGTHS[:-3], "D": WIDTHS, "Dv": WIDTHS, "B": BATCHES}
        letters |= {"M": (1, 2, 3, 5, 8, 17), "group": (1, 2, 3, 4, 8)}
        causal: Fixed = {"mask": None, "window": None, "is_causal": True}
        return [{letter: n} for letter, sizes in letters.items() for n in sizes] + [
            {**causal, "L": n, "S": n} for n in LENGTHS[:-3]
        ]
    if operation not in RECURRENT:
        return every_size(operation)
    weak: Fixed = {"scales": (0.5, 1.0)}
    letters = {"B": BATCHES, "I": WIDTHS, "H": WIDTHS}
    steps = (0, 1, 2, 3, 7, 8, 9, 16, 17, 33)
    ways: list[Fixed] = [{"padded": True}, {"reverse": False}, {"reverse": True}]
    return [{letter: n, **weak} for letter, ns in letters.items() for n in ns] + [
        {"T": n, "padded": False, **way, **weak} for n in steps for way in ways
    ]


def distances(operation: str) -> list[Fixed]:
    """Twenty, a hundred and three hundred steps."""
    inputs = {"H": 3, "I": 3 * BLOCKS[operation], "B": 2, "scales": (0.5, 1.0)}
    return [{**inputs, "T": steps} for steps in (20, 100, 300)]


def every_combination(operation: str) -> list[Fixed]:
    """Every pair of options with nothing else given; each option alone at a large size, too."""
    if operation == "softmax":
        ranks = [(rank, axis) for rank in (1, 2, 3, 4) for axis in range(-rank, rank)]
        return [{"rank": rank, "axis": axis, "masked": m} for rank, axis in ranks for m in (0, 1)]
    if operation in RECURRENT:
        sizes: list[Fixed] = [{"B": b, "T": t} for b, t in ((1, 4), (3, 5), (2, 34))]
        rows: list[Fixed] = [{"padded": False}, {"padded": True}]
        ways: list[Fixed] = [{"reverse": False}, {"reverse": True}]
        return [a | b | c | d for a, b, c, d in product(sizes, rows, ways, KINDS[operation])]
    return (
        [n | pair for pair in pairs_of_options() for n in OBLONG]
        + kinds_of_masks()
        + [
            NONE | {"L": 66, "S": 131, name: value}
            for name, values in TELLING.items()
            for value in values
        ]
    )


def combinations_of_gradients(operation: str) -> list[Fixed]:
    """The same, each pair at one size."""
    if operation != "attention":
        return every_combination(operation)
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
    """A few sets of sizes of which none is 1 and no two are equal, so that strides tell."""
    if operation == "softmax":
        return [{"rank": 3, "n": 5}, {"rank": 2, "n": 7}, {"rank": 4, "n": 3}, {"rank": 2, "n": 33}]
    if operation == "attention":
        heads: list[Fixed] = [{"B": 2, "M": 3, "group": 2}, {"B": 3, "M": 2, "group": 1}]
        sizes: list[Fixed] = [
            {"L": 4, "S": 7, "D": 5, "Dv": 8},
            {"L": 17, "S": 34, "D": 16, "Dv": 9},
        ]
        return [a | b for a in heads for b in sizes] + [{**heads[0], "L": 1, "S": 9, "D": 4}]
    few: list[Fixed] = [{"B": 3, "T": 4, "I": 5, "H": 2}, {"B": 4, "T": 2, "I": 3, "H": 5}]
    return [*few, {"B": 5, "T": 3, "I": 2, "H": 4}, {"B": 3, "T": 18, "I": 17, "H": 8}]


def one_large(operation: str) -> list[Fixed]:
    """One problem that is larger than any other law's, for every kind of answer above a size."""
    if operation == "softmax":
        return [{"rank": 2, "axis": -1, "rows": 1030, "n": 1025}]
    if operation == "attention":
        heads: Fixed = {"mask": None, "B": 2, "M": 1, "group": 2}
        return [{**heads, "L": 130, "S": 1030, "D": 65, "Dv": 64}]
    return [{"B": 130, "T": 17, "I": 129, "H": 65, "padded": False, "scales": (0.5,)}]
