"""What belongs to an operation stands in its module: the machinery names no operation."""

import ast
from pathlib import Path

import pytest

from seqlaws.properties.operations import OPERATIONS

ROOT = Path(__file__).resolve().parents[2]
NAMES = OPERATIONS.keys() | {f"{name}_vjp" for name in OPERATIONS}
OWN = ("operations", "misreadings")  # rooms that are about operations
MACHINERY = [
    path
    for folder in ("properties", "benchmarks", "reference/numbers")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not (path.name.startswith("test_") or set(OWN) & set(path.parts))
]


def docstrings(tree):
    """The constants that are docstrings."""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, holders))
    return [body[0].value for body in bodies if body and isinstance(body[0], ast.Expr)]


def named(source):
    """Yield each operation that a source names: in a string, of the specification, in an import."""
    tree = ast.parse(source)
    texts = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in texts and node.value in NAMES:
            yield node.lineno, node.value
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("reference"):
            yield from [(node.lineno, node.attr)] if node.attr in NAMES else []
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, a.name) for a in node.names if a.name in NAMES)


@pytest.mark.parametrize("path", MACHINERY, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_machinery_names_no_operation(path):
    found = [f"line {line}: {name}" for line, name in named(path.read_text(encoding="utf-8"))]
    assert not found, f"{found}: what is of one operation stands in properties/operations/"


@pytest.mark.parametrize(
    "source",
    [
        'if operation == "generate": pass',
        'LONG = {"rnn": 65}',
        "from seqlaws.reference import lstm_vjp",
        "y = reference.softmax(x)",
    ],
)
def test_a_name_is_found(source):
    assert list(named(source))


def test_a_name_in_a_docstring_is_none():
    assert not list(named('def f():\n    """softmax"""'))
    assert not list(named('"""generate"""'))
