"""What to pin for layer_norm: features, positions, ranks, eps, offsets."""

from itertools import product

from seqlaws.properties.sweeps.common import FEATURES, LENGTHS, LONG, MODELS, Fixed, Sweeps, each

USUAL: Fixed = {"rank": 2, "scale": 1.0, "offset": 0.0, "constant": (0.0,)}


def every_size(operation: str) -> list[Fixed]:
    """Each number of features and of positions up to 131; some beyond."""
    pinned = [{**n, **USUAL} for n in each(131, "E", "rows")]
    pinned += [{"rank": 2, "rows": n} for n in (0, LENGTHS[-1])]
    pinned += [{"rank": 2, "rows": 2, "E": n} for n in MODELS]
    return pinned + [{"E": n} for n in (0, *FEATURES, 255, 257, *LONG)]


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients: up to 67."""
    pinned = [{**n, **USUAL} for n in each(67, "E", "rows")]
    pinned += [{"rank": 2, "rows": n} for n in (0, *LENGTHS[-4:])]
    return pinned + [{"E": n} for n in (0, *FEATURES, 257)]


def every_combination(operation: str) -> list[Fixed]:
    """Every rank with every eps, offset, and share of constant positions."""
    ranks, eps = (1, 2, 3, 4), (1e-5, 1e-3, 1e-12)
    offsets, constant = (0.0, 1000.0), ((0.0,), (1.0,))
    return [
        {"rank": rank, "eps": e, "offset": o, "constant": c, "scale": 1.0}
        for rank, e, o, c in product(ranks, eps, offsets, constant)
    ]


def unequal(operation: str) -> list[Fixed]:
    """Four shapes."""
    return [{"rank": 3, "E": 5}, {"rank": 2, "E": 7, "rows": 4}, {"rank": 4, "E": 3}, {"E": 33}]


def one_large(operation: str) -> list[Fixed]:
    """A million numbers."""
    return [{"rank": 2, "rows": 1030, "E": 1025}]


LAYER_NORM = Sweeps(
    every_size, moderate_sizes, unequal, every_combination, every_combination, one_large
)
