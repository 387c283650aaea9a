"""What to pin for the encoder layer: sizes, heads, masks, the activation, the place of the norm."""

from itertools import product

from seqlaws.properties.sweeps.common import BATCHES, LENGTHS, WIDTHS, Fixed, Sweeps
from seqlaws.properties.sweeps.multi_head import HEADS, shapes_of_masks

KINDS: list[Fixed] = [
    {"activation": act, "norm_first": first, "mask": mask}
    for act, first, mask in product(
        ("relu", "gelu"), (False, True), (None, "boolean", "floating", "both")
    )
]


def every_size(operation: str) -> list[Fixed]:
    """Each letter at each size."""
    letters = {"T": LENGTHS[:-1], "B": BATCHES, "F": WIDTHS}
    pinned: list[Fixed] = [{letter: n} for letter, sizes in letters.items() for n in sizes]
    return pinned + widths(WIDTHS)


def widths(sizes: tuple[int, ...]) -> list[Fixed]:
    """Each width of a head, and each number of heads."""
    pinned: list[Fixed] = [{"D": d, "N": n} for d in sizes for n in (1, 2)]
    return pinned + [{"N": n, "D": 2} for n in HEADS]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients; matrices that make nothing larger."""
    letters = {"T": LENGTHS[:-6], "B": BATCHES, "F": WIDTHS[:-2]}
    pinned: list[Fixed] = [{letter: n} for letter, sizes in letters.items() for n in sizes]
    return [one | {"gains": (0.25, 0.5)} for one in pinned + widths(WIDTHS[:-3])]


def every_combination(operation: str) -> list[Fixed]:
    """Both activations, both places of the norm, every kind of mask; every shape of a mask."""
    sizes: list[Fixed] = [{"T": 5, "B": 2, "N": 3, "D": 2}, {"T": 2, "B": 2, "N": 2, "D": 3}]
    return [{"T": 7, "N": 2, "D": 3, **kind} for kind in KINDS] + shapes_of_masks(sizes)


def of_gradients(operation: str) -> list[Fixed]:
    """The same at one size."""
    return [{"T": 4, "N": 2, "D": 4, "gains": (0.25, 0.5), **kind} for kind in KINDS]


def unequal(operation: str) -> list[Fixed]:
    """One head and more."""
    return [
        {"B": 2, "T": 5, "N": 3, "D": 4, "F": 7},
        {"B": 3, "T": 4, "N": 2, "D": 5, "F": 6},
        {"B": 4, "T": 9, "N": 1, "D": 8, "F": 3},
    ]


def one_large(operation: str) -> list[Fixed]:
    """A long sequence in a large batch."""
    return [{"mask": None, "B": 9, "T": 130, "N": 3, "D": 8, "F": 65, "gains": (0.5,)}]


ENCODER = Sweeps(every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large)
