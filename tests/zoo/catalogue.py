"""The list of all wrong and right implementations: `entry.witness(load(entry))` shows a defect."""

import importlib
from pathlib import Path

from zoo.entries import ENTRIES, Entry

BACKENDS = ("numpy", "torch")
HERE = Path(__file__).parent
_FILES = sorted(p for p in HERE.glob("*/*.py") if p.name.startswith(("wrong", "right")))


def _entries(kind, backends):
    for path in _FILES:
        if "torch" in backends or "torch" not in path.stem:
            importlib.import_module(f"zoo.{path.parent.name}.{path.stem}")
    return [e for e in ENTRIES.values() if e.kind == kind and e.backend in backends]


def wrong(backends=BACKENDS) -> list[Entry]:
    """The implementations that break the contract; torch is imported only if asked for."""
    return _entries("wrong", backends)


def right(backends=BACKENDS) -> list[Entry]:
    """The implementations that keep it."""
    return _entries("right", backends)


def load(entry):
    """The subject of an entry."""
    module = module_of(entry.target)
    return getattr(importlib.import_module(module), entry.name)


def module_of(target):
    """The module of a target, "folder/file.py:object"."""
    return "zoo." + target.partition(".")[0].replace("/", ".")
