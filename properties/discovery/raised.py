"""Exceptions of an implementation: their text, and the line of its own file that they come from."""

import inspect
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from seqlaws.properties.discovery.loader import FILES

LINES_AT_MOST = 20


def text_of(error: BaseException) -> str:
    """Return the name of the exception's type and its text, in some lines at most."""
    lines = f"{type(error).__name__}: {said_by(error)}".strip().splitlines()
    more = len(lines) - LINES_AT_MOST
    return "\n".join([*lines[:LINES_AT_MOST], *([f"... {more} more lines"] if more > 0 else [])])


def said_by(error: BaseException) -> str:
    """Return the exception's own text, or say that it cannot be had."""
    try:
        return str(error)
    except BaseException:  # whatever a stranger's text does
        return "(its text cannot be had)"


def line_of(error: BaseException, namespace: Any) -> str:
    """Return "file:line" of the innermost frame in the implementation's own file, or ""."""
    told = getattr(error, "raised_at", None)  # by the process that it was raised in
    if isinstance(told, str):
        return told
    files = set(files_of(namespace))
    packages = tuple(f.removesuffix("__init__.py") for f in files if f.endswith("__init__.py"))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files or (packages and frame.filename.startswith(packages)):
            return f"{shortened(frame.filename)}:{frame.lineno}"
    return ""


def files_of(namespace: Any) -> Iterator[str]:
    """Yield the files of a module, or of a class or an object and its functions."""
    yield from map(str, FILES.values())
    for part in (namespace, type(namespace), *functions_of(namespace)):
        with suppress(TypeError, OSError):  # what is built in has no file
            file = inspect.getsourcefile(inspect.unwrap(part))
            if file is not None:
                yield file


def functions_of(namespace: Any) -> list[Any]:
    """The functions of an object that is no module."""
    if inspect.ismodule(namespace):
        return []
    return [value for value in getattr(namespace, "__dict__", {}).values() if callable(value)]


def shortened(file: str) -> str:
    """The path from here, where the file is below; else the whole one."""
    with suppress(ValueError, OSError):
        return str(Path(file).relative_to(Path.cwd()))
    return file
