"""The laws as they are to be read: level, statement and source of each."""

import inspect
import sys
from typing import Any

from seqlaws import reference
from seqlaws.properties.laws import LAWS, Law


def statements() -> dict[str, dict[str, Any]]:
    """Return every registered law for verdict.json, by "operation.law"."""
    return {
        f"{operation}.{law.name}": {
            "level": law.level,
            "statement": inspect.cleandoc(law.statement),
            "source": source(law, operation),
        }
        for law in LAWS.values()
        for operation in law.operations
    }


def source(law: Law, operation: str) -> str:
    """The papers that the law's file names, or else those that the operation is from."""
    file = inspect.cleandoc(sys.modules[law.check.__module__].__doc__ or "")
    _, _, cited = file.partition("\n\n")
    made = inspect.getmodule(getattr(reference, operation, None))
    if not cited and made is not None:
        paragraphs = inspect.cleandoc(made.__doc__ or "").split("\n\n")
        cited = next((p for p in paragraphs if p.startswith("Sources:")), "")
    return " ".join(cited.removeprefix("Sources:").split())
