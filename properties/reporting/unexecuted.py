"""Lines of an implementation that no call of a run executed: what "passed" says nothing about."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from seqlaws.properties.isolation.executed_lines import lines_of
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.reporting.lines import shorten

SOURCE = 60  # characters of a line that is shown


@dataclass(frozen=True)
class Gap:
    """Lines of a function that were not executed, one after another, and the line before them.

    file: the path on the machine of the run. source: the text of the line before.
    """

    file: str
    function: str
    first: int
    last: int
    before: int
    source: str

    def __str__(self) -> str:
        lines = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        where = f"{Path(self.file).name}:{lines}"
        return f"never executed: {where}, after line {self.before}: {self.source}"


def gaps(verdicts: Iterable[Verdict]) -> list[Gap]:
    """Return what was not executed of functions that were called, in the order of the source.

    What raises an exception is left out: to refuse is no answer. So is a file that has no source.
    """
    executed: dict[str, set[int]] = {}
    for verdict in verdicts:
        for file, lines in verdict.executed.items():
            executed.setdefault(file, set()).update(lines)
    return [gap for file in sorted(executed) for gap in gaps_of(file, executed[file])]


def told(verdicts: Iterable[Verdict]) -> list[str]:
    """Return a sentence for each gap, or one that there is none; nothing if no line was noted."""
    verdicts = [v for v in verdicts if v.executed]
    none = "every line of each function that was called was executed"
    return [str(gap) for gap in gaps(verdicts)] or ([none] if verdicts else [])


def gaps_of(file: str, executed: set[int]) -> Iterator[Gap]:
    """Yield what was not executed of a file."""
    try:
        text = Path(file).read_text(encoding="utf-8")
        tree, module = ast.parse(text), compile(text, file, "exec")
    except (OSError, SyntaxError, ValueError):
        return
    raising = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    source = text.splitlines()
    for code in functions_in(module):
        if code.co_firstlineno not in executed:
            continue
        before, missing = code.co_firstlineno, list[int]()
        for line in [*sorted(lines_of(code) - raising), 0]:
            if line and line not in executed:
                missing.append(line)
                continue
            if missing:
                shown = shorten(source[before - 1].strip(), SOURCE)
                yield Gap(file, code.co_qualname, missing[0], missing[-1], before, shown)
            before, missing = line, []


def functions_in(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of each function, those in functions and classes too."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from functions_in(constant)
