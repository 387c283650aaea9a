"""What to pin in turn: every size of every letter, every pair of options.

A drawn case takes a size or a combination of options by chance; a sweep takes each one surely.
"""

from itertools import combinations, product
from typing import Any

from seqlaws.properties.operations import RECURRENT

Fixed = dict[str, Any]
LENGTHS = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 257)
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
KINDS: dict[str, Fixed] = {  # the recurrences' own option
    "rnn": {"nonlinearity": ("tanh", "relu", "sigmoid")},
    "gru": {"reset_after": (True, False)},
    "lstm": {"reverse": (False, True)},
}


def every_size(operation: str) -> list[Fixed]:
    """Each letter of an operation at each size, the others drawn; lengths beside bare flags too."""
    if operation == "softmax":
        return [{"n": n} for n in (*LENGTHS, 6, 10, 11, 12, 13, 14, 100, 255, 256, 1000)]
    if operation == "attention":
        letters = {"L": LENGTHS, "S": LENGTHS, "D": FEATURES, "Dv": FEATURES, "B": BATCHES[:8]}
        letters |= {"M": (1, 2, 3, 4, 5, 8), "group": (1, 2, 3, 4, 7, 8)}
        bare: Fixed = {"mask": None, "window": None}
        pinned: list[Fixed] = [{**bare, "L": n, "S": n, "is_causal": True} for n in LENGTHS]
        pinned += [{**bare, "S": n, "is_causal": False, "softcap": None} for n in LENGTHS]
    else:
        letters = {"B": BATCHES, "I": FEATURES, "H": FEATURES}
        pinned = []
        if operation in RECURRENT:
            short = product(LENGTHS[:-4], (False, True), (False, True))
            pinned = [{"T": n, "reverse": way, "padded": rows} for n, way, rows in short]
    return pinned + [{letter: n} for letter, sizes in letters.items() for n in sizes]


def moderate_sizes(operation: str) -> list[Fixed]:
    """For recurrences fewer, up to 33 steps: past them a whole gradient's bound says nothing."""
    if operation not in RECURRENT:
        return every_size(operation)
    weak: Fixed = {"scales": (0.5, 1.0)}
    sizes = {"B": BATCHES, "I": WIDTHS, "H": WIDTHS}
    wide = [{letter: n, **weak} for letter, ns in sizes.items() for n in ns]
    ways: list[Fixed] = [
        {"padded": True},
        *({"padded": False, "reverse": w} for w in (False, True)),
    ]
    return wide + [
        {"T": n, **way, **weak} for n in (0, 1, 2, 3, 7, 8, 9, 16, 17, 33) for way in ways
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
        kinds: list[Fixed] = [{n: v} for n, values in KINDS[operation].items() for v in values]
        sizes: list[Fixed] = [{"B": b, "T": t} for b, t in ((1, 4), (3, 5), (2, 34))]
        rows: list[Fixed] = [{"padded": False}, {"padded": True}]
        ways: list[Fixed] = [{"reverse": False}, {"reverse": True}]
        return [a | b | c | d for a, b, c, d in product(sizes, rows, ways, kinds)]
    given = [{name: value} for name, values in TELLING.items() for value in values]
    pairs = [a | b for a, b in combinations(given, 2) if a.keys() != b.keys()]
    shifted = [a | {"query_offset": 2, "is_causal": True} for a in given]
    shapes: list[Fixed] = [{"L": 6, "S": 9}, {"L": 9, "S": 6}]
    small = [NONE | shape | pair for pair in (*pairs, *shifted) for shape in shapes]
    return small + [NONE | {"L": 66, "S": 131} | one for one in given]
