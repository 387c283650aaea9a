"""Mutants of an implementation's source: each differs from it in one place.

A place is an operator, a comparison, a constant, a slice, an axis, a condition, a statement that is
left out, a function or its arguments in another order, or a result whose last entry is lost: beyond
a size, or where a number divides it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

SIZES = (20, 60, 130, 300, 1100, 5000)  # beyond which a result loses its last entry
DIVISORS = (16, 48, 64, 100)  # or where the largest axis is a multiple
ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}
COMPARED = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "=="}
OTHERS = {  # functions that are taken for each other
    "max": "min", "maximum": "minimum", "sum": "mean", "any": "all", "exp": "expm1",
    "tanh": "sin", "zeros_like": "ones_like", "zeros": "ones", "empty": "zeros",
    "argmax": "argmin", "triu": "tril", "sin": "cos", "cumsum": "cumprod", "sqrt": "abs",
}  # fmt: skip
OTHERS = {other: one for one, other in OTHERS.items()} | OTHERS
CHECKS = ("bind", "raise ", "TypeError", "ValueError", "__all__")  # lines that refuse bad input
BEYOND = """

def _without_the_last(value, size, divisor=1):
    if isinstance(value, tuple):
        return tuple(_without_the_last(v, size, divisor) for v in value)
    if not getattr(value, "ndim", 0) or max(value.shape) <= size or max(value.shape) % divisor:
        return value
    axis = list(value.shape).index(max(value.shape))
    kept = value.clone() if hasattr(value, "clone") else value.copy()  # of torch, or of NumPy
    kept[(slice(None),) * axis + (-1,)] = 0
    return kept
"""


@dataclass(frozen=True)
class Mutant:
    """Another source of a module. kind: the operator of mutation; line, was, now: the change.

    function: what is changed, or the class that it is a method of.
    """

    kind: str
    function: str
    line: int
    was: str
    now: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module's source."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    tops = [t for t in ast.parse(source).body if isinstance(t, ast.FunctionDef | ast.ClassDef)]
    for top, function in ((t, f) for t in tops for f in ast.walk(t)):
        if not isinstance(function, ast.FunctionDef) or function not in (top, *top.body):
            continue
        for kind, node, now in places(function, source):
            first = starts[node.lineno - 1] + node.col_offset
            last = starts[node.end_lineno - 1] + node.end_col_offset
            was = source[first:last]
            if not any(word in was for word in CHECKS):
                text = source[:first] + now + source[last:]
                text += BEYOND if "_without_the_last" in now else ""
                yield Mutant(kind, top.name, node.lineno, was, now, text)


def places(  # noqa: C901, PLR0912  # one case for each kind
    function: ast.FunctionDef, source: str
) -> Iterator[tuple[str, ast.AST, str]]:
    """Each place of a function that can be changed: kind, node, new text."""

    def of(node: ast.AST) -> str:
        return ast.get_source_segment(source, node) or ""

    annotations = {n for a in ast.walk(function.args) for n in ast.walk(a)}
    annotations |= set(ast.walk(function.returns or ast.Pass()))
    for node in ast.walk(function):
        if node in annotations:
            continue
        if isinstance(node, ast.Call) and len(node.args) > 1:
            one, other, *more = node.args
            if of(one) != of(other) and not isinstance(one, ast.Starred):
                swapped = ast.Call(node.func, [other, one, *more], node.keywords)
                yield "arguments swapped", node, ast.unparse(swapped)
        match node:
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                now = f"(({of(left)}) {ARITHMETIC[type(op)]} ({of(right)}))"
                yield "arithmetic", node, now
                yield "operand dropped", node, f"({of(left)})"
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARED:
                yield "comparison", node, f"({of(left)}) {COMPARED[type(op)]} ({of(right)})"
            case ast.BoolOp(op=op, values=[first, *_]):
                yield "condition", node, of(first)
            case ast.Constant(value=bool() as value):
                yield "constant", node, str(not value)
            case ast.Constant(value=int() as value):
                yield "constant", node, f"({value + 1})"
                yield "constant", node, f"({value - 1})"
            case ast.Constant(value=float() as value):
                yield "constant", node, repr(value * 1.01 if value else 1e-3)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                yield "sign", node, f"({of(operand)})"
            case ast.Slice(lower=lower, upper=upper, step=None):
                if lower is not None:
                    yield "slice", node, f":{of(upper) if upper else ''}"
                if upper is not None:
                    yield "slice", node, f"{of(lower) if lower else ''}:"
            case ast.If(test=test) | ast.IfExp(test=test):
                yield "condition", test, "True"
                yield "condition", test, "False"
            case ast.AugAssign() | ast.Assign(targets=[ast.Subscript()]):
                yield "statement dropped", node, "pass"
            case ast.Call(func=ast.Attribute(attr="where"), args=[_, one, other]):
                yield "condition", node, f"({of(one)})"
                yield "condition", node, f"({of(other)})"
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in OTHERS:
                yield "function", node.func, f"{of(value)}.{OTHERS[name]}"
            case ast.Return(value=ast.expr() as value):
                for size in SIZES:
                    yield "beyond a size", value, f"_without_the_last(({of(value)}), {size})"
                for divisor in DIVISORS:
                    now = f"_without_the_last(({of(value)}), 0, {divisor})"
                    yield "where a number divides", value, now
