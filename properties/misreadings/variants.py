"""Misreadings made from the source of a function: each changes one place in its syntax tree.

A term left out, a sign, a factor, a constant, an axis, a comparison, a branch, two values
exchanged, one variable for its relative, an option ignored: the mistakes of somebody who writes the
same lines again. The hand-written misreadings have better names and are tried first.
"""

import ast
import itertools
from collections.abc import Iterator
from typing import NamedTuple

from seqlaws.properties.misreadings.syntax import Source, is_docstring, names_in, ordered

CHECKS = ("bind", "known", "isinstance", "len", "range", "ValueError", "TypeError")
KEPT = ("keepdims", "dtype", "strict", "initial", "out")  # arguments that are no mathematics
OTHER = {"mean": "sum", "sum": "mean", "tanh": "sigmoid", "sigmoid": "np.tanh"}
UNARY = ("tanh", "sigmoid", "exp", "sqrt", "log", "relu", "abs", "square", "softmax_rows")
MANY = 4  # values of which any two may be exchanged
COMPARED = {ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">")}


class Variant(NamedTuple):
    """Another text of a function. name: reads well after "with"; old: occurs exactly once."""

    name: str
    old: str
    new: str


class Place(NamedTuple):
    """Another text for a node."""

    name: str
    node: ast.AST
    new: str


def variants(source: str) -> Iterator[Variant]:
    """Every change of one place in the source of a function, or of a class, that is known."""
    tree = Rules(source)
    seen = set()
    for name, node, new in tree.places():
        old, text = tree.around(node, new)
        if old and (old, text) not in seen:
            seen.add((old, text))
            yield Variant(name, old, text)


class Rules(Source):
    """The changes of one statement."""

    def places(self) -> Iterator[Place]:
        """Each changed place, in order; none in a `while`, which might not end then."""
        for node in ordered(self.tree):
            if any(isinstance(around, ast.While) for around in self.above(node)):
                continue
            if isinstance(node, ast.FunctionDef):
                yield from self.options(node)
            elif isinstance(node, ast.stmt):
                yield from self.statements(node)
            elif isinstance(node, ast.expr):
                yield from self.expressions(node)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that a node is part of, the nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def slopes(self) -> Iterator[Place]:
        """Yield powers with the slope of another: 2 x for x^2 where the slope is to be 2."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
                base, n = self.of(node.left, inner=True), self.of(node.right, inner=True)
                said = f"the factor {self.short(node.left)} left out of the slope of "
                yield Place(f"{said}{self.short(node)}", node, f"{n} * {base}")

    def options(self, node: ast.FunctionDef) -> Iterator[Place]:
        """Options that are ignored, or have another default."""
        args = node.args
        plain = args.args[len(args.args) - len(args.defaults) :]
        given = [*zip(plain, args.defaults, strict=True)]
        given += [(a, d) for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d]
        body = [s for s in node.body if not is_docstring(s)]
        for argument, default in given:
            name, value = argument.arg, self.of(default)
            if body:
                indent = " " * body[0].col_offset
                line = f"{name} = {value}\n{indent}"
                yield Place(f"`{name}` ignored", body[0], line + self.of(body[0]))
            if isinstance(default, ast.Constant) and isinstance(default.value, float):
                for other in others(default.value):
                    yield Place(f"`{name}` {other} where it is not given", default, other)

    def statements(self, node: ast.stmt) -> Iterator[Place]:
        """Branches taken always or never, updates left out, values exchanged."""
        match node:
            case ast.If(test=test) if not any(isinstance(n, ast.Raise) for n in ast.walk(node)):
                yield Place(f"{self.short(test)} taken for true", test, "True")
                yield Place(f"{self.short(test)} taken for false", test, "False")
            case ast.AugAssign(target=target):
                yield Place(f"{self.short(node)} left out", node, "pass")
                yield Place(
                    f"{self.short(target)} replaced, not added to",
                    node,
                    f"{self.of(target)} = {self.of(node.value)}",
                )
            case ast.Assign(targets=[ast.Tuple(elts=names)]):
                yield from self.exchanged(names)
                for one, other in itertools.permutations(names[:MANY], 2):
                    if all(isinstance(n, ast.Name) for n in (one, other)):
                        more = f"{self.of(one)} = {self.of(other)}"
                        indent = "\n" + " " * node.col_offset
                        said = f"{self.short(other)} read for {self.short(one)}"
                        yield Place(said, node, self.of(node) + indent + more)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names_in(value):
                yield Place(f"{self.short(node)} left out", node, "pass")
            case ast.Return(value=ast.Tuple(elts=values)):
                yield from self.exchanged(values)
                yield from (place for value in values for place in self.returned(value))
            case ast.Return(value=ast.expr() as value):
                yield from self.returned(value)

    def exchanged(self, nodes: list[ast.expr]) -> Iterator[Place]:
        """Two of several values exchanged; of many only neighbours."""
        whole, many = self.parents[nodes[0]], len(nodes) > MANY
        for i, j in itertools.combinations(range(len(nodes)), 2):
            if (many and j > i + 1) or any(isinstance(nodes[k], ast.Starred) for k in (i, j)):
                continue
            order = [*nodes]
            order[i], order[j] = order[j], order[i]
            start, end = self.span(whole)
            new = ", ".join(map(self.of, order))
            new = f"({new})" if self.text[start] == "(" and end - start > 1 else new
            yield Place(f"{self.short(nodes[i])} and {self.short(nodes[j])} exchanged", whole, new)

    def returned(self, node: ast.expr) -> Iterator[Place]:
        """A result that is zero, negated or of another size."""
        if isinstance(node, (ast.Starred, ast.Constant, ast.Tuple, ast.Dict)):
            return
        text, said = self.of(node, inner=True), self.short(node)
        for word, new in (("zero", "0 * "), ("negated", "-"), ("doubled", "2 * ")):
            yield Place(f"{said} {word}", node, new + text)
        yield Place(f"{said} halved", node, f"0.5 * {text}")

    def expressions(self, node: ast.expr) -> Iterator[Place]:
        """Terms, signs, factors, functions, axes, comparisons and constants."""
        match node:
            case ast.BinOp():
                yield from self.operators(node)
            case ast.UnaryOp(op=ast.USub(), operand=value) if self.is_term(value, node):
                yield Place(f"{self.short(value)} for {self.short(node)}", node, self.of(value))
            case ast.Call():
                yield from self.calls(node)
            case ast.Compare(ops=[op], left=left, comparators=[right]) if type(op) in COMPARED:
                was, now = COMPARED[type(op)]
                new = f"{self.of(left)} {now} {self.of(right)}"
                yield Place(f"`{now}` for `{was}` in {self.short(node)}", node, new)
            case ast.IfExp(test=test):
                yield Place(f"{self.short(test)} taken for true", test, "True")
                yield Place(f"{self.short(test)} taken for false", test, "False")
            case ast.Subscript(slice=ast.Tuple(elts=[*_]) | ast.Slice()):
                yield from self.slices(node)
            case ast.Name(id=name, ctx=ast.Load()):
                yield from self.renamed(node, name)
            case ast.Constant(value=float() as value):
                for other in others(value):
                    yield Place(f"{other} for {self.of(node)}", node, other)

    def is_term(self, value: ast.expr, negative: ast.UnaryOp) -> bool:
        """Return False for a negative number that is no part of a formula, such as an axis."""
        return not isinstance(value, ast.Constant) or isinstance(self.parents[negative], ast.BinOp)

    def renamed(self, node: ast.Name, name: str) -> Iterator[Place]:
        """Another variable whose name begins as this one's does."""
        around = (n for n in self.above(node) if isinstance(n, (ast.expr, ast.stmt)))
        where = self.short(next(around))
        for other in self.relatives(name):
            yield Place(f"`{other}` for `{name}` in {where}", node, other)

    def operators(self, node: ast.BinOp) -> Iterator[Place]:
        """A term or factor left out, another sign, an operand transposed."""
        left, right = self.of(node.left, inner=True), self.of(node.right, inner=True)
        a, b, whole = self.short(node.left), self.short(node.right), self.short(node)
        yield from self.computed(node.left, node.right, whole)
        yield from self.computed(node.right, node.left, whole)
        match node.op:
            case ast.Add():
                yield Place(f"{b} left out of {whole}", node, left)
                yield Place(f"{a} left out of {whole}", node, right)
                yield Place(f"{b} subtracted in {whole}", node, f"{left} - {right}")
            case ast.Sub():
                yield Place(f"{b} left out of {whole}", node, left)
                yield Place(f"{a} left out of {whole}", node, f"-{right}")
                yield Place(f"{b} added in {whole}", node, f"{left} + {right}")
            case ast.Mult():
                yield Place(f"the factor {b} left out of {whole}", node, left)
                yield Place(f"the factor {a} left out of {whole}", node, right)
                yield Place(f"the factor {b} twice in {whole}", node, f"{left} * {right} * {right}")
                yield Place(f"the factor {a} twice in {whole}", node, f"{left} * {left} * {right}")
            case ast.Div():
                yield Place(f"the division by {b} left out", node, left)
                yield Place(f"{b} as a factor, not a divisor", node, f"{left} * {right}")
            case ast.Pow():
                yield Place(f"the power {b} left out", node, left)
            case ast.MatMult():
                for one, said, new in (
                    (node.right, b, f"{left} @ np.swapaxes({self.of(node.right)}, -1, -2)"),
                    (node.left, a, f"np.swapaxes({self.of(node.left)}, -1, -2) @ {right}"),
                ):
                    if isinstance(one, ast.Name):
                        yield Place(f"{said} transposed", node, new)

    def computed(self, one: ast.expr, other: ast.expr, whole: str) -> Iterator[Place]:
        """One operand after a function that is applied to it in the other, as in x + f(x)."""
        for call in ast.walk(other) if isinstance(one, ast.Name) else ():
            if isinstance(call, ast.Call) and self.of(one) in map(self.of, call.args):
                yield Place(
                    f"{self.short(call)} for {self.short(one)} in {whole}", one, self.of(call)
                )

    def calls(self, node: ast.Call) -> Iterator[Place]:
        """Another function, none, an argument left out or exchanged, another axis."""
        name = self.of(node.func).rpartition(".")[2]
        if name in CHECKS:
            return
        if name in UNARY and len(node.args) == 1:
            new = self.of(node.args[0], inner=True)
            yield Place(f"`{name}` left out in {self.short(node)}", node, new)
        if name in OTHER:
            prefix = self.of(node.func).removesuffix(name)
            new = OTHER[name] if "." in OTHER[name] else prefix * (name != "tanh") + OTHER[name]
            yield Place(f"`{OTHER[name]}` for `{name}`", node.func, new)
        if name == "where" and len(node.args) == 3:
            condition, one, other = node.args
            yield Place(f"{self.short(condition)} ignored", node, self.of(one, inner=True))
            yield Place(f"{self.short(condition)} never true", node, self.of(other, inner=True))
            swapped = ", ".join(map(self.of, (condition, other, one)))
            said = f"{self.short(condition)} the other way round"
            yield Place(said, node, f"{self.of(node.func)}({swapped})")
        if name in ("maximum", "minimum") and len(node.args) == 2:
            for one in node.args:
                yield Place(f"{self.short(one)} for {self.short(node)}", node, self.of(one))
        for keyword in node.keywords:
            yield from self.keywords(node, keyword)
        own = [k for k, a in enumerate(node.args) if isinstance(a, ast.Name)]
        for i, j in itertools.combinations(own, 2):
            given = [self.of(a) for a in node.args]
            given[i], given[j] = given[j], given[i]
            said = f"`{given[j]}` and `{given[i]}` exchanged in `{name}`"
            yield Place(said, node, self.called(node, given, node.keywords))
        for k in own if len(own) > 1 else ():
            given = [self.of(a) for a in node.args]
            said = f"zeros for `{given[k]}` in `{name}`"
            given[k] = f"0 * {given[k]}"
            yield Place(said, node, self.called(node, given, node.keywords))

    def keywords(self, node: ast.Call, keyword: ast.keyword) -> Iterator[Place]:
        """Another axis, or an option that is not passed on."""
        if keyword.arg == "axis":
            was = self.of(keyword.value)
            for axis in ("0", "-1", "-2"):
                if axis != was:
                    yield Place(f"axis {axis} for {was}", keyword.value, axis)
        elif keyword.arg is not None and keyword.arg not in KEPT:
            kept = [k for k in node.keywords if k is not keyword]
            new = self.called(node, [self.of(a) for a in node.args], kept)
            yield Place(f"`{keyword.arg}` not passed on", node, new)

    def slices(self, node: ast.Subscript) -> Iterator[Place]:
        """The end of a slice left out, or its beginning."""
        index = node.slice
        for part in index.elts if isinstance(index, ast.Tuple) else [index]:
            if isinstance(part, ast.Slice) and part.step is None:
                low = self.of(part.lower) if part.lower else ""
                high = self.of(part.upper) if part.upper else ""
                if low and high:
                    yield Place(f"{self.short(part)} from its beginning", part, f":{high}")


def others(value: float) -> list[str]:
    """Other constants in the place of one: none, and for a small one its neighbours."""
    if 0 < abs(value) < 1e-2:
        return ["0.0", *(f"{value * 10.0**k:.0e}" for k in (-3, -2, -1, 1, 2, 3))]
    return ["1.0"] if value != 1 else []
