"""Environment variables of a separate process."""

import os
from pathlib import Path

TELLTALES = ("PYTEST", "HYPOTHESIS", "SEQLAWS", "CI", "TOX", "COVERAGE")


def where_seqlaws_is() -> dict[str, str]:
    """Return the variables by which a process imports seqlaws from a clone, if any are needed."""
    clone = Path(__file__).resolve().parents[2] / ".typings"
    return {"PYTHONPATH": str(clone)} if clone.is_dir() else {}


def silent() -> dict[str, str]:
    """Return the environment of this process without the variables that reveal a test."""
    return {k: v for k, v in os.environ.items() if not k.startswith(TELLTALES)}
