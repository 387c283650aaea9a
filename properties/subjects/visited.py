"""Largest sizes that an implementation was asked for: of each letter, and in a few regimes."""

from collections.abc import Iterable, Mapping
from math import gcd

from seqlaws.properties.inputs.case import Case

ONE_QUERY, DIVISOR, NUMBERS = "keys of one query", "divisor of all sizes", "numbers in an array"
REGIMES = {
    ONE_QUERY: "one query over {:,} keys",
    DIVISOR: "all sizes divisible by {}",
    NUMBERS: "{:,} numbers in an array",
}
LEADING = "..."  # the longest of any number of axes
WHOLE_TILE = 16  # a common divisor below it is no kernel's tile


def visit(visited: dict[str, int], case: Case) -> None:
    """Raise the largest sizes to those of a case."""
    sizes = sizes_of(case)
    found = {**sizes, NUMBERS: max((a.size for a in case.arrays.values()), default=0)}
    if sizes.get("L") == 1 and "S" in sizes:
        found[ONE_QUERY] = sizes["S"]
    several = [n for n in sizes.values() if n > 1]
    found[DIVISOR] = gcd(*several) if len(several) > 1 else 0
    for name, size in found.items():
        if size > visited.get(name, -1):
            visited[name] = size


def sizes_of(case: Case) -> dict[str, int]:
    """Return the sizes of a case: letters, leading axes, and numbers such as steps."""
    operation, sizes = case.operation, dict(case.sizes())
    for name, array in case.arrays.items():
        axes = operation.axes(name)
        if axes[0] == LEADING:
            leading = array.shape[: array.ndim + 1 - len(axes)]
            sizes[LEADING] = max(sizes.get(LEADING, 0), *leading, 0)
    given = case.options.items()
    return sizes | {n: o for n, o in given if type(o) is int and not operation.is_option(n)}


def merged(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the largest of each."""
    found: dict[str, int] = {}
    for one in several:
        for name, size in one.items():
            found[name] = max(size, found.get(name, 0))
    return found


def told(visited: Mapping[str, int]) -> str:
    """Return the sizes in a line, the regimes behind them."""
    letters = [f"{n} {size:,}" for n, size in visited.items() if n not in REGIMES]
    least = {DIVISOR: WHOLE_TILE, ONE_QUERY: 1, NUMBERS: 1}
    regimes = [
        text.format(visited[n]) for n, text in REGIMES.items() if visited.get(n, 0) >= least[n]
    ]
    return "; ".join(([", ".join(letters)] if letters else []) + regimes)
