"""Number systems on which the specification runs, and the bounds that they give.

`expected_and_allowed` runs an operation on rounding numbers. It returns the value of every output
entry and the error that an implementation with the declared arithmetic may have there.
"""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from seqlaws import reference
from seqlaws.reference.numbers import angles as angles  # registers its rules
from seqlaws.reference.numbers import elementwise as elementwise
from seqlaws.reference.numbers import functions as functions
from seqlaws.reference.numbers import moments as moments
from seqlaws.reference.numbers import moves as moves
from seqlaws.reference.numbers import places as places
from seqlaws.reference.numbers import products as products
from seqlaws.reference.numbers import reductions as reductions
from seqlaws.reference.numbers import reverse_rules as reverse_rules
from seqlaws.reference.numbers import truths as truths
from seqlaws.reference.numbers.arithmetic import Arithmetic
from seqlaws.reference.numbers.rounding import Rounding, exact, settled

__all__ = ["Arithmetic", "Expected", "Rounding", "expected_and_allowed", "flattened"]


class Expected(NamedTuple):
    """The value of each entry of one output, and its allowed error (inf: no bound)."""

    value: np.ndarray[Any, Any]
    allowed: np.ndarray[Any, Any]


def expected_and_allowed(
    operation: str, *arguments: Any, arithmetic: Arithmetic | str = "float32", **options: Any
) -> tuple[Expected, ...]:
    """Return the result of an operation, and the allowed error of each entry.

    operation: a name in `seqlaws.reference`, including the vjps. arguments, options: those of the
    operation; arrays hold numbers of the arithmetic's dtype, in any NumPy dtype. arithmetic: an
    `Arithmetic`, or the name of a dtype for its default arithmetic. Returns one `Expected` for each
    output. Raises ValueError for an unknown operation, and the operation's own exceptions.

    >>> x = np.array([0.0, 1.0, 2.0])
    >>> (p,) = expected_and_allowed("softmax", x, arithmetic="bfloat16")
    >>> p.value.round(3).tolist(), float(p.allowed.max()) < 0.01
    ([0.09, 0.245, 0.665], True)
    """
    function = reference.function_of(operation)
    a = arithmetic if isinstance(arithmetic, Arithmetic) else Arithmetic(arithmetic)
    if takes_no_arrays(function):  # it is float64
        a, options = Arithmetic("float64"), {"first": np.zeros(()), **options}
    with np.errstate(all="ignore"):  # NaN and infinities are handled by the rules
        return unpacked(
            function(
                *(lifted(x, a) for x in arguments),
                **{name: lifted(x, a) for name, x in options.items()},
            ),
            a,
        )


@cache
def takes_no_arrays(function: Callable[..., Any]) -> bool:
    """Return True for a function that takes an array to be like, "first", and no other."""
    return "first" in inspect.signature(function).parameters


def lifted(x: Any, arithmetic: Arithmetic) -> Any:
    """Return floating arrays, also in a dict, as exact rounding numbers; others unchanged."""
    if isinstance(x, dict):
        return {name: lifted(value, arithmetic) for name, value in x.items()}
    floating = isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.floating)
    return exact(x, arithmetic) if floating else x


def flattened(outputs: Any) -> list[Any]:
    """Return outputs as a list: one or several, and for a dict its entries."""
    flat: list[Any] = []
    for one in outputs if isinstance(outputs, tuple) else (outputs,):
        flat += one.values() if isinstance(one, dict) else [one]
    return flat


def unpacked(outputs: Any, arithmetic: Arithmetic) -> tuple[Expected, ...]:
    """Return the value and the bound of each output."""
    flat = flattened(outputs)
    numbers = [settled(number(x, arithmetic)) for x in flat]
    return tuple(Expected(x.value, x.error) for x in numbers)


def number(x: Any, arithmetic: Arithmetic) -> Rounding:
    """An output as a rounding number: booleans and places, too."""
    if hasattr(x, "as_number"):
        return x.as_number(arithmetic)
    return x if isinstance(x, Rounding) else exact(x, arithmetic)
