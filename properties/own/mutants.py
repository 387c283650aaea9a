"""Misreadings of an own operation, made of its declaration and of its source's syntax tree.

They stand for the hand-written ones of the suite's operations, and are tried before those that
`misreadings.generated` makes of any source. A mutant that cannot be run, or that gives the numbers
of the specification or of an earlier one, is none.
"""

import ast
import itertools
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.misreadings.edits import Edit, Misreading, misread, statements
from seqlaws.properties.misreadings.generated import reached
from seqlaws.properties.misreadings.syntax import Source, is_docstring
from seqlaws.properties.misreadings.variants import Rules
from seqlaws.properties.own import rows
from seqlaws.properties.own.changed_arguments import Line, changed_arguments, turned_gradients
from seqlaws.properties.own.changed_calls import Calls
from seqlaws.properties.own.changed_statements import Statements
from seqlaws.properties.own.changed_uses import Uses
from seqlaws.properties.own.operation import Own
from seqlaws.reference import function_of

Place = tuple[str, Edit, bool]  # a name that reads well after "with", whether of the gradient alone


def mutants_of(operation: Own, module: str) -> tuple[Misreading, ...]:
    """Return the misreadings of an operation, the likely ones first.

    Sums in blocks come last; no small case shows them.
    """
    places = in_front(operation, module), inside(operation, module), of_gradients(operation, module)
    shown = those_that_show(operation, itertools.chain(*places))
    return (*shown, *as_misreadings(operation, in_blocks(operation, module)))


def later_mutants_of(operation: Own, module: str) -> tuple[Misreading, ...]:
    """Return the misreadings that are tried where no simpler one explains the answers."""
    turned = lines(operation, module, turned_gradients(operation))
    return those_that_show(operation, itertools.chain(in_statements(operation, module), turned))


def those_that_show(operation: Own, places: Iterable[Place]) -> tuple[Misreading, ...]:
    """Return the misreadings that give numbers of their own."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probe = Probe(operation)
        every = as_misreadings(operation, places)
        return tuple(one for one in every if probe.is_another(one))


def as_misreadings(operation: Own, places: Iterable[Place]) -> Iterator[Misreading]:
    """Yield a misreading of each change, no change twice."""
    seen: set[tuple[str, str]] = set()
    for name, edit, gradients in places:
        if edit.old and (edit.old, edit.new) not in seen:
            seen.add((edit.old, edit.new))
            yield Misreading(name, (operation.name,), (edit,), gradients=gradients)


def in_front(operation: Own, module: str) -> Iterator[Place]:
    """Yield the ways to scan, and the lines in front of the specification's first statement."""
    if operation.scan is not None:
        head = f"def {operation.name}("
        for how in rows.misread(operation.scan):
            yield how, Edit(module, operation.name, head, f"@scanning({how!r})\n{head}"), False
    yield from lines(operation, module, changed_arguments(operation))


def lines(operation: Own, module: str, given: Iterable[Line]) -> Iterator[Place]:
    """Yield lines in front of the specification's first statement."""
    source = Source(statements(module)[operation.name])
    assert isinstance(source.tree, ast.FunctionDef)
    first = next(s for s in source.tree.body if not is_docstring(s))
    indent = " " * first.col_offset
    for name, line, gradients in given:
        old, new = source.around(first, f"{line}\n{indent}{source.of(first)}")
        yield name, Edit(module, operation.name, old, new), gradients


def inside(operation: Own, module: str) -> Iterator[Place]:
    """Yield the changed calls of the specification and of the functions that it calls."""
    for home, statement in reached(module, operation.name):
        source = Calls(statements(home)[statement])
        for name, node, new, gradients in source.changed():
            yield name, Edit(home, statement, *source.around(node, new)), gradients
        uses = Uses(statements(home)[statement], operation)
        for name, node, new in uses.changed():
            yield name, Edit(home, statement, *uses.around(node, new)), False


def in_statements(operation: Own, module: str) -> Iterator[Place]:
    """Yield the changed statements of the specification and of the functions that it calls."""
    for home, statement in reached(module, operation.name):
        for name, old, new in Statements(statements(home)[statement], operation).changed():
            yield name, Edit(home, statement, old, new), False


def in_blocks(operation: Own, module: str) -> Iterator[Place]:
    """Yield the sums in blocks."""
    for home, statement in reached(module, operation.name):
        source = Calls(statements(home)[statement])
        for name, node, new in source.in_blocks():
            yield name, Edit(home, statement, *source.around(node, new)), False


def of_gradients(operation: Own, module: str) -> Iterator[Place]:
    """Yield parts with the gradient of what they are easily taken for, as in a vjp of one's own."""
    if not operation.differentiable:
        return
    for home, statement in reached(module, operation.name):
        source = Rules(statements(home)[statement])
        for name, node, new in (*source.places(), *source.slopes()):
            if isinstance(node, ast.expr) and not isinstance(node, (ast.Tuple, ast.Compare)):
                text = f"in_gradient({source.of(node)}, {new})"
                edit = Edit(home, statement, *source.around(node, text))
                yield f"{name}, in the gradient alone", edit, True


class Probe:
    """Cases on which a mutant has to differ from the specification and from earlier mutants."""

    def __init__(self, operation: Own) -> None:
        self.operation = operation
        fixed: dict[str, Any] = {"dense": True, "regime": "ordinary", "scales": (1.0,)}
        if operation.leading:
            fixed["leading"] = (4,)
        sizes, others = (
            {letter: some[k % 6] for k, letter in enumerate(operation.letters)}
            for some in ((3, 5, 2, 7, 6, 4), (5, 3, 7, 1, 2, 6))
        )
        fixed |= sizes
        every = {
            kind.key(name): value
            for name, kind in operation.kinds.items()
            for value in kind.worth_a_case(operation.options.get(name))[:1]
        }
        self.cases = [
            build(by_seed(2, 29), operation, "float64", **{**fixed, **every}),
            build(by_seed(1, 29), operation, "float64", **fixed),
            build(by_seed(3, 29), operation, "float64", **{**fixed, **others}),
            build(by_seed(4, 29), operation, "float64", **{**fixed, "scales": (1e-3,)}),
        ]
        self.cases.insert(1, self.cases[0].without(*operation.options))
        self.known: dict[Any, list[Misreading]] = {}
        self.truth = {vjp: self.answers(None, vjp=vjp) for vjp in self.ways}

    @property
    def ways(self) -> tuple[bool, ...]:
        """The values, and gradients if there are any."""
        return (False, True) if self.operation.differentiable else (False,)

    def are_same(self, one: Misreading, other: Misreading, *, vjp: bool) -> bool:
        """Return True if two mutants agree on every case."""
        return all(
            same([self.answer(one, case, vjp=vjp)], [self.answer(other, case, vjp=vjp)])
            for case in self.cases
        )

    def answers(self, one: Misreading | None, *, vjp: bool) -> list[Any]:
        """Return what a mutant, or the specification, gives on each case; None if it raises."""
        return [self.answer(one, case, vjp=vjp) for case in self.cases]

    def answer(self, one: Misreading | None, case: Case, *, vjp: bool) -> Any:
        """Return what it gives on one case; None if it raises."""
        name = self.operation.name + "_vjp" * vjp
        given, options = self.operation.arranged(case.arrays, case.options)
        pulled = [*case.cotangents.values()] if vjp else []
        try:
            function = function_of(name) if one is None else misread(one, name)
            return list(function(*pulled, *given, **options))
        except Exception:
            return None

    def is_another(self, one: Misreading) -> bool:
        """Return True if it runs and gives other numbers than all before it.

        The cases are taken one by one: the first on which it differs tells most mutants apart.
        """
        vjp = one.gradients
        for k, case in enumerate(self.cases):
            found = self.answer(one, case, vjp=vjp)
            if found is None or same([found], [self.truth[vjp][k]]):
                continue
            key = vjp, k, signature(found)
            if key not in self.known:
                self.known[key] = []
            if any(self.are_same(one, other, vjp=vjp) for other in self.known[key]):
                return False
            self.known[key].append(one)
            return True
        return False


def signature(answer: list[Any]) -> tuple[float, ...]:
    """The sums of an answer's arrays to eight digits."""
    return tuple(float(f"{float(np.nansum(np.abs(np.real(a)))):.8g}") for a in answer)


def same(some: list[Any], others: list[Any]) -> bool:
    """Return True if two lists of answers agree, up to rounding."""
    return all(
        (a is None and b is None)
        or (
            a is not None
            and b is not None
            and len(a) == len(b)
            and all(
                np.shape(x) == np.shape(y) and np.allclose(x, y, 1e-11, 1e-13, equal_nan=True)
                for x, y in zip(a, b, strict=True)
            )
        )
        for a, b in zip(some, others, strict=True)
    )
