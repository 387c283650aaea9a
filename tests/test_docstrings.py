"""Docstrings of `properties/` begin with a verb or with the usual name of the thing."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VAGUE = ("What", "Another", "Something", "Whether", "Other", "Such", "Those", "So")
HOLDERS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FILES = [
    path
    for path in sorted((ROOT / "properties").rglob("*.py"))
    if not (path.name.startswith("test_") or "misreadings" in path.relative_to(ROOT).parts)
]


def vague(source):
    """Yield the line and the first word of each docstring that begins with a vague word."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, HOLDERS) and (words := (ast.get_docstring(node) or "").split()):
            first = words[0].rstrip(".,:;")
            if first in VAGUE:
                yield node.body[0].lineno, first


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_docstring_begins_with_a_verb_or_a_name(path):
    name = path.relative_to(ROOT)
    found = [f"{name}:{line}: {word}" for line, word in vague(path.read_text(encoding="utf-8"))]
    assert not found, "begin with a verb or the usual name of the thing:\n" + "\n".join(found)


@pytest.mark.parametrize("word", VAGUE)
@pytest.mark.parametrize(
    "source",
    [
        '"""{} it is."""',
        'class A:\n    """{}: a class."""',
        'def f():\n    """\n    {} it does.\n    """',
    ],
)
def test_a_vague_word_is_found(source, word):
    assert [found for _, found in vague(source.format(word))] == [word]


@pytest.mark.parametrize("source", ['"""Sort rows."""', 'x = "What"', "def f(): ...", '""""""'])
def test_other_words_are_none(source):
    assert not list(vague(source))
