"""The core of an operation: what an implementation that offers it may not refuse.

The contract's page says: every size from 1 on, finite values of ordinary magnitude, options left
out or each given alone with a usual value. What a case has beyond that is said here in words; an
exception on such a case is a limit of what an implementation supports, not a failure.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.masks import attended
from seqlaws.properties.inputs.numbers import Array

ORDINARY = 1000.0  # the largest magnitude that every implementation has to take


def beyond_core(case: Case) -> list[str]:
    """What of a case lies beyond its operation's core, in words; empty for a case of the core."""
    return list(dict.fromkeys([*of_sizes(case), *of_values(case), *of_options(case)]))


def of_sizes(case: Case) -> Iterator[str]:
    """Sizes of 0, and sizes of attention that are unequal."""
    sizes = case.sizes()
    sizes |= {
        n: o for n, o in case.options.items() if type(o) is int and n in case.operation.arguments
    }
    yield from (f"{letter} = 0" for letter, size in sizes.items() if size == 0)
    if any(0 in array.shape for array in case.arrays.values()) and 0 not in sizes.values():
        yield "empty arrays"
    if sizes.get("M", 0) < sizes.get("N", 0) and "M" in sizes:
        yield "fewer key heads than query heads"
    if "Dv" in sizes and sizes["Dv"] != sizes.get("D"):
        yield "values of another width than keys"
    if "Dv" in sizes and sizes["L"] != sizes["S"]:
        yield "another number of keys than of queries"


def of_values(case: Case) -> Iterator[str]:
    """Numbers that are not finite, or very large; positions that are not consecutive."""
    for array in (*case.arrays.values(), *case.cotangents.values()):
        if array.dtype.kind == "f" and array.size:
            if not np.isfinite(array).all():
                yield "values that are not finite"
            elif np.abs(array).max() > ORDINARY:
                yield f"values beyond {ORDINARY:g}"
    for name, letter in case.operation.integers.items():
        if not letter and not consecutive(case.arrays[name]):
            yield f"{name} that are not consecutive"


def consecutive(positions: Array) -> bool:
    """Whether positions count up by one from 0 or more."""
    return bool(np.all(np.diff(positions) == 1) and np.all(positions >= 0))


def of_options(case: Case) -> Iterator[str]:
    """Options in combination, and values of one that are not the usual."""
    defaults = case.operation.options
    given = {n: o for n, o in case.options.items() if n in defaults and not is_same(o, defaults[n])}
    for name, option in given.items():
        yield from of_one(case, name, option)
    if len(given) > 1:
        yield f"options in combination ({', '.join(sorted(given))})"
    if given.keys() & {"mask", "memory_mask", "is_causal", "window", "query_offset"}:
        seen = attended(case)
        if seen.size and not np.any(seen, axis=-1).all():
            yield "a query that may attend to nothing"


def of_one(case: Case, name: str, option: Any) -> Iterator[str]:
    """One option."""
    if name == "lengths":
        if not np.all(np.asarray(option) > 0):
            yield "a length of 0"
    elif isinstance(option, np.ndarray):
        sizes: Mapping[str, int] = case.sizes()
        queries, keys = (next(sizes[a] for a in letters if a in sizes) for letters in ("LT", "ST"))
        if option.dtype != bool:
            yield f"a floating {name}"
        if option.shape not in ((queries, keys), (sizes["B"], 1, queries, keys)):
            yield f"a {name} of another shape than (L, S) or (B, 1, L, S)"
    elif name in ("scale", "softcap") and not option > 0:
        yield f"{name} = {option:g}"


def is_same(a: Any, b: Any) -> bool:
    """Whether an option has its default value (1 is not True here)."""
    return type(a) is type(b) and not isinstance(a, np.ndarray) and bool(a == b)
