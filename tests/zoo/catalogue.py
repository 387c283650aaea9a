"""The list of all wrong and right implementations: `entry.witness(load(entry))` shows a defect."""

import importlib
import sys
from pathlib import Path

# Loaded by its path, this file finds its siblings through the tests folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from zoo.entries import ENTRIES, Entry

BACKENDS = ("numpy", "torch")
_FILES = sorted(p for p in Path(__file__).parent.glob("*.py") if p.name[:6] in ("wrong_", "right_"))


def _entries(kind, backends):
    for path in _FILES:
        if "torch" in backends or "torch" not in path.stem:
            importlib.import_module(f"zoo.{path.stem}")
    return [e for e in ENTRIES.values() if e.kind == kind and e.backend in backends]


def wrong(backends=BACKENDS) -> list[Entry]:
    """The implementations that break the contract; torch is imported only if asked for."""
    return _entries("wrong", backends)


def right(backends=BACKENDS) -> list[Entry]:
    """The implementations that keep it."""
    return _entries("right", backends)


def load(entry):
    """The subject of an entry."""
    file = entry.target.partition(".")[0]
    return getattr(importlib.import_module(f"zoo.{file}"), entry.name)
