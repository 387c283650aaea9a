"""What to pin for rnn, lstm, gru, and for one step's gates."""

from itertools import product

from seqlaws.properties.operations import BLOCKS
from seqlaws.properties.sweeps.common import BATCHES, FEATURES, LENGTHS, WIDTHS, Fixed, Sweeps

KINDS: dict[str, list[Fixed]] = {  # by the recurrences' own option
    "rnn": [{"nonlinearity": name} for name in ("tanh", "relu", "sigmoid")],
    "gru": [{"reset_after": after} for after in (True, False)],
    "lstm": [{}],
}


def widths(operation: str) -> list[Fixed]:
    """Batches and features."""
    letters = {"B": (*BATCHES, 64, 65, 129), "I": FEATURES, "H": FEATURES}
    return [{letter: n} for letter, sizes in letters.items() for n in sizes]


def every_size(operation: str) -> list[Fixed]:
    """Lengths beside bare flags; batches and features."""
    short = product(LENGTHS[:-4], (False, True), (False, True))
    pinned: list[Fixed] = [{"T": n, "reverse": way, "padded": rows} for n, way, rows in short]
    return pinned + [{"T": n} for n in LENGTHS[-4:]] + widths(operation)


def moderate_sizes(operation: str) -> list[Fixed]:
    """Up to 33 steps: past them a whole gradient's bound says nothing."""
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
    """Both directions, with lengths and without, at three sizes."""
    sizes: list[Fixed] = [{"B": b, "T": t} for b, t in ((1, 4), (3, 5), (2, 34))]
    rows: list[Fixed] = [{"padded": False}, {"padded": True}]
    ways: list[Fixed] = [{"reverse": False}, {"reverse": True}]
    return [a | b | c | d for a, b, c, d in product(sizes, rows, ways, KINDS[operation])]


def unequal(operation: str) -> list[Fixed]:
    """Four sets of sizes."""
    few: list[Fixed] = [{"B": 3, "T": 4, "I": 5, "H": 2}, {"B": 4, "T": 2, "I": 3, "H": 5}]
    return [*few, {"B": 5, "T": 3, "I": 2, "H": 4}, {"B": 3, "T": 18, "I": 17, "H": 8}]


def one_large(operation: str) -> list[Fixed]:
    """A large batch of wide rows."""
    return [{"B": 130, "T": 17, "I": 129, "H": 65, "padded": False, "scales": (0.5,)}]


GATES = Sweeps(widths, widths, unequal, one_large=one_large)
RECURRENT = Sweeps(
    every_size, moderate_sizes, unequal, every_combination, every_combination, one_large
)
