"""Functions of NumPy that only put entries in other places, for every number system.

Where each entry of the result comes from is found by moving the numbers of the places themselves.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from seqlaws.reference.numbers.composed import COMPOSED
from seqlaws.reference.numbers.entries import Array
from seqlaws.reference.numbers.rounding import FUNCTIONS, Chain, Rounding

MOVES = (
    "transpose",
    "expand_dims",
    "squeeze",
    "broadcast_to",
    "ravel",
    "flip",
    "flipud",
    "fliplr",
    "roll",
    "rot90",
    "take",
    "take_along_axis",
    "diagonal",
    "diag",
    "tril",
    "triu",
    "pad",
    "tile",
    "delete",
    "atleast_1d",
    "atleast_2d",
    "copy",
    "rollaxis",
    "compress",
    "sliding_window_view",
)


def sources(shape: tuple[int, ...], move: Callable[[Array], Array]) -> Array:
    """Return for each entry of the result its place in the argument, from 1 on; 0 if it is new."""
    size = int(np.prod(shape))
    found: Array = move(np.arange(1, size + 1).reshape(shape))
    return np.where(np.asarray(found) > size, 0, found)


def moving(name: str) -> Callable[..., Rounding]:
    """The rule of a function that moves entries and may add constants."""

    def rule(x: Any, *given: Any, **named: Any) -> Rounding:
        function, chain = FUNCTION[name], x.chain

        def move(z: Array) -> Array:
            return function(z, *given, **named)

        value = np.asarray(move(x.value))
        places = sources(x.shape, lambda z: move(z.astype(float))).astype(np.int64)

        def placed(z: Array) -> Array:
            found: Array = np.append(0.0, np.broadcast_to(z, x.shape))[places]
            return found

        if chain is not None:
            new = np.where(places == 0, np.abs(value), 0.0)
            chain = Chain(placed(chain.magnitude) + new, chain.terms, chain.roundings)
        grid = x.grid if places.all() else 0.0
        y = Rounding(value, placed(x.error), x.arithmetic, grid, chain)
        y.positive = x.positive
        if x.spared is not None:
            y.spared = placed(x.spared)
        return y

    return rule


def functions_of(names: tuple[str, ...]) -> dict[str, Any]:
    """Return the functions of NumPy of some names."""
    found = {n: getattr(np, n) for n in names if hasattr(np, n)}
    return found | {"sliding_window_view": np.lib.stride_tricks.sliding_window_view}


FUNCTION = functions_of(MOVES)
FUNCTIONS |= {name: moving(name) for name in FUNCTION}
FUNCTIONS |= {name: rule for name, rule in COMPOSED.items() if name != "stack"}
FUNCTIONS |= {
    "shape": lambda x: x.shape,
    "ndim": lambda x: len(x.shape),
    "size": lambda x: int(np.prod(x.shape)),
    "zeros_like": lambda x, **_: np.zeros(x.shape),
    "ones_like": lambda x, **_: np.ones(x.shape),
    "full_like": lambda x, value, **_: np.full(x.shape, value),
    "empty_like": lambda x, **_: np.zeros(x.shape),
}
