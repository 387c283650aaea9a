"""Imports run one way: a room imports those below it, and nobody imports a room above."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEVELS = (  # from the ground; rooms of one level do not know each other
    ("reference", "impls"),
    ("backends", "inputs", "misreadings"),
    ("operations",),
    ("discovery",),
    ("own",),
    ("isolation",),
    ("subjects",),
    ("judging",),
    ("laws", "diagnosis"),
    ("test",),  # the laws themselves, properties/test_*.py
    ("reporting",),
    ("runner",),
    ("session", "check_result"),
    ("check_run",),
    ("command_line",),
    ("plugin", "checking", "adoption"),
    ("receipt",),
    ("many", "vectors"),
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
FILES = [
    path
    for folder in ("reference", "impls", "properties")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path != ROOT / "properties/__init__.py"  # the front door, which imports when it is asked
]


def room_of(parts):
    """The room of a module of seqlaws, by the parts of its name."""
    name = parts[1] if parts[0] == "properties" and len(parts) > 1 else parts[0]
    return "test" if name.startswith("test_") else name


def imported(path):
    """The modules of seqlaws that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path):
    own = room_of(path.relative_to(ROOT).with_suffix("").parts)
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "seqlaws" or parts[1:] in ([], ["properties"]):
            continue
        room = room_of(parts[1:])
        assert room in LEVEL, f"{name}: a room that LEVELS does not know"
        below = LEVEL[room] < LEVEL[own] and own != "impls"
        assert room == own or below, f"{own} imports {name}, which does not stand below it"


def test_modules_do_not_form_a_circle():
    known = {".".join(("seqlaws", *p.relative_to(ROOT).with_suffix("").parts)): p for p in FILES}
    known = {name.removesuffix(".__init__"): path for name, path in known.items()}
    edges = {
        name: {
            module
            for i in top_level(path)
            for module in (i, i.rpartition(".")[0])
            if module in known
            and not name.startswith(module)  # a package is there before its parts
        }
        for name, path in known.items()
    }
    done = set()

    def visit(name, way):
        assert name not in way, " imports ".join([*way[way.index(name) :], name])
        if name not in done:
            for other in edges[name]:
                visit(other, [*way, name])
            done.add(name)

    for name in edges:
        visit(name, [])


def top_level(path):
    """The modules of seqlaws that are imported with a file, those for type checkers aside."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
