"""What to pin for greedy decoding: the tokens that there are and that are made, sizes, layers."""

from seqlaws.properties.sweeps.common import Fixed, Sweeps


def every_size(operation: str) -> list[Fixed]:
    """Each letter at each size."""
    letters = {
        "steps": (0, 1, 2, 3, 8, 9, 16, 17, 33),
        "V": (1, 2, 3, 8, 9, 17, 33, 65, 300),
        "S": (0, 1, 2, 8, 9, 17, 33),
        "N": (1, 2, 3, 4),
        "D": (1, 2, 3, 8, 9, 16),
        "F": (1, 8, 17),
        "layers": (1, 2, 3, 4),
        "B": (0, 1, 2, 3, 5, 9),
    }
    return [{letter: n} for letter, sizes in letters.items() for n in sizes] + long_texts()


def long_texts() -> list[Fixed]:
    """Many choices among many tokens: some of them near, so that a small error is seen."""
    many: Fixed = {"V": 65, "steps": 33, "B": 9, "N": 2, "D": 4, "F": 8, "S": 5}
    return [{**many, "layers": n} for n in (1, 2, 2, 2)]


def unequal(operation: str) -> list[Fixed]:
    """Two sets of sizes."""
    return [
        {"B": 2, "S": 5, "N": 2, "D": 3, "F": 4, "V": 7, "steps": 4, "layers": 1},
        {"B": 3, "S": 4, "N": 3, "D": 2, "F": 5, "V": 9, "steps": 6, "layers": 1},
    ]


def one_large(operation: str) -> list[Fixed]:
    """Many rows, and more tokens."""
    return [{"B": 64, "S": 33, "N": 4, "D": 8, "F": 65, "V": 129, "steps": 20, "layers": 2}]


GENERATE = Sweeps(every_size, every_size, unequal, one_large=one_large)
