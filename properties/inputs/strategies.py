"""Cases of any operation, drawn by Hypothesis or from a seed.

`fixed` pins a size by its letter or an option by its name, for the laws that are about one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import harmful, plain_case, rounded_numbers
from seqlaws.properties.inputs.numbers import Draw, by_hypothesis
from seqlaws.properties.inputs.operation import Operation

CaseStrategy = Callable[..., st.SearchStrategy[Case]]


def build(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """A case of an operation, from drawn numbers."""
    made: Case = (operation.case or plain_case)(draw, operation, dtype, **fixed)
    return made


def cases(operation: Operation, dtype: str, **fixed: Any) -> st.SearchStrategy[Case]:
    """Cases of an operation, drawn by Hypothesis."""
    return composed(operation, dtype, fixed)


@st.composite
def composed(draw: Any, operation: Operation, dtype: str, fixed: Mapping[str, Any]) -> Case:
    """The strategy behind `cases`."""
    return build(by_hypothesis(draw), operation, dtype, **fixed)


def drawn(**fixed: Any) -> CaseStrategy:
    """`cases` with something pinned, for a law to name."""
    return lambda operation, dtype, **more: cases(operation, dtype, **fixed, **more)


def poisoned(case: Case) -> Case:
    """The case with its poison where nobody looks."""
    poison, features = case.poison
    if not poison or case.operation.poisoned is None:
        return case
    spoilt: Case = case.operation.poisoned(
        replace(case, poison=(harmful(poison, case.dtype), features))
    )
    return spoilt


def another(case: Case, stream: int = 0) -> Case:
    """Return a case with the same shapes and options and other numbers."""
    random, other = case.random(stream), case.operation.other or rounded_numbers
    return case.having(**{name: other(case, name, random) for name in case.arrays})


def zeroed(case: Case, *names: str) -> Case:
    """The case with these arrays at zero."""
    return case.having(**{name: np.zeros_like(case.arrays[name]) for name in names})


def several(names: Iterable[str], case: Case, most: int = 8) -> list[str]:
    """The names, or so many of them by the case's own lot: all that a layer has would take long."""
    found = list(names)
    if len(found) <= most:
        return found
    return [found[i] for i in sorted(case.random(6).permutation(len(found))[:most])]
