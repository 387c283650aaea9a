"""Formats that exist, in the place of a specification: each is translated into one."""

import tempfile
from functools import cache
from pathlib import Path

from seqlaws.properties.own import flashinfer, kernelbench
from seqlaws.properties.own.adding import bundled
from seqlaws.properties.own.kernelbench_problem import problem_of
from seqlaws.properties.own.proof import SpecError
from seqlaws.properties.own.torch_graph import NoRuleError


@cache
def folder() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of translations, which is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="seqlaws_")


def as_specification(file: str | Path) -> Path:
    """Return a file that declares an operation: the file itself, or its translation.

    Raises SpecError for a problem or a definition that cannot be translated.
    """
    path = bundled(file)
    try:
        source = translation(path) if path.is_file() else ""
    except NoRuleError as error:
        raise SpecError(
            f"--spec {file}: {error}; write a specification in NumPy instead"
        ) from error
    if not source:
        return path
    made = Path(folder().name) / f"{path.stem}.py"
    made.write_text(source, encoding="utf-8")
    return made


def translation(path: Path) -> str:
    """Return the source of a specification for a problem or a definition; "" for other files."""
    if path.suffix == ".json":
        return flashinfer.specification_of(flashinfer.definition_of(path))
    text = path.read_text(encoding="utf-8")
    if "class Model(" in text and "def get_inputs(" in text:
        return kernelbench.specification_of(problem_of(path))
    return ""
