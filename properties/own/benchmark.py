"""How an own operation is timed: sizes of its letters, and arrays for them."""

import math
from collections.abc import Mapping
from typing import Any

from seqlaws.properties.inputs.benchmark import SIZES
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.own.cases import nearest
from seqlaws.properties.own.operation import Own

ENTRIES = (2**12, 2**17, 2**22)  # of all letters' sizes at most the product: small, middle, large
OTHERS = (8, 16, 32)  # of a letter that SIZES does not have


def own_sizes(operation: Own) -> dict[str, tuple[int, int, int]]:
    """Return the size of each letter when small, middle and large; R: of axes of any number.

    Those that the declaration gives; else those of SIZES, of which the largest are halved until the
    product of all is no larger than ENTRIES. Numbers that axes name have one value.
    """
    letters = [*(["R"] if operation.leading else []), *operation.letters]
    every = [sizes_at(operation, letters, k) for k in range(3)]
    sizes = {letter: (every[0][letter], every[1][letter], every[2][letter]) for letter in letters}
    return {**sizes, **{name: (n, n, n) for name, n in usual_numbers(operation).items()}}


def sizes_at(operation: Own, letters: list[str], k: int) -> dict[str, int]:
    """Return the sizes of letters when small (0), middle or large (2)."""
    given = operation.benchmark.sizes
    sizes = {letter: given.get(letter, SIZES.get(letter, OTHERS))[k] for letter in letters}
    free = [letter for letter in letters if letter not in given]
    while math.prod(sizes.values()) > ENTRIES[k] and any(sizes[letter] > 1 for letter in free):
        largest = max(free, key=lambda letter: sizes[letter])
        sizes[largest] = (sizes[largest] + 1) // 2
    return {letter: nearest(operation, letter, n) for letter, n in sizes.items()}


def usual_numbers(operation: Own) -> dict[str, int]:
    """Return the whole numbers that are options or arguments, as they are in a benchmark."""
    found = {}
    for name in operation.numbers:
        value = operation.options.get(name)
        if name not in operation.options:
            value = operation.kinds[name].worth_a_case(None)[0]
        if isinstance(value, int) and not isinstance(value, bool):
            found[name] = value
    return found


def made_of_own(operation: Own, dtype: str, sizes: Mapping[str, int]) -> Case:
    """Return the arrays and cotangents at these sizes; options are left out."""
    fixed: dict[str, Any] = {"dense": True, "regime": "ordinary", "scales": (1.0,)}
    fixed |= {"offsets": (0.0,), "leading": (sizes["R"],) if "R" in sizes else ()}
    fixed |= {letter: n for letter, n in sizes.items() if letter in operation.letters}
    for name, kind in operation.kinds.items():
        given = sizes[name] if name in sizes else kind.left_out(operation.options.get(name))
        fixed[kind.key(name)] = given
    case = build(by_seed(len(operation.name), 3), operation, dtype, **fixed)
    return case.without(*operation.options)
