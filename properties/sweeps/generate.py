"""What to pin for greedy decoding: the tokens that there are and that are made, sizes, layers."""

from seqlaws.properties.sweeps.common import PLAIN, Fixed, Sweeps, each, heads


def every_size(operation: str) -> list[Fixed]:
    """Each length of a text and of its source, vocabulary and width up to 37; heads up to 9.

    Many rows of few features: only some tokens are so near to others that a small error is seen.
    """
    letters = {"steps": (0, 1), "V": (1, 65), "S": (0, 65), "layers": (1, 2, 3, 4)}
    bare: Fixed = {**PLAIN, "B": 48, "steps": 9, "layers": 1}
    loud: Fixed = {**bare, "gains": (1.0,), "D": 2}
    wide: Fixed = {**bare, "gains": (0.5,), "B": 96, "S": 1, "V": 65, "F": 2}
    pinned = [{**loud, "B": 24, "N": 3, **n} for n in each(37, "steps", "S", "V", "F")]
    pinned += [{**loud, "N": 2, **n} for n in each(37, "S", "V", "F")]
    pinned += [{**wide, **n} for n in heads(37, 9, 32)]
    pinned += [{**loud, "N": 3, "S": 2, "V": 33, "F": 5, "B": n} for n in range(18)]
    pinned += [{**loud, "N": 3, "S": 2, "V": 300, "F": 5, "B": 24}]
    return pinned + [{letter: n} for letter, some in letters.items() for n in some] + long_texts()


def long_texts() -> list[Fixed]:
    """Many choices among many tokens: some of them near, so that a small error is seen."""
    many: Fixed = {"gains": (0.5,), "V": 65, "steps": 33, "B": 9, "N": 2, "D": 4, "F": 8, "S": 5}
    return [{**many, "layers": n} for n in (1, 2, 2, 2)]


def unequal(operation: str) -> list[Fixed]:
    """Two sets of sizes."""
    return [
        {"B": 2, "S": 5, "N": 2, "D": 3, "F": 4, "V": 7, "steps": 4, "layers": 1},
        {"B": 3, "S": 4, "N": 3, "D": 2, "F": 5, "V": 9, "steps": 6, "layers": 1},
    ]


def one_large(operation: str) -> list[Fixed]:
    """Many rows, and more tokens."""
    return [{"B": 67, "S": 70, "N": 4, "D": 8, "F": 65, "V": 300, "steps": 20, "layers": 2}]


GENERATE = Sweeps(every_size, every_size, unequal, one_large=one_large)
