"""Lines of an implementation's own source that its calls execute."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from inspect import unwrap
from types import CodeType, FrameType, ModuleType
from typing import Any

from seqlaws.properties.isolation.threads import LIBRARIES, SUITE

Lines = dict[str, list[int]]  # by file


class Executed:
    """Lines that calls execute in the files of an implementation."""

    def __init__(self, namespace: Any) -> None:
        self.files = frozenset(files_of(namespace))
        self.left: dict[CodeType, set[int]] = {}  # of each function that was called
        self.new: dict[str, set[int]] = {}

    def during(self, call: Callable[[], Any]) -> Any:
        """Return what a call returns, and note its lines, unless a debugger traces already."""
        if sys.gettrace() is not None:
            return call()
        sys.settrace(self.entered)
        try:
            return call()
        finally:
            sys.settrace(None)

    def entered(self, frame: FrameType, event: str, _: Any) -> Any:
        """Trace function of a thread; a function of which all is known is not traced."""
        code = frame.f_code
        if code.co_filename not in self.files:
            return None
        if code not in self.left:
            self.left[code] = lines_of(code)
            self.note(code, code.co_firstlineno)
        return self.reached if self.left[code] else None

    def reached(self, frame: FrameType, event: str, _: Any) -> Any:
        """Trace function of a frame."""
        left = self.left[frame.f_code]
        if event == "line" and frame.f_lineno in left:
            left.remove(frame.f_lineno)
            self.note(frame.f_code, frame.f_lineno)
        return self.reached

    def note(self, code: CodeType, line: int) -> None:
        """Keep a line until it is told."""
        self.new.setdefault(code.co_filename, set()).add(line)

    def told(self) -> Lines:
        """Return the lines that were not told yet."""
        new, self.new = self.new, {}
        return {file: sorted(lines) for file, lines in new.items()}


def following(lines: Executed | None, call: Callable[[], Any]) -> Callable[[], Any]:
    """Return the call, of which the lines are noted if they are asked for."""
    return call if lines is None else partial(lines.during, call)


def lines_of(code: CodeType) -> set[int]:
    """Return the lines of a function, without its first one and without functions in it."""
    return {line for *_, line in code.co_lines() if line and line != code.co_firstlineno}


def files_of(namespace: Any) -> Iterator[str]:
    """Yield the source files of an implementation, libraries that it calls aside.

    They are those of its module, or of all modules of its package that are loaded, and those of
    its functions.
    """
    if isinstance(namespace, ModuleType):
        inside = f"{namespace.__name__}."
        parts = [m for name, m in list(sys.modules.items()) if name.startswith(inside)]
        for module in [namespace, *parts]:
            if file := getattr(module, "__file__", None):
                yield file
    for name in dir(namespace):
        function = getattr(namespace, name, None)
        if name.startswith("_") or not callable(function):
            continue
        code = getattr(unwrap(function), "__code__", None)
        if code is not None and not code.co_filename.startswith((*LIBRARIES, SUITE + os.sep)):
            yield code.co_filename
