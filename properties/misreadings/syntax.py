"""The syntax tree of a statement beside its text, so that one place can be changed."""

import ast
import itertools
import re
import textwrap
from collections.abc import Iterator

SHOWN = 40  # characters of source in a name
ATOMS = (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant)


class Source:
    """The source of one statement with its syntax tree."""

    def __init__(self, text: str) -> None:
        self.text = text
        lines = text.splitlines(keepends=True)
        self.starts = list(itertools.accumulate(map(len, lines), initial=0))
        self.tree = ast.parse(textwrap.dedent(text)).body[0]
        own = (n for n in ast.walk(self.tree) if isinstance(n, (ast.Name, ast.arg)))
        stored = (n for n in own if not isinstance(getattr(n, "ctx", None), ast.Load))
        self.names = sorted({n.arg if isinstance(n, ast.arg) else n.id for n in stored})
        self.parents = {c: n for n in ast.walk(self.tree) for c in ast.iter_child_nodes(n)}

    def relatives(self, name: str) -> list[str]:
        """The other variables of the function whose names begin as this one does."""
        if name not in self.names:
            return []
        return [n for n in self.names if n != name and family(n) == family(name)]

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node begins and ends in the text."""
        assert isinstance(node, (ast.expr, ast.stmt))
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        first, last = self.starts[node.lineno - 1], self.starts[node.end_lineno - 1]
        begin = self.text[first:].encode()[: node.col_offset].decode()
        end = self.text[last:].encode()[: node.end_col_offset].decode()
        return first + len(begin), last + len(end)

    def of(self, node: ast.AST, *, inner: bool = False) -> str:
        """A node's text. inner: in parentheses unless it is an atom."""
        start, end = self.span(node)
        text = self.text[start:end]
        return text if not inner or isinstance(node, ATOMS) else f"({text})"

    def short(self, node: ast.AST) -> str:
        """A node's text as a name says it."""
        text = " ".join(self.of(node).split())
        return f"`{textwrap.shorten(text, SHOWN, placeholder=' ...')}`"

    def around(self, node: ast.AST, new: str) -> tuple[str, str]:
        """The smallest text around a node that occurs once, and what it becomes; else ""."""
        start, end = self.span(node)
        outer: ast.AST | None = node
        while outer is not None and outer is not self.tree:
            if isinstance(outer, (ast.expr, ast.stmt)):
                first, last = self.span(outer)
                old = self.text[first:last]
                if self.text.count(old) == 1:
                    return old, self.text[first:start] + new + self.text[end:last]
            outer = self.parents.get(outer)
        return "", ""

    def called(self, node: ast.Call, given: list[str], keywords: list[ast.keyword]) -> str:
        """A call with other arguments."""
        named = ((f"{k.arg}=" if k.arg else "**") + self.of(k.value) for k in keywords)
        return f"{self.of(node.func)}({', '.join([*given, *named])})"


def ordered(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree in the order of the source; no docstrings, errors and annotations."""
    if is_docstring(node) or isinstance(node, (ast.Raise, ast.JoinedStr, ast.arguments)):
        return
    yield node
    if isinstance(node, ast.AnnAssign):
        children: list[ast.AST] = [node.value] if node.value else []
    elif isinstance(node, ast.FunctionDef):
        children = [*node.body]
    else:
        children = [*ast.iter_child_nodes(node)]
    for child in children:
        yield from ordered(child)


def family(name: str) -> str:
    """The part of a name that it shares with relatives: `h` of `h0`, `h` of `h_after`."""
    return re.split(r"(?<=.)[_\d]", name, maxsplit=1)[0]


def is_docstring(node: ast.AST) -> bool:
    """Return True for a text that stands alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def names_in(node: ast.AST) -> set[str]:
    """The names that an expression reads."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
