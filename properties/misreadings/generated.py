"""Misreadings of the specification that are made from its own source.

They are tried where no hand-written one explains an answer.
"""

import ast
from collections.abc import Iterator
from functools import cache
from types import FunctionType

from seqlaws.properties.misreadings.edits import (
    HOME,
    USES,
    Edit,
    Misreading,
    module_of,
    source,
    statements,
)
from seqlaws.properties.misreadings.syntax import names_in
from seqlaws.properties.misreadings.variants import variants

CHECKS = ("described", "sizes", "axis_of", "known", "head_size", "bind")  # no mathematics


@cache
def generated(operation: str, *, differentiable: bool) -> tuple[Misreading, ...]:
    """Every misreading that one change in a function of an operation, or of its vjp, makes."""
    forward = [*reached(HOME[operation], operation)]
    written = differentiable and f"{operation}_vjp" in statements(HOME[operation])
    back = [*reached(HOME[operation], f"{operation}_vjp")] if written else []
    found = [one for place in forward for one in made(operation, *place, gradients=False)]
    rest = [place for place in back if place not in forward]
    return (*found, *(one for place in rest for one in made(operation, *place, gradients=True)))


def made(operation: str, module: str, statement: str, *, gradients: bool) -> Iterator[Misreading]:
    """The misreadings that one statement of the specification makes.

    A table of functions that names it is made anew from the changed one.
    """
    tables = tuple(Edit(module, t, text, text) for t, text in tables_of(module, statement))
    for name, old, new in variants(source(module, statement)):
        edit = Edit(module, statement, old, new)
        yield Misreading(name, (operation,), (edit, *tables), gradients)


def reached(module: str, function: str) -> Iterator[tuple[str, str]]:
    """The functions that one calls, itself first: module and name, the nearest first.

    Of a function that is no vjp: none that is.
    """
    back = function.endswith("_vjp")
    waiting, seen = [(module, function)], {(module, function)}
    while waiting:
        module, name = waiting.pop(0)
        yield module, name
        read = names_of(source(module, name))
        for table in read & {t for t in statements(module) if t.isupper()}:
            read |= names_of(source(module, table))
        for other in sorted(read - {*CHECKS}):
            place = home_of(module, other)
            if place and place not in seen and (back or not other.endswith("_vjp")):
                seen.add(place)
                waiting.append(place)


def names_of(text: str) -> set[str]:
    """The names that a statement reads."""
    return names_in(ast.parse(text))


def tables_of(module: str, function: str) -> Iterator[tuple[str, str]]:
    """The constants of a module that hold one of its functions, with their source."""
    for name, text in statements(module).items():
        if name.isupper() and function in names_of(text):
            yield name, text


def home_of(module: str, name: str) -> tuple[str, str] | None:
    """Where a function that a module calls is defined; None if it may not be edited."""
    found = vars(module_of(module)).get(name)
    for other in (module, *USES[module]):
        own = name in statements(other) and vars(module_of(other)).get(name) is found
        if own and isinstance(found, FunctionType):
            return other, name
    return None
