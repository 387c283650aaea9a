"""Formats that exist, in the place of a specification: each is translated into one."""

import tempfile
from functools import cache
from pathlib import Path

from seqlaws.properties.own import flashinfer, kernelbench


@cache
def folder() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of translations, which is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="seqlaws_")


def as_specification(path: Path) -> Path:
    """Return a file that declares an operation: the file itself, or its translation.

    Raises NoRuleError for a problem or a definition that cannot be translated.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        source = flashinfer.specification_of(flashinfer.definition_of(path))
    elif "class Model(" in text and "def get_inputs(" in text:
        source = kernelbench.specification_of(kernelbench.problem_of(path))
    else:
        return path
    made = Path(folder().name) / f"{path.stem}.py"
    made.write_text(source, encoding="utf-8")
    return made
