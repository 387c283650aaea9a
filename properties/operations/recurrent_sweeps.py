"""Sweeps of the recurrences and of one step's gates: sizes, directions, lengths, own options."""

from collections.abc import Iterable
from itertools import product

from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.inputs.options import Choice
from seqlaws.properties.inputs.sizes import (
    BATCHES,
    FEATURES,
    LENGTHS,
    PLAIN,
    WIDTHS,
    Fixed,
    each,
    many_programs,
    pairs_of,
    products,
    whole,
    widths,
)

NONLINEARITY = Choice(("tanh", "relu", "sigmoid"))
SHORT: Fixed = {"B": 1, "I": 1, "H": 1, "padded": False, "scales": (1.0,), "nonlinearity": "tanh"}
QUIET: Fixed = {"scales": (0.05,)}  # of a thousand weights, or gates are shut; of as many steps
INPUTS = (257, 513, 1025)  # beyond FEATURES; of so many units the weights are still cheap


def wide(*, steps: bool) -> list[Fixed]:
    """Each letter at the widths, one direction, others small; fewer units; a product of two."""
    few = SHORT | {"T": 1 + steps}
    pinned = widths(few, "I", sizes=(*INPUTS, *WIDTHS)) + widths(few, "B")
    pinned += steps * [PLAIN | few | {"B": WIDTHS[-1], "T": 5, "padded": "alike", "reverse": True}]
    return pinned + widths(few | QUIET, "H", sizes=INPUTS[::2]) + products(few, "B I")


STEPS = (72, 80, 96, 100, 112, 120, *LENGTHS[-4:])  # beyond 67
WIDE: list[Fixed] = [PLAIN | {letter: n, "T": 2} for letter in "IH" for n in FEATURES[-4:]]

KINDS: dict[str, list[Fixed]] = {  # by the recurrences' own option
    "rnn": [{"nonlinearity": name} for name in NONLINEARITY.names],
    "gru": [{"reset_after": after} for after in (True, False)],
    "lstm": [{}],
}


def batches(operation: Operation) -> list[Fixed]:
    """Batches, and each feature size up to 67; some beyond."""
    return [*entries((*BATCHES, 64, 65, 129)), *each(67, "I", "H"), *WIDE, *wide(steps=False)]


def entries(numbers: Iterable[int]) -> list[Fixed]:
    """Each number of entries in a batch, of a few steps."""
    return [PLAIN | {"B": n, "T": 3} for n in numbers]


def every_size(operation: Operation) -> list[Fixed]:
    """Each length up to 67 both ways, and each feature size; lengths beside bare flags."""
    short = product((0, 1, 2, 3, 8, 17), (False, True), (False, True))
    pinned: list[Fixed] = [{"T": n, "reverse": way, "padded": rows} for n, way, rows in short]
    pinned += entries((*BATCHES, 64, 65, 129)) + [{"T": n} for n in STEPS] + WIDE[-2:]
    for reverse in (False, True):
        ways: Fixed = {"B": 1, "reverse": reverse, **({} if reverse else {"padded": False})}
        pinned += [{**ways, **n} for n in each(67, "T", "I", "H")]
    most = INPUTS[-1:] if "c0" in operation.arrays else WIDTHS[:1]  # c is carried from step to step
    late: Fixed = {"B": 2, "I": 2, "H": 3, "T": 300, "scales": (1.0,)}
    pinned += [late | {"padded": rows} for rows in (True, "alike")]
    return pinned + wide(steps=True) + widths(SHORT, "T", sizes=most)


def moderate_sizes(operation: Operation) -> list[Fixed]:
    """Up to 37 steps: past them a whole gradient's bound says nothing; with small weights more."""
    ways: list[Fixed] = [{"padded": True}, {"reverse": False}, {"reverse": True}]
    pinned = entries(BATCHES)
    pinned += [{"T": n, "padded": False, **way} for n in (0, 1, 2, 3, 8, 9, 17) for way in ways]
    pinned += [{"B": 1, "padded": False, **n} for n in each(37, "T", "I", "H")]
    pinned += WIDE + wide(steps=True)
    usual: Fixed = {"scales": (0.5, 1.0)}
    moderate = [one if QUIET.items() <= one.items() else one | usual for one in pinned]
    return moderate + widths(SHORT | QUIET, "T", sizes=INPUTS[-1:])


def distances(operation: Operation) -> list[Fixed]:
    """Up to three hundred steps."""
    inputs = {"H": 2, "I": 2 * operation.blocks, "B": 2, "scales": (0.5, 1.0)}
    steps = (20, 31, 32, 33, 40, 48, 50, 63, 64, 65, 100, 300)
    return [{**inputs, "T": n} for n in steps]


def every_combination(operation: Operation) -> list[Fixed]:
    """Both directions, with lengths and without, at three sizes; each option at large ones."""
    kinds = KINDS[operation.name]
    return at_three_sizes(kinds) + [kind | one for kind in kinds for one in far(515)]


def of_gradients(operation: Operation) -> list[Fixed]:
    """The same, but each large size with one kind, and of fewer steps: each is a step back."""
    kinds = KINDS[operation.name]
    large = [kinds[k % len(kinds)] | one for k, one in enumerate(far(260))]
    return at_three_sizes(kinds) + large


def at_three_sizes(kinds: list[Fixed]) -> list[Fixed]:
    """Both directions, with lengths and without, of each kind."""
    sizes: list[Fixed] = [{"B": b, "T": t} for b, t in ((1, 4), (3, 5), (2, 34))]
    rows: list[Fixed] = [{"padded": False}, {"padded": True}, {"padded": "alike"}]
    ways: list[Fixed] = [{"reverse": False}, {"reverse": True}]
    return [a | b | c | d for a, b, c, d in product(sizes, rows, ways, kinds)]


def far(steps: int) -> list[Fixed]:
    """Pin so many steps, many entries, many inputs; rows of unlike lengths, both ways.

    Then sizes that tiles divide.
    """
    few: Fixed = {"B": 3, "T": 3, "I": 2, "H": 3, "padded": False, "scales": (0.1,)}
    ends: list[Fixed] = [{"T": steps}, {"B": WIDTHS[0]}]
    pinned = [n | {"padded": True, "reverse": way} for n in ends for way in (False, True)]
    pinned += [{"T": steps, "reverse": True}, {"B": WIDTHS[0]}, {"I": WIDTHS[0]}]
    return [PLAIN | few | one for one in pinned] + whole(few, "T", "I", "H")


def unequal(operation: Operation) -> list[Fixed]:
    """Four sets of sizes."""
    few: list[Fixed] = [{"B": 3, "T": 4, "I": 5, "H": 2}, {"B": 4, "T": 2, "I": 3, "H": 5}]
    return [*few, {"B": 5, "T": 3, "I": 2, "H": 4}, {"B": 3, "T": 18, "I": 17, "H": 8}]


def one_large(operation: Operation) -> list[Fixed]:
    """A large batch of wide rows."""
    return [{"B": 130, "T": 17, "I": 129, "H": 65, "padded": False, "scales": (0.5,)}]


def large_products(operation: Operation) -> list[Fixed]:
    """Each pair of letters; that of steps and units with small weights; many rows."""
    pinned = pairs_of(SHORT | {"T": 2}, *operation.letters, T=33, H=33)
    pinned.append(many_programs(SHORT | {"T": 1}, "B"))
    return pinned + operation.recurrent * [PLAIN | SHORT | {"T": 517, "H": 129, "scales": (0.1,)}]
