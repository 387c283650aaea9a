"""Cases of any operation, drawn by Hypothesis or from a seed.

`fixed` pins a size by its letter or an option by its name, for the laws that are about one.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.drawing import harmful, plain_case, rounded_numbers
from seqlaws.properties.inputs.numbers import Draw, by_hypothesis
from seqlaws.properties.inputs.operation import Operation

Build = Callable[..., Case]  # from (draw, operation, dtype, **fixed)


def build(draw: Draw, operation: Operation, dtype: str, **fixed: Any) -> Case:
    """A case of an operation, from drawn numbers."""
    made: Case = (operation.case or plain_case)(draw, operation, dtype, **fixed)
    return made


def cases(operation: Operation, dtype: str, **fixed: Any) -> st.SearchStrategy[Case]:
    """Cases of an operation, drawn by Hypothesis."""
    return strategy(lambda draw: build(draw, operation, dtype, **fixed))


@st.composite
def strategy(draw: Any, made: Callable[[Draw], Case]) -> Case:
    """Cases that are made of numbers drawn by Hypothesis."""
    return made(by_hypothesis(draw))


def drawn(**fixed: Any) -> Build:
    """`build` with something pinned, for a law to name."""
    return partial(build, **fixed)


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
