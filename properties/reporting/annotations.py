"""Annotations of GitHub Actions: each cause at the line of the function that it is about."""

import ast
import importlib.util
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from seqlaws.properties.discovery.loader import location
from seqlaws.properties.judging.cause import Cause

AT_MOST = 10  # annotations of a kind that GitHub shows for a step


def is_on_github() -> bool:
    """Return True in a job of GitHub Actions, which reads annotations."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotations(causes: Iterable[Cause], specs: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each cause: an error for a MUST, otherwise a warning.

    specs: of the implementations, by name.
    """
    shown: dict[str, int] = {}
    for cause in causes:
        kind = "error" if cause.level == "MUST" else "warning"
        shown[kind] = shown.get(kind, 0) + 1
        if shown[kind] > AT_MOST:
            continue
        operation = cause.operations[0] if cause.operations else ""
        file, line = place_of(specs.get(cause.implementation, ""), operation)
        where = f"file={in_property(file)},line={line}," if file else ""
        laws = f"{len(cause.laws)} law{'s' if len(cause.laws) != 1 else ''}"
        said = f"{cause.sentence} [{laws}]" + (f"; {cause.remedy}" if cause.remedy else "")
        yield f"::{kind} {where}title={in_property(f'seqlaws: {operation}')}::{in_text(said)}"


def place_of(spec: str, operation: str) -> tuple[str, int]:
    """Return the file and the line of an operation's function; ("", 0) if its file is not known.

    Line 1 if the file does not define the function by its name. The file is read, not imported:
    it may be one that runs in a process of its own.
    """
    target, attribute = location(spec)
    file = target if target.endswith(".py") else file_of_module(target)
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return "", 0
    inside: ast.AST = tree
    for name in attribute.split(".") if attribute else ():
        found = (node for node in ast.iter_child_nodes(inside) if getattr(node, "name", "") == name)
        inside = next(found, inside)
    functions = (
        node.lineno
        for part in (inside, tree)
        for node in ast.walk(part)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == operation
    )
    return relative(file), next(functions, 1)


def file_of_module(name: str) -> str:
    """Return the file of a module; "" if there is none."""
    with suppress(ImportError, ValueError):
        found = importlib.util.find_spec(name)
        return str(found.origin or "") if found else ""
    return ""


def relative(file: str) -> str:
    """Return a path as GitHub shows it: relative to the repository, if it lies there."""
    root = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd()).resolve()
    path = Path(file).resolve()
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def in_text(text: str) -> str:
    """Return a message with what would end it escaped."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def in_property(text: str) -> str:
    """Return a property with what would end it escaped."""
    return in_text(text).replace(":", "%3A").replace(",", "%2C")
