"""Misreadings of what a statement of an own operation uses: options, terms, what is returned."""

import ast
import itertools
from collections.abc import Iterator

from seqlaws.properties.misreadings.syntax import Source, is_docstring
from seqlaws.properties.own.operation import Own

ADDED = ("1e-10", "1e-9", "1e-8", "1e-7", "1e-6", "1e-5")
DIGITS = 3  # that a constant has at least, for two of them to be exchanged by mistake
SIMPLE = (ast.Assign, ast.AugAssign, ast.Return)
Changed = tuple[str, ast.AST, str]  # a name that reads well after "with", a node, its new text


class Uses(Source):
    """The changes of one function's statements."""

    def __init__(self, text: str, operation: Own) -> None:
        super().__init__(text)
        self.operation = operation

    def changed(self) -> Iterator[Changed]:
        """Yield each, the likely ones first."""
        statements = [n for n in ast.walk(self.tree) if isinstance(n, SIMPLE)]
        for node in statements:
            if not is_docstring(node):
                yield from self.options(node)
        for node in statements:
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                for one in node.value.elts:
                    yield from self.returned(one)
        for inner in ast.walk(self.tree):
            if isinstance(inner, ast.BinOp):
                yield from self.terms(inner)
            elif isinstance(inner, ast.Call):
                yield from self.inside(inner)
            elif isinstance(inner, ast.Constant) and isinstance(inner.value, float):
                yield from self.digits(inner)

    def digits(self, node: ast.Constant) -> Iterator[Changed]:
        """A constant of several digits, two of which are exchanged."""
        text = self.of(node)
        if "e" in text or sum(c in "123456789" for c in text) < DIGITS:
            return
        for k, (one, other) in enumerate(itertools.pairwise(text)):
            if one != other and "." not in one + other:
                new = text[:k] + other + one + text[k + 2 :]
                yield f"{new} for {text}", node, new

    def options(self, node: ast.AST) -> Iterator[Changed]:
        """An option that one statement does not read, or that stands for 1 less it."""
        for name, default in self.operation.options.items():
            uses = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name]
            if not uses or not isinstance(default, (int, float)):
                continue
            yield (
                f"`{name}` ignored in {self.short(node)}",
                node,
                self.with_name(node, name, default),
            )
            text = self.of(node)
            if f"1 - {name}" in text:
                said = f"`{name}` and `1 - {name}` exchanged in {self.short(node)}"
                yield said, node, self.with_name(node, name, f"(1 - {name})")

    def with_name(self, node: ast.AST, name: str, new: object) -> str:
        """A statement's text with another text for each use of a name."""
        start, end = self.span(node)
        places = [self.span(n) for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name]
        text, last = "", start
        for first, behind in sorted(places):
            text += self.text[last:first] + str(new)
            last = behind
        return text + self.text[last:end]

    def returned(self, node: ast.expr) -> Iterator[Changed]:
        """An argument in the place of an output."""
        for name in self.operation.arrays:
            if self.of(node) != name:
                yield f"`{name}` returned for {self.short(node)}", node, name

    def terms(self, node: ast.BinOp) -> Iterator[Changed]:
        """A term that the product does not reach; a little added to a divisor."""
        if isinstance(node.op, ast.Div):
            left, right = self.of(node.left, inner=True), self.of(node.right, inner=True)
            for little in ADDED:
                said = f"{little} added to the divisor {self.short(node.right)}"
                yield said, node, f"{left} / ({right} + {little})"
        if not isinstance(node.op, ast.Mult):
            return
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(one, ast.BinOp) and isinstance(one.op, (ast.Add, ast.Sub)):
                sign = "+" if isinstance(one.op, ast.Add) else "-"
                product = f"{self.of(one.left, inner=True)} * {self.of(other, inner=True)}"
                said = f"{self.short(one.right)} outside the product {self.short(node)}"
                yield said, node, f"({product} {sign} {self.of(one.right, inner=True)})"

    def inside(self, node: ast.Call) -> Iterator[Changed]:
        """A little added inside a logarithm; a bound of 0 or 1."""
        name = self.of(node.func).rpartition(".")[2]
        if name == "where" and len(node.args) == 3 and self.of(node.args[2]) in ("0", "0.0"):
            condition, inner, nothing = node.args
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add):
                kept = self.called(node, [*map(self.of, (condition, inner.left, nothing))], [])
                said = f"{self.short(inner.right)} whatever {self.short(condition)} is"
                yield said, node, f"({kept} + {self.of(inner.right, inner=True)})"
        if name == "log" and node.args:
            inner = node.args[0]
            for little in ADDED:
                said = f"{little} added inside {self.short(node)}"
                yield said, inner, f"{self.of(inner, inner=True)} + {little}"
        if name in ("maximum", "minimum") and len(node.args) == 2:
            for one in node.args:
                for bound in ("0.0", "1.0"):
                    if self.of(one) not in ("0", "1", bound):
                        said = f"{bound} for {self.short(one)} in {self.short(node)}"
                        yield said, one, bound
