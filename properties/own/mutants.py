"""Misreadings of an own operation, made of its source's syntax tree.

Each changes one expression of the specification, or of a function of its file that it calls, as an
implementation may have it: a term is left out, an axis is another, an option is not read. A mutant
that cannot be run, or that gives the specification's own numbers, is none.
"""

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.misreadings.edits import Edit, Misreading, misread, statements
from seqlaws.properties.own.changes_of_source import changes_of
from seqlaws.properties.own.operation import Own

MOST = 400


@dataclass
class Source:
    """A function's text and its syntax tree."""

    module: str
    name: str
    text: str
    tree: ast.FunctionDef
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        lines = self.text.splitlines(keepends=True)
        self.starts = [sum(map(len, lines[:k])) for k in range(len(lines) + 1)]

    def place(self, line: int, column: int) -> int:
        """Return the place in the text of a line and a column, which counts bytes."""
        start = self.starts[line - 1]
        row = self.text[start : self.starts[line]].encode()
        return start + len(row[:column].decode())

    def span(self, node: Any) -> tuple[int, int]:
        """Return where a node begins and ends in the text."""
        return (
            self.place(node.lineno, node.col_offset),
            self.place(node.end_lineno, node.end_col_offset),
        )

    def edit(self, node: Any, new: str) -> Edit:
        """Return the edit that puts another text in the place of a node."""
        a, b = self.span(node)
        first, last = a, b
        while self.text.count(self.text[a:b]) > 1 and (a > 0 or b < len(self.text)):
            a, b = max(a - 1, 0), min(b + 1, len(self.text))
        old = self.text[a:b]
        return Edit(self.module, self.name, old, self.text[a:first] + new + self.text[last:b])


def sources_of(operation: Own, module: str) -> list[Source]:
    """Return the specification and the functions of its file that it calls."""
    texts = statements(module)
    found: dict[str, Source] = {}
    waiting = [operation.name]
    while waiting:
        name = waiting.pop(0)
        if name in found or name not in texts:
            continue
        tree = ast.parse(texts[name]).body[0]
        if isinstance(tree, ast.FunctionDef):
            found[name] = Source(module, name, texts[name], tree)
            waiting += [n.id for n in ast.walk(tree) if isinstance(n, ast.Name)]
    return list(found.values())


def mutants_of(operation: Own, module: str) -> tuple[Misreading, ...]:
    """Return the misreadings of an operation, the likely ones first."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = list(every_mutant(operation, module))[:MOST]
        probe = Probe(operation)
        return tuple(one for one in made if probe.is_another(one))


def every_mutant(operation: Own, module: str) -> Iterator[Misreading]:
    """Yield each change of the source, the likely ones first; each once."""
    seen: set[tuple[str, str]] = set()
    ranked = []
    for source in sources_of(operation, module):
        for change in changes_of(source.tree, operation):
            one = source.edit(change.node, change.new)
            ranked.append((change.rank, len(ranked), change, one))
    for _, _, change, one in sorted(ranked, key=lambda r: r[:2]):
        if (one.old, one.new) not in seen:
            seen.add((one.old, one.new))
            gradients = change.gradients
            yield Misreading(change.name, (operation.name,), (one,), gradients=gradients)


class Probe:
    """Cases on which a mutant has to differ from the specification and from earlier mutants."""

    def __init__(self, operation: Own) -> None:
        self.operation = operation
        fixed: dict[str, Any] = {"dense": True, "regime": "ordinary", "scales": (1.0,)}
        if operation.leading:
            fixed["leading"] = (4,)
        fixed |= {letter: (3, 5, 2, 7, 6, 4)[k % 6] for k, letter in enumerate(operation.letters)}
        every = {
            kind.key(name): value
            for name, kind in operation.kinds.items()
            for value in kind.worth_a_case(operation.options.get(name))[:1]
        }
        self.cases = [
            build(by_seed(1, 29), operation, "float64", **fixed),
            build(by_seed(2, 29), operation, "float64", **{**fixed, **every}),
            build(by_seed(3, 29), operation, "float64", dense=True),
            build(by_seed(4, 29), operation, "float64", **{**fixed, "scales": (1e-3,)}),
        ]
        self.known: list[list[Any]] = []
        self.truth = {vjp: self.answers(None, vjp=vjp) for vjp in self.ways}

    @property
    def ways(self) -> tuple[bool, ...]:
        """The values, and gradients if there are any."""
        return (False, True) if self.operation.differentiable else (False,)

    def answers(self, one: Misreading | None, *, vjp: bool) -> list[Any]:
        """Return what a mutant, or the specification, gives on each case; None if it raises."""
        from seqlaws.reference import function_of

        name = self.operation.name + "_vjp" * vjp
        found: list[Any] = []
        for case in self.cases:
            given, options = self.operation.arranged(case.arrays, case.options)
            pulled = [*case.cotangents.values()] if vjp else []
            try:
                function = function_of(name) if one is None else misread(one, name)
                found.append(list(function(*pulled, *given, **options)))
            except Exception:
                found.append(None)
        return found

    def is_another(self, one: Misreading) -> bool:
        """Return True if it runs and gives other numbers than all before it."""
        answers = self.answers(one, vjp=one.gradients)
        if all(a is None for a in answers) or same(answers, self.truth[one.gradients]):
            return False
        if any(same(answers, before) for before in self.known):
            return False
        self.known.append(answers)
        return True


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
