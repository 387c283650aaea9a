"""Misreadings of the functions that an own operation calls.

`misreadings.variants` changes the syntax of any source; these know what NumPy's functions mean.
"""

import ast
from collections.abc import Iterator

from seqlaws.properties.misreadings.syntax import Source, is_docstring

NEIGHBOURS = {
    "mean": ("sum",),
    "sum": ("mean",),
    "max": ("min", "mean"),
    "min": ("max",),
    "var": ("std",),
    "std": ("var",),
    "exp": ("exp2", "expm1"),
    "exp2": ("exp",),
    "expm1": ("exp",),
    "log": ("log2", "log1p"),
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
    "floor": ("rint",),
    "rint": ("floor",),
}
BLOCKS = (2, 4, 8, 16, 32, 64, 128, 256)
LAST_AXIS = ("log_sum_exp", "softmax_rows")  # functions along the last axis
MOVES = ("reshape", "swapaxes", "transpose", "concatenate", "stack", "split", "arange", "range")
NARROW = ("bfloat16", "float16")
LN2 = "0.6931471805599453"
ROOT = "0.7978845608028654"  # sqrt(2 / pi)
Changed = tuple[str, ast.AST, str, bool]  # a name, a node, its new text, of the gradient alone


class Calls(Source):
    """The changes of one function's calls."""

    def changed(self) -> Iterator[Changed]:
        """Yield each, the likely ones first."""
        calls = [n for n in ast.walk(self.tree) if isinstance(n, ast.Call)]
        rules = (self.roots, self.moments, self.functions, self.axes, self.order)
        for rule in (*rules, self.stable):
            for node in calls:
                for name, changed, new in rule(node, self.name_of(node)):
                    yield name, changed, new, False
        yield from self.products()
        for node in calls:
            if self.name_of(node) not in MOVES:
                said = f"no gradient through {self.short(node)}"
                yield said, node, f"detached({self.of(node)})", True
        yield from self.narrowed()

    def in_blocks(self) -> Iterator[tuple[str, ast.AST, str]]:
        """Yield the sums in blocks, which show at large sizes."""
        calls = [n for n in ast.walk(self.tree) if isinstance(n, ast.Call)]
        for node in calls:
            yield from self.blocked(node, self.name_of(node))
        assert isinstance(self.tree, ast.FunctionDef)
        for statement in self.tree.body:
            within = [n for n in calls if n in ast.walk(statement)]
            rows = [self.argument(n) for n in within if self.name_of(n) in LAST_AXIS]
            for name in sorted({one.id for one in rows if isinstance(one, ast.Name)}):
                for n in BLOCKS:
                    said = f"what is behind the last whole block of {n} left out of `{name}`"
                    line = f"{name} = masked_behind_blocks({name}, {n})"
                    indent = "\n" + " " * statement.col_offset
                    yield said, statement, line + indent + self.of(statement)

    def name_of(self, node: ast.Call) -> str:
        """The name of the function that is called."""
        return self.of(node.func).rpartition(".")[2]

    def argument(self, node: ast.Call) -> ast.expr | None:
        """The first argument: of a method, what it is called on."""
        if isinstance(node.func, ast.Attribute) and self.of(node.func.value) not in ("np", "numpy"):
            return node.func.value
        return node.args[0] if node.args else None

    def roots(self, node: ast.Call, name: str) -> Iterator[tuple[str, ast.AST, str]]:
        """sqrt(v + eps) as sqrt(v) + eps and as sqrt(max(v, eps))."""
        inner = self.argument(node)
        if name != "sqrt" or not isinstance(inner, ast.BinOp) or not isinstance(inner.op, ast.Add):
            return
        root, e, v = self.of(node.func), self.of(inner.right, inner=True), self.of(inner.left)
        said = self.short(inner.right)
        yield f"{said} outside the root", node, f"({root}({v}) + {e})"
        yield (
            f"{said} as the least of {self.short(inner.left)}",
            node,
            (f"{root}(np.maximum({v}, {e}))"),
        )

    def moments(self, node: ast.Call, name: str) -> Iterator[tuple[str, ast.AST, str]]:
        """A variance or a mean divided by n - 1."""
        given = {k.arg: self.of(k.value) for k in node.keywords}
        if name in ("var", "std") and not given.keys() & {"ddof", "correction"}:
            new = f"{self.of(node)[:-1]}, ddof=1)"
            yield f"the unbiased `{name}` in {self.short(node)}", node, new
        inner = self.argument(node)
        if name == "mean" and inner is not None and given.get("axis", "").lstrip("-").isdigit():
            n = f"np.shape({self.of(inner)})[{given['axis']}]"
            new = f"({self.of(node)} * ({n} / max({n} - 1, 1)))"
            yield f"n - 1 for n in {self.short(node)}", node, new

    def functions(self, node: ast.Call, name: str) -> Iterator[tuple[str, ast.AST, str]]:
        """A function that is easily taken for this one, or an approximation of it."""
        prefix = self.of(node.func).removesuffix(name)
        for other in NEIGHBOURS.get(name, ()):
            yield f"`{other}` for `{name}` in {self.short(node)}", node.func, prefix + other
        inner = self.argument(node)
        if inner is None:
            return
        if name == "log_sum_exp":
            yield f"base 2 in {self.short(node)}", node, f"({self.of(node)} / {LN2})"
        z = self.of(inner, inner=True)
        if name == "normal_cdf":
            new = f"((np.tanh({ROOT} * ({z} + 0.044715 * {z} ** 3)) + 1) / 2)"
            yield "the tanh approximation of gelu", node, new
            yield "the sigmoid approximation of gelu", node, f"sigmoid(1.702 * {z})"
        if name == "erf":
            z = f"(1.4142135623730951 * {z})"
            new = f"np.tanh({ROOT} * ({z} + 0.044715 * {z} ** 3))"
            yield "the tanh approximation of erf", node, new

    def axes(self, node: ast.Call, name: str) -> Iterator[tuple[str, ast.AST, str]]:
        """Reductions over all axes, or over another one."""
        for keyword in node.keywords:
            if keyword.arg == "axis":
                was = self.of(keyword.value)
                for axis in ("None", "-1", "-2", "0", "1"):
                    said = "all axes" if axis == "None" else f"axis {axis}"
                    if axis != was:
                        yield f"`{name}` over {said}, not {was}", keyword.value, axis

    def order(self, node: ast.Call, name: str) -> Iterator[tuple[str, ast.AST, str]]:
        """Parts that are joined in another order."""
        inner = self.argument(node)
        if name == "split" and inner is not None and len(node.args) == 2:
            of, given = self.of(inner), self.of(node.args[1])
            yield f"parts of {self.short(inner)} read in turn", node, f"in_turn({of}, {given})"
        if name in ("concatenate", "stack") and isinstance(inner, (ast.List, ast.Tuple)):
            parts = ", ".join(self.of(e) for e in reversed(inner.elts))
            yield f"{self.short(inner)} the other way round", inner, f"[{parts}]"
        if name == "concatenate" and isinstance(inner, ast.List) and len(inner.elts) == 2:
            named = {k.arg: self.of(k.value) for k in node.keywords}
            first, axis = inner.elts[0], named.get("axis", "0")
            half = f"(np.shape({self.of(first)})[{axis}] + 1) // 2"
            said = f"half of {self.short(first)} behind the rest in {self.short(node)}"
            yield said, node, f"np.roll({self.of(node)}, -({half}), axis={axis})"

    def stable(self, node: ast.Call, name: str) -> Iterator[tuple[str, ast.AST, str]]:
        """Exponentials of what they are given, as large as it is."""
        inner = self.argument(node)
        if name not in LAST_AXIS or inner is None:
            return
        x, said = self.of(inner), f"no maximum in {self.short(node)}"
        if name == "log_sum_exp":
            new = f"({self.of(node)} - np.max({x}, axis=-1, keepdims=True))"
            yield f"the maximum not added in {self.short(node)}", node, new
        plain = f"naive_log_sum_exp({x})" if name == "log_sum_exp" else f"shifted_softmax({x}, 0)"
        yield said, node, plain
        outer = self.parents.get(node)
        if outer is not None and self.of(outer) == f"{x} - {self.of(node)}":
            said = f"the logarithm of finished weights for {self.short(outer)}"
            yield said, outer, f"log_of_weights({x})"

    def blocked(self, node: ast.Call, name: str) -> Iterator[tuple[str, ast.AST, str]]:
        """Sums along the last axis in blocks: one left out, padded, or not rescaled."""
        inner = self.argument(node)
        given = {k.arg: self.of(k.value) for k in node.keywords}
        sums = name in ("sum", "mean", "max") and given.get("axis") == "-1"
        if inner is None or not (sums or name in LAST_AXIS):
            return
        x, call = self.of(inner), self.of(node)
        for n in BLOCKS:
            if name != "softmax_rows":
                said = f"what is behind the last whole block of {n} left out of {self.short(node)}"
                yield said, inner, f"whole_blocks({x}, {n})"
            if name == "mean":
                said = f"a width padded to a multiple of {n} in {self.short(node)}"
                yield said, node, f"({call} * padded_share({x}, {n}))"
            if name in LAST_AXIS:
                said = f"{self.short(node)} not rescaled when a later block of {n} has a larger one"
                yield said, node, f"{name}_not_rescaled({x}, {n})"

    def products(self) -> Iterator[Changed]:
        """Sums of whole numbers that wrap around."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                for bits in (8, 16):
                    said = f"sums of {bits} bits that wrap around in {self.short(node)}"
                    yield said, node, f"with_bits({self.of(node, inner=True)}, {bits})", False

    def narrowed(self) -> Iterator[Changed]:
        """Parts that are rounded to 16 bits on the way."""
        for node in ast.walk(self.tree):
            if not isinstance(node, (ast.Assign, ast.Return)) or is_docstring(node):
                continue
            inner = [n for n in ast.walk(node) if isinstance(n, (ast.Call, ast.BinOp))]
            for one in inner[:6]:
                for form in NARROW:
                    new = f'narrow({self.of(one)}, "{form}")'
                    yield f"{form} inside: {self.short(one)}", one, new, False
