"""What to pin for rnn, lstm, gru, and for one step's gates."""

from collections.abc import Iterable
from itertools import product

from seqlaws.properties.operations import BLOCKS
from seqlaws.properties.sweeps.common import (
    BATCHES,
    FEATURES,
    LENGTHS,
    PLAIN,
    Fixed,
    Sweeps,
    each,
)

STEPS = (72, 80, 96, 100, 112, 120, *LENGTHS[-4:])  # beyond 67
WIDE: list[Fixed] = [PLAIN | {letter: n, "T": 2} for letter in "IH" for n in FEATURES[-4:]]

KINDS: dict[str, list[Fixed]] = {  # by the recurrences' own option
    "rnn": [{"nonlinearity": name} for name in ("tanh", "relu", "sigmoid")],
    "gru": [{"reset_after": after} for after in (True, False)],
    "lstm": [{}],
}


def batches(operation: str) -> list[Fixed]:
    """Batches, and each feature size up to 67; some beyond."""
    return [*entries((*BATCHES, 64, 65, 129)), *each(67, "I", "H"), *WIDE]


def entries(numbers: Iterable[int]) -> list[Fixed]:
    """Each number of entries in a batch, of a few steps."""
    return [PLAIN | {"B": n, "T": 3} for n in numbers]


def every_size(operation: str) -> list[Fixed]:
    """Each length up to 67 both ways, and each feature size; lengths beside bare flags."""
    short = product((0, 1, 2, 3, 8, 17), (False, True), (False, True))
    pinned: list[Fixed] = [{"T": n, "reverse": way, "padded": rows} for n, way, rows in short]
    pinned += entries((*BATCHES, 64, 65, 129)) + [{"T": n} for n in STEPS]
    pinned += WIDE[-2:]
    for reverse in (False, True):
        ways: Fixed = {"B": 1, "reverse": reverse, **({} if reverse else {"padded": False})}
        pinned += [{**ways, **n} for n in each(67, "T", "I", "H")]
    return pinned


def moderate_sizes(operation: str) -> list[Fixed]:
    """Up to 37 steps: past them a whole gradient's bound says nothing."""
    weak: Fixed = {"scales": (0.5, 1.0)}
    ways: list[Fixed] = [{"padded": True}, {"reverse": False}, {"reverse": True}]
    pinned = entries(BATCHES)
    pinned += [{"T": n, "padded": False, **way} for n in (0, 1, 2, 3, 8, 9, 17) for way in ways]
    pinned += [{"B": 1, "padded": False, **n} for n in each(37, "T", "I", "H")]
    pinned += WIDE
    return [{**one, **weak} for one in pinned]


def distances(operation: str) -> list[Fixed]:
    """Up to three hundred steps."""
    inputs = {"H": 2, "I": 2 * BLOCKS[operation], "B": 2, "scales": (0.5, 1.0)}
    steps = (20, 31, 32, 33, 40, 48, 50, 63, 64, 65, 100, 300)
    return [{**inputs, "T": n} for n in steps]


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


GATES = Sweeps(batches, batches, unequal, one_large=one_large)
RECURRENT = Sweeps(
    every_size, moderate_sizes, unequal, every_combination, every_combination, one_large
)
