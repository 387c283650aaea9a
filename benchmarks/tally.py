"""Arithmetic counted where it is done: the specification, run on arrays that count."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from benchmarks.work import Work
from seqlaws.properties.operations import OPERATIONS


class Tally(np.ndarray[Any, Any]):
    """An array that counts the entries of each sum, product, quotient and function it goes into.

    And, apart from them, the multiplications and additions of matrix products.
    """

    counted = products = 0
    free = (np.matmul, np.positive, np.negative)  # a sign is counted nowhere

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Tally) else x for x in inputs]
        if method == "at":  # what is added at places
            Tally.counted += plain[-1].size
            return getattr(ufunc, method)(*plain)
        result = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.matmul:
            Tally.products += 2 * result.size * plain[0].shape[-1]
        if ufunc not in self.free and result.dtype.kind == "f":
            Tally.counted += result.size if method == "__call__" else plain[0].size
        return np.asarray(result).view(Tally)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        result = super().__array_function__(function, types, args, options)
        return result.view(Tally) if isinstance(result, np.ndarray) else result


def tally(call: Callable[[], Any]) -> tuple[int, int]:
    """What a call does: operations of matrix products, and the rest."""
    Tally.counted = Tally.products = 0
    call()
    return Tally.products, Tally.counted


@lru_cache(maxsize=2)
def of_specification(work: Work) -> tuple[int, int]:
    """What the specification does; a formula that it tries in two forms counts twice."""
    known, given = OPERATIONS[work.operation], counting(work)
    first = {} if known.arrays else {"first": np.zeros(()).view(Tally)}
    if not work.backward:
        return tally(lambda: known.spec(*given, **first))
    cotangents = [c.view(Tally) for c in work.case().cotangents.values()]
    assert known.vjp is not None
    return tally(lambda: known.vjp(*cotangents, *given))  # type: ignore[misc]


def counting(work: Work) -> list[Any]:
    """The arguments of the work's call, in arrays that count."""
    case = work.case()
    arrays = {name: array.view(Tally) for name, array in case.arrays.items()}
    return OPERATIONS[work.operation].arranged(arrays, case.options)[0]
