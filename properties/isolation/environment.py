"""The environment of a process of its own."""

import os
from pathlib import Path

TELLTALES = ("PYTEST", "HYPOTHESIS", "SEQLAWS", "CI", "TOX", "COVERAGE")


def where_seqlaws_is() -> dict[str, str]:
    """What a process of a clone that is not installed needs to import seqlaws."""
    clone = Path(__file__).resolve().parents[2] / ".typings"
    return {"PYTHONPATH": str(clone)} if clone.is_dir() else {}


def silent() -> dict[str, str]:
    """The environment of this process without what speaks of a test."""
    return {k: v for k, v in os.environ.items() if not k.startswith(TELLTALES)}
