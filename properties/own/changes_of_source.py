"""Changes of a specification's source that an implementation may have made by mistake."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from seqlaws.properties.inputs.options import Choice, Flag, Integer
from seqlaws.properties.own.kinds import ArrayOption, Number, OneOf
from seqlaws.properties.own.operation import Own

OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}
COMPARISONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
NEIGHBOURS = {
    "mean": ("sum", "max"),
    "sum": ("mean", "max"),
    "max": ("min", "mean"),
    "min": ("max",),
    "var": ("std",),
    "std": ("var",),
    "exp": ("exp2", "expm1"),
    "exp2": ("exp",),
    "expm1": ("exp",),
    "log": ("log2", "log1p", "log10"),
    "log2": ("log",),
    "log1p": ("log",),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "argmax": ("argmin",),
    "argmin": ("argmax",),
    "sin": ("cos",),
    "cos": ("sin",),
    "tril": ("triu",),
    "triu": ("tril",),
    "cumsum": ("sum",),
    "prod": ("sum",),
    "sigmoid": ("np.tanh",),
    "floor": ("ceil", "rint"),
    "rint": ("floor",),
}
ELEMENTWISE = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log1p",
    "sqrt",
    "tanh",
    "sin",
    "cos",
    "abs",
    "absolute",
    "square",
    "sigmoid",
    "relu",
    "erf",
    "softmax",
    "logsumexp",
    "normal_cdf",
    "softmax_rows",
    "log_sum_exp",
    "rsqrt",
    "gelu",
    "silu",
    "softplus",
    "flip",
    "maximum",
    "minimum",
    "clip",
    "tril",
    "triu",
]
REDUCTIONS = ("mean", "sum", "max", "min", "var", "std", "prod", "softmax", "logsumexp", "cumsum")
NARROW = ("bfloat16", "float16")
EPSILONS = ("0.0", "1e-12", "1e-8", "1e-6", "1e-5", "1e-3")


@dataclass(frozen=True)
class Change:
    """A text in the place of a node. name: reads well after "with"; rank: likely ones low."""

    node: Any
    new: str
    name: str
    rank: int = 5
    gradients: bool = False


def text(node: ast.AST, width: int = 40) -> str:
    """The source of a node, short enough for a sentence."""
    source = ast.unparse(node)
    return source if len(source) <= width else f"{source[: width - 4]} ..."


def code(node: ast.AST) -> str:
    """The source of a node, to stand inside of another expression."""
    source = ast.unparse(node)
    return source if isinstance(node, (ast.Name, ast.Constant, ast.Call)) else f"({source})"


def changes_of(tree: ast.FunctionDef, operation: Own) -> Iterator[Change]:
    """Yield the changes of a function: of its arguments, then of each expression."""
    if tree.name == operation.name:
        yield from of_arguments(tree, operation)
    frozen = {id(n) for d in (tree.args, *tree.decorator_list) for n in ast.walk(d)}
    frozen |= {id(n) for n in ast.walk(tree.returns)} if tree.returns else set()
    for node in ast.walk(tree):
        if id(node) in frozen or is_docstring(tree, node):
            continue
        for kind, rule in RULES.items():
            if isinstance(node, kind):
                yield from rule(node)
    yield from of_precision(tree)


def is_docstring(tree: ast.FunctionDef, node: ast.AST) -> bool:
    """Return True for the docstring, and its constant."""
    first = tree.body[0]
    return isinstance(first, ast.Expr) and node in (first, first.value)


def body_of(tree: ast.FunctionDef) -> Any:
    """Return the first statement after the docstring."""
    return tree.body[1] if is_docstring(tree, tree.body[0]) and len(tree.body) > 1 else tree.body[0]


def of_arguments(tree: ast.FunctionDef, operation: Own) -> Iterator[Change]:
    """Options that are not read or take another value; arrays that are left out or exchanged."""
    first = body_of(tree)
    indent = " " * first.col_offset

    def begun(line: str, name: str, rank: int, *, gradients: bool = False) -> Change:
        return Change(Start(first), f"{line}\n{indent}", name, rank, gradients)

    for name, kind in operation.kinds.items():
        default = operation.options.get(name)
        if name in operation.options:
            yield begun(f"{name} = {default!r}", f"{name} ignored", 0)
        if isinstance(kind, Number):
            small = isinstance(default, float) and 0 < default < 1e-2
            for value in EPSILONS if small else ("0.0", "1.0"):
                said = f"no {name}" if float(value) == 0 else f"{name} = {value}"
                yield begun(f"{name} = {value}", said, 1)
            yield begun(f"{name} = {name} * {name}", f"{name} squared", 2)
        if isinstance(kind, Flag):
            yield begun(f"{name} = not {name}", f"{name} inverted", 1)
        if isinstance(kind, (Flag, Choice, OneOf)):
            for value in kind.values():
                yield begun(f"{name} = {value!r}", f"{name} always {value!r}", 2)
        if isinstance(kind, (Integer,)):
            for sign, said in (("+", "one more than"), ("-", "one less than")):
                yield begun(f"{name} = {name} {sign} 1", f"{said} {name}", 3)
        if isinstance(kind, ArrayOption) and kind.declared.domain == "bool":
            line = f"{name} = {name} if {name} is None else ~{name}"
            yield begun(line, f"{name} inverted", 1)
    arrays = [*operation.arrays]
    for k, name in enumerate(arrays):
        if not operation.declared[name].is_whole:
            yield begun(f"{name} = {name} * 0.0 + 1.0", f"{name} left out (ones)", 2)
            yield begun(f"{name} = {name} * 0.0", f"{name} left out (zeros)", 2)
            yield begun(f"{name} = {name} + 1.0", f"one plus {name}", 3)
            yield begun(f"{name} = np.abs({name})", f"|{name}| for {name}", 6)
            yield begun(f"{name} = detached({name})", f"no gradient of {name}", 1, gradients=True)
            yield begun(
                f"{name} = halved({name})", f"half the gradient of {name}", 6, gradients=True
            )
            yield begun(
                f"{name} = doubled({name})", f"twice the gradient of {name}", 6, gradients=True
            )
            yield begun(
                f"{name} = negated({name})", f"minus the gradient of {name}", 6, gradients=True
            )
        for other in arrays[k + 1 :]:
            if operation.declared[name] == operation.declared[other]:
                yield begun(
                    f"{name}, {other} = {other}, {name}", f"{name} and {other} exchanged", 2
                )


class Start:
    """The place in front of a statement."""

    def __init__(self, node: Any) -> None:
        self.lineno = self.end_lineno = node.lineno
        self.col_offset = self.end_col_offset = node.col_offset


def of_product(node: ast.BinOp) -> Iterator[Change]:
    """An operand left out, another operator, operands exchanged."""
    left, right, op = node.left, node.right, type(node.op)
    a, b = code(left), code(right)
    if op is ast.Pow:
        yield Change(node, a, f"{text(left)} for {text(node)}", 4)
        return
    if op not in OPERATORS:
        return
    if op is ast.Add:
        yield Change(node, a, f"{text(right)} not added", 2)
        yield Change(node, b, f"{text(left)} not added", 3)
        yield Change(node, f"({a} - {b})", f"{text(right)} subtracted, not added", 4)
        yield Change(
            node, f"np.maximum({a}, {b})", f"the larger of {text(left)} and {text(right)}", 4
        )
    elif op is ast.Sub:
        yield Change(node, a, f"{text(right)} not subtracted", 2)
        yield Change(node, f"({a} + {b})", f"{text(right)} added, not subtracted", 4)
        yield Change(node, f"({b} - {a})", f"{text(right)} - {text(left)} exchanged", 4)
    elif op is ast.Mult:
        yield Change(node, a, f"no factor {text(right)}", 2)
        yield Change(node, b, f"no factor {text(left)}", 2)
        yield Change(node, f"({a} + {b})", f"{text(right)} added, not multiplied", 6)
        yield Change(node, f"({a} / {b})", f"{text(left)} divided by {text(right)}", 6)
    elif op is ast.Div:
        yield Change(node, a, f"not divided by {text(right)}", 2)
        yield Change(node, f"({a} * {b})", f"multiplied by {text(right)}, not divided", 4)
        yield Change(node, f"({b} / {a})", f"{text(right)} / {text(left)} exchanged", 6)
        yield from of_divisor(node, a)
    elif op is ast.MatMult:
        yield Change(node, f"({a} @ np.swapaxes({b}, -1, -2))", f"{text(right)} transposed", 4)
        yield Change(node, f"(np.swapaxes({a}, -1, -2) @ {b})", f"{text(left)} transposed", 5)
        yield Change(node, f"({b} @ {a})", f"{text(right)} @ {text(left)} exchanged", 6)


def of_divisor(node: ast.BinOp, a: str) -> Iterator[Change]:
    """x / (s + eps) as x / max(s, eps); sums for means."""
    divisor = node.right
    if isinstance(divisor, ast.BinOp) and isinstance(divisor.op, ast.Add):
        b, c = code(divisor.left), code(divisor.right)
        yield Change(
            node, f"({a} / np.maximum({b}, {c}))", f"{text(divisor.right)} as the least divisor", 3
        )
        yield Change(node, f"({a} / {b} + {c})", f"{text(divisor.right)} added to the quotient", 6)


def of_call(node: ast.Call) -> Iterator[Change]:
    """A neighbouring function, none at all, another axis, a constant outside of a root."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given = [*node.args] or ([node.func.value] if isinstance(node.func, ast.Attribute) else [])
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) != "np":
        given = [node.func.value, *node.args]
    if not given:
        return
    inner = code(given[0])
    for other in NEIGHBOURS.get(name, ()):
        new = (
            other
            if "." in other or not isinstance(node.func, ast.Attribute)
            else (f"{ast.unparse(node.func.value)}.{other}")
        )
        rest = ast.unparse(node).split("(", 1)[1]
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) != "np":
            rest = ast.unparse(node)[len(ast.unparse(node.func)) + 1 :]
        yield Change(node, f"{new}({rest}", f"{other} for {name} in {text(node)}", 3)
    if name in ELEMENTWISE:
        for one in given[: 2 if name in ("maximum", "minimum") else 1]:
            yield Change(node, code(one), f"no {name} of {text(one)}", 3)
    if name in ("sqrt", "rsqrt") and isinstance(given[0], ast.BinOp):
        yield from outside(node, name, given[0])
    if name == "normal_cdf":
        yield Change(
            node,
            f"(np.tanh(0.7978845608028654 * ({inner} + 0.044715 * {inner} ** 3)) + 1) / 2",
            "the tanh approximation of gelu",
            0,
        )
        yield Change(node, f"sigmoid(1.702 * {inner})", "the sigmoid approximation of gelu", 0)
    if name == "erf":
        z = f"(1.4142135623730951 * {inner})"
        yield Change(
            node,
            f"np.tanh(0.7978845608028654 * ({z} + 0.044715 * {z} ** 3))",
            "the tanh approximation of erf",
            0,
        )
    if name in ("var", "std") and not any(k.arg in ("ddof", "correction") for k in node.keywords):
        source = ast.unparse(node)
        yield Change(node, f"{source[:-1]}, ddof=1)", f"the unbiased {name} in {text(node)}", 1)
    if name in ("mean",):
        yield from unbiased(node, given)
    if name == "where" and len(given) == 3:
        c, x, y = map(code, given)
        yield Change(node, f"np.where({c}, {y}, {x})", f"the branches of {text(node)} exchanged", 3)
        yield Change(node, x, f"{text(given[1])} everywhere", 3)
        yield Change(node, y, f"{text(given[2])} everywhere", 3)
    if name in ("concatenate", "stack") and isinstance(given[0], (ast.List, ast.Tuple)):
        parts = [*map(code, given[0].elts)]
        yield Change(
            given[0], f"[{', '.join(parts[::-1])}]", f"{text(given[0])} the other way round", 2
        )
    for keyword in node.keywords:
        if keyword.arg == "axis":
            yield from of_axis(keyword.value, node)
    if name in REDUCTIONS or name in ("sqrt", "exp", "log"):
        yield Change(
            node,
            f"detached({ast.unparse(node)})",
            f"no gradient through {text(node)}",
            2,
            gradients=True,
        )


def unbiased(node: ast.Call, given: list[Any]) -> Iterator[Change]:
    """A mean divided by n - 1."""
    axis = next((ast.unparse(k.value) for k in node.keywords if k.arg == "axis"), "")
    if axis.lstrip("-").isdigit():
        n = f"np.shape({ast.unparse(given[0])})[{axis}]"
        yield Change(
            node,
            f"({ast.unparse(node)} * ({n} / max({n} - 1, 1)))",
            f"n - 1 for n in {text(node)}",
            2,
        )


def outside(node: ast.Call, name: str, inner: ast.BinOp) -> Iterator[Change]:
    """sqrt(v + eps) as sqrt(v) + eps, and as sqrt(max(v, eps))."""
    if not isinstance(inner.op, ast.Add):
        return
    function, v, e = ast.unparse(node.func), code(inner.left), code(inner.right)
    root = f"({function}({v}) + {e})" if name == "sqrt" else f"(1 / (np.sqrt({v}) + {e}))"
    yield Change(node, root, f"{text(inner.right)} outside the root", 1)
    yield Change(
        node,
        f"{function}(np.maximum({v}, {e}))",
        f"{text(inner.right)} as the least of {text(inner.left)}",
        1,
    )


def of_axis(axis: Any, node: ast.Call) -> Iterator[Change]:
    """Every other axis."""
    now = ast.unparse(axis)
    for other in ("-1", "-2", "0", "1", "None"):
        if other != now:
            said = "all axes" if other == "None" else f"axis {other}"
            yield Change(axis, other, f"{text(node.func)} over {said}, not {now}", 3)


def of_minus(node: ast.UnaryOp) -> Iterator[Change]:
    """No sign, no negation."""
    if isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield Change(node, code(node.operand), f"no minus in {text(node)}", 2)
    if isinstance(node.op, (ast.Not, ast.Invert)):
        yield Change(node, code(node.operand), f"{text(node.operand)} not inverted", 2)


def of_constant(node: ast.Constant) -> Iterator[Change]:
    """Numbers near a constant."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    near: tuple[Any, ...] = (value + 1, value - 1, -value)
    if isinstance(value, float):
        near = (0.0, 1.0, 2 * value, value / 2, -value, 10 * value, value / 10)
    for other in dict.fromkeys(near):
        if other != value:
            yield Change(
                node, f"({other!r})" if other < 0 else repr(other), f"{other:g} for {value!r}", 6
            )


def of_comparison(node: ast.Compare) -> Iterator[Change]:
    """A comparison that takes in its end, or not; the other way round."""
    if len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
        return
    a, b = code(node.left), code(node.comparators[0])
    now = COMPARISONS[type(node.ops[0])]
    for other in {
        "<": ("<=", ">="),
        "<=": ("<", ">"),
        ">": (">=", "<="),
        ">=": (">", "<"),
        "==": ("!=",),
        "!=": ("==",),
    }[now]:
        yield Change(node, f"({a} {other} {b})", f"{other} for {now} in {text(node)}", 3)


def of_assignment(node: ast.Assign) -> Iterator[Change]:
    """A statement that changes a name left out; parts exchanged."""
    target = node.targets[0]
    if isinstance(target, ast.Tuple) and len(target.elts) > 1:
        names = [ast.unparse(e) for e in target.elts]
        for k in range(len(names) - 1):
            order = [*names]
            order[k], order[k + 1] = order[k + 1], order[k]
            yield Change(target, ", ".join(order), f"{names[k]} and {names[k + 1]} exchanged", 2)
    if isinstance(target, ast.Name):
        used = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        if target.id in used:
            yield Change(node, "pass", f"no {text(node)}", 3)


def of_slice(node: ast.Slice) -> Iterator[Change]:
    """The other part, halves for every second, the other way round."""
    low, high, step = (ast.unparse(z) if z else "" for z in (node.lower, node.upper, node.step))
    if bool(low) != bool(high) and not step:
        yield Change(node, f"{high}:{low}", f"{text(node) or ':'} the other part", 4)
    if step:
        yield Change(node, f"{low}:{high}", f"every entry for {text(node)}", 6)


def of_choice(node: ast.IfExp) -> Iterator[Change]:
    """Always the one, always the other."""
    yield Change(node, code(node.body), f"{text(node.body)} whether {text(node.test)} or not", 3)
    yield Change(
        node, code(node.orelse), f"{text(node.orelse)} whether {text(node.test)} or not", 3
    )


def of_return(node: ast.Return) -> Iterator[Change]:
    """Outputs exchanged."""
    if isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
        parts = [*map(code, node.value.elts)]
        yield Change(node.value, ", ".join(parts[::-1]), "the outputs the other way round", 3)


def of_precision(tree: ast.FunctionDef) -> Iterator[Change]:
    """Parts that are rounded to 16 bits on the way."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Assign, ast.Return)) or node.value is None:
            continue
        inner = [n for n in ast.walk(node.value) if isinstance(n, (ast.Call, ast.BinOp))]
        for one in [n for n in inner if n is not node.value or isinstance(node, ast.Assign)][:6]:
            for form in NARROW:
                yield Change(
                    one, f'narrow({ast.unparse(one)}, "{form}")', f"{form} inside: {text(one)}", 7
                )


RULES: dict[Any, Callable[[Any], Iterator[Change]]] = {
    ast.BinOp: of_product,
    ast.Call: of_call,
    ast.UnaryOp: of_minus,
    ast.Constant: of_constant,
    ast.Compare: of_comparison,
    ast.Assign: of_assignment,
    ast.Slice: of_slice,
    ast.IfExp: of_choice,
    ast.Return: of_return,
}
