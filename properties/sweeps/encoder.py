"""What to pin for the encoder layer: sizes, heads, masks, the activation, the place of the norm."""

from itertools import product

from seqlaws.properties.sweeps.common import (
    LENGTHS,
    PLAIN,
    Fixed,
    Sweeps,
    beside,
    each,
    heads,
)
from seqlaws.properties.sweeps.multi_head import few, shapes_of_masks

KINDS: list[Fixed] = [
    {"activation": act, "norm_first": first, "mask": mask}
    for act, first, mask in product(
        ("relu", "gelu"), (False, True), (None, "boolean", "floating", "both")
    )
]

STACKED: tuple[Fixed, ...] = (
    {"activation": "relu", "norm_first": False},
    {"activation": "gelu", "norm_first": True},
)


def every_size(operation: str) -> list[Fixed]:
    """Each length, width of a head and number of hidden units up to 67; heads up to 17.

    Matrices that make everything smaller, or the bound of wide ones says little; once each with
    both activations, for relu hides a hidden unit.
    """
    letters = {"T": (0, *LENGTHS[-7:-1]), "F": (129,), "D": (65,)}
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "gains": (0.25,)}
    sizes = beside(each(67, "T", "F"), heads(67, 17, 48))
    pinned = [{**bare, **n, **kind} for kind in STACKED for n in sizes]
    pinned += [few(n) for n in range(38)]
    return pinned + [{letter: n} for letter, some in letters.items() for n in some]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients: up to 37; matrices that make nothing larger."""
    bare: Fixed = {**PLAIN, "B": 1, "mask": None, "activation": "gelu", "gains": (0.25,)}
    pinned = [{**bare, **n} for n in beside(each(37, "T", "F"), heads(37, 9, 37))]
    pinned += [{"gains": (0.25, 0.5), "T": n} for n in (0, *LENGTHS[-9:-7])]
    return pinned + [few(n) | {"gains": (0.25,)} for n in range(20)]


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
    """A long sequence in a large batch; as many features as models have."""
    long: Fixed = {"B": 9, "T": 130, "N": 3, "D": 8, "F": 65}
    wide: Fixed = {"B": 2, "T": 5, "N": 8, "D": 40, "F": 600}
    return [{"mask": None, "gains": (0.5,), **n} for n in (long, wide)]


ENCODER = Sweeps(every_size, moderate_sizes, unequal, every_combination, of_gradients, one_large)
