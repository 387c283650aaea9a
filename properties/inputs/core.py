"""The core of an operation: calls that an implementation which offers it may not refuse.

Sizes from 1 on, finite numbers of ordinary magnitude, options left out or one of them given with a
usual value. The core is derived from axes and kinds of options; an operation adds which of its
sizes are equal there. Layouts are no matter of a case: strided and read-only arrays are beyond it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from seqlaws.properties.inputs.masks import attended
from seqlaws.properties.inputs.options import same

if TYPE_CHECKING:
    from seqlaws.properties.inputs.case import Case

ORDINARY = 1e4  # numbers up to it are of ordinary magnitude; float16 ends at 6.5e4
ATTENDING = {"mask", "memory_mask", "is_causal", "window"}  # options that may leave a query no key


def beyond_core(case: "Case") -> list[str]:
    """Say in short phrases what of a case is beyond the core; nothing of a case within it."""
    return [
        *empty(case),
        *unlike(case),
        *of_options(case),
        *of_numbers(case),
        *unattended(case),
        *scattered(case),
    ]


def empty(case: "Case") -> Iterator[str]:
    """Sizes 0: of a letter, of a number that every call gives, of an axis without a letter."""
    numbers = {n: case.options[n] for n in case.operation.arguments if n in case.options}
    sizes = {letter: n for letter, n in case.sizes().items() if not letter[0].isdigit()}
    yield from (f"{name} = 0" for name, n in (sizes | numbers).items() if n == 0)
    for name, array in case.arrays.items():
        if case.operation.axes(name)[0] == "..." and array.size == 0 and 0 not in sizes.values():
            yield f"an empty {name}"


def unlike(case: "Case") -> Iterator[str]:
    """Sizes that are equal in the core."""
    sizes = case.sizes()
    for letters, phrase in case.operation.core.items():
        one, other = letters.split()
        if sizes[one] != sizes[other]:
            yield phrase


def of_options(case: "Case") -> Iterator[str]:
    """Unusual values, and several options at once."""
    operation = case.operation
    given = {n: o for n, o in case.options.items() if operation.is_option(n)}
    given = {n: o for n, o in given.items() if not same(o, operation.options[n])}
    sizes = {"N": case.options.get("num_heads", 0), **case.sizes()}
    for name, value in given.items():
        yield from operation.kinds[name].beyond_core(name, value, sizes)
    if len(given) > 1:
        *names, last = given
        yield f"{', '.join(names)} and {last} together"


def of_numbers(case: "Case") -> Iterator[str]:
    """Numbers that are not finite or not of ordinary magnitude."""
    cotangents = {f"d{name}": array for name, array in case.cotangents.items()}
    for name, array in (dict(case.arrays) | cotangents).items():
        if np.isnan(array).any():
            yield f"NaN in {name}"
        if np.isinf(array).any():
            yield f"an infinity in {name}"
        if (np.isfinite(array) & (np.abs(array) > ORDINARY)).any():
            yield f"numbers above {ORDINARY:g} in {name}"


def unattended(case: "Case") -> Iterator[str]:
    """Queries that no key is left to."""
    if ATTENDING & case.operation.options.keys() and not attended(case).any(axis=-1).all():
        yield "a fully masked row"


def scattered(case: "Case") -> Iterator[str]:
    """Positions that do not count up from one of them, which is not negative."""
    for name, letter in case.operation.integers.items():
        positions = case.arrays[name]
        if not letter and not (np.all(np.diff(positions) == 1) and np.all(positions >= 0)):
            yield f"{name} that are not consecutive"
