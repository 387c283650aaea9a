"""Arithmetic counted where it is done: the specification, run on numbers that count."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from benchmarks.work import Work
from seqlaws import reference
from seqlaws.properties.operations import OPERATIONS
from seqlaws.reference.numbers.counting import Counting, counted


def tally(call: Callable[[], Any]) -> tuple[int, int]:
    """What a call does: operations of matrix products, and the rest."""
    with np.errstate(all="ignore"), counted() as count:
        call()
    return count.products, count.entrywise


@lru_cache(maxsize=2)
def of_specification(work: Work) -> tuple[int, int]:
    """What the specification does; a formula that it tries in two forms counts twice."""
    known, given = OPERATIONS[work.operation], counting(work)
    first = {} if known.arrays else {"first": Counting(0.0)}
    if not work.backward:
        return tally(lambda: function_of(known.name)(*given, **first))
    cotangents = [Counting(c) for c in work.case().cotangents.values()]
    return tally(lambda: function_of(f"{known.name}_vjp")(*cotangents, *given))


def function_of(name: str) -> Callable[..., Any]:
    """The specification of an operation or a vjp; of one that the contract lacks, its own."""
    known = OPERATIONS.get(name)
    return known.spec if known and not known.own else reference.function_of(name)


def counting(work: Work) -> list[Any]:
    """The arguments of the work's call, of numbers that count; what is an index stays one."""
    case, known = work.case(), OPERATIONS[work.operation]
    positions = () if known.own else [n for n, bound in known.integers.items() if not bound]
    arrays = {
        n: Counting(a) if a.dtype.kind == "f" or n in positions else a
        for n, a in case.arrays.items()
    }
    return known.arranged(arrays, case.options)[0]
