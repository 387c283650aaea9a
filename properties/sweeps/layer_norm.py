"""What to pin for layer_norm: features, positions, ranks, eps, offsets."""

from itertools import product

from seqlaws.properties.sweeps.common import FEATURES, LENGTHS, LONG, MODELS, Fixed, Sweeps


def every_size(operation: str) -> list[Fixed]:
    """Numbers of features, and of positions."""
    rows: list[Fixed] = [{"rank": 2, "rows": n} for n in LENGTHS]
    wide: list[Fixed] = [{"rank": 2, "rows": 2, "E": n} for n in MODELS]
    return [{"E": n} for n in (*LENGTHS, *range(4, 15), 100, 255, *LONG)] + wide + rows


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients."""
    rows: list[Fixed] = [{"rank": 2, "rows": n} for n in LENGTHS]
    return [{"E": n} for n in (0, *FEATURES, 257)] + rows


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
