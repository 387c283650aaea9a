"""Misreadings of how an own operation's statements hang together: their order, and what they read.

A value from before or after a step, an argument in the place of what is made of it, a term that is
added too late, a factor that reaches further.
"""

import ast
from collections.abc import Iterator

from seqlaws.properties.misreadings.syntax import Source, is_docstring, names_in
from seqlaws.properties.own.kinds import Number
from seqlaws.properties.own.operation import Own

SIMPLE = (ast.Assign, ast.AugAssign)
Text = tuple[str, str, str]  # a name that reads well after "with", a text, and what it becomes


class Statements(Source):
    """The changes of the statements of one function."""

    def __init__(self, text: str, operation: Own) -> None:
        super().__init__(text)
        assert isinstance(self.tree, ast.FunctionDef)
        self.operation = operation
        self.body = [s for s in self.tree.body if not is_docstring(s)]
        self.arguments = [a.arg for a in self.tree.args.args]
        self.definitions = [d for s in self.body for d in defined(s)]
        assigned = {name for _, name, _ in self.definitions}
        self.arrays = {a for a in self.arguments if a not in operation.options} | assigned

    def changed(self) -> Iterator[Text]:
        """Yield each, the likely ones first."""
        yield from self.order()
        for statement, name, value in self.definitions:
            yield from self.argument_for(value)
            yield from self.earlier(statement, name, value)
            yield from self.too_late(name, value)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
                yield from self.reaching_further(node)
            if isinstance(node, (ast.List, ast.Tuple)) and isinstance(node.ctx, ast.Load):
                yield from self.scaled_parts(node)

    def spliced(self, *places: tuple[int, int, str]) -> tuple[str, str]:
        """Return a text that occurs once, and the same with other texts at several places."""
        begin, end = min(p[0] for p in places), max(p[1] for p in places)
        while self.text.count(self.text[begin:end]) != 1:  # the whole text occurs once
            begin, end = max(begin - 1, 0), min(end + 1, len(self.text))
        new, last = "", begin
        for first, behind, text in sorted(places):
            new += self.text[last:first] + text
            last = behind
        return self.text[begin:end], new + self.text[last:end]

    def order(self) -> Iterator[Text]:
        """A statement that is done after a later one."""
        for i, one in enumerate(self.body):
            for other in self.body[i + 1 :]:
                if not isinstance(one, SIMPLE) or not isinstance(other, SIMPLE):
                    break
                (first, end), (_, last) = self.span(one), self.span(other)
                indent = "\n" + " " * one.col_offset
                said = f"{self.short(one)} after {self.short(other)}"
                moved = self.text[end:last].lstrip() + indent + self.of(one)
                yield said, *self.spliced((first, last, moved))

    def argument_for(self, value: ast.expr) -> Iterator[Text]:
        """Arguments of a value in its place."""
        for name in sorted(names_in(value) & self.arrays):
            if self.of(value) != name:
                yield f"`{name}` for {self.short(value)}", *self.around(value, name)

    def earlier(self, statement: ast.stmt, name: str, value: ast.expr) -> Iterator[Text]:
        """One use of a name, which reads what the name is made of; or its value from before."""
        behind = self.span(statement)[1]
        uses = [n for n in ast.walk(self.tree) if isinstance(n, ast.Name) and n.id == name]
        for use in uses:
            if not isinstance(use.ctx, ast.Load) or self.span(use)[0] < behind:
                continue
            around = self.short(self.parents.get(use, use))
            for other in sorted(names_in(value) & self.arrays):
                if other != name:
                    yield f"`{other}` for `{name}` in {around}", *self.around(use, other)
                    continue
                start, kept = self.span(statement)[0], f"{name}_before"
                line = f"{kept} = {name}\n" + " " * statement.col_offset
                said = f"`{name}` as before {self.short(statement)} in {around}"
                yield said, *self.spliced((start, start, line), (*self.span(use), kept))

    def too_late(self, name: str, value: ast.expr) -> Iterator[Text]:
        """A term of arguments alone that is added to what is returned."""
        if not isinstance(value, ast.BinOp) or not isinstance(value.op, ast.Add):
            return
        returns = [n.value for n in ast.walk(self.tree) if isinstance(n, ast.Return)]
        results = [r.elts[0] if isinstance(r, ast.Tuple) else r for r in returns if r is not None]
        term = value.right
        read = names_in(term) - {"np", "math"}
        if read and read <= {*self.arguments} and results:
            places = [(*self.span(value), self.of(value.left))]
            for one in results:
                added = f"({self.of(one)}) + {self.of(term, inner=True)}"
                places.append((*self.span(one), added))
            said = f"{self.short(term)} added to the result, not to `{name}`"
            yield said, *self.spliced(*places)

    def reaching_further(self, node: ast.BinOp) -> Iterator[Text]:
        """A factor or a divisor of the first term that the second has, too."""
        first: ast.expr = node.left
        if isinstance(first, ast.Name):
            values = [v for _, name, v in self.definitions if name == first.id]
            first = values[0] if values else first
        if not isinstance(first, ast.BinOp) or not isinstance(first.op, (ast.Mult, ast.Div)):
            return
        sign = "*" if isinstance(first.op, ast.Mult) else "/"
        word = "multiplied" if sign == "*" else "divided"
        for factor in (first.right, first.left) if sign == "*" else (first.right,):
            said = f"{self.short(node.right)} {word} by {self.short(factor)} as well"
            new = f"({self.of(node.right, inner=True)} {sign} {self.of(factor, inner=True)})"
            yield said, *self.around(node.right, new)

    def scaled_parts(self, node: ast.List | ast.Tuple) -> Iterator[Text]:
        """A number among the options that multiplies one more part of what is joined."""
        call = self.parents.get(node)
        if not isinstance(call, ast.Call) or len(node.elts) < 2:
            return
        if self.of(call.func).rpartition(".")[2] not in ("concatenate", "stack", "hstack"):
            return
        for option, kind in self.operation.kinds.items():
            for part in node.elts if isinstance(kind, Number) else ():
                said = f"{self.short(part)} multiplied by `{option}`"
                yield said, *self.around(part, f"{self.of(part, inner=True)} * {option}")


def defined(statement: ast.stmt) -> Iterator[tuple[ast.stmt, str, ast.expr]]:
    """Yield the statement, the name and the value of each name that is assigned."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield statement, name, value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            for one, value in zip(names, values, strict=False):
                if isinstance(one, ast.Name):
                    yield statement, one.id, value
        case ast.If():
            for inner in statement.body:
                yield from defined(inner)
