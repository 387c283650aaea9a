"""Global state that a call must not change: random state, settings, functions of libraries."""

import gc
import importlib
import locale
import os
import random
import sys
import threading
import warnings
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from seqlaws.properties.backends.registry import loaded


def surroundings() -> dict[str, Any]:
    """The state of the process that a call has no business with; only of libraries loaded."""
    state: dict[str, Any] = {
        "random's state": hash(random.getstate()),
        "the environment": dict(os.environ),
        "the working directory": Path.cwd(),
        "the warning filters": str(warnings.filters),
        "the locale": locale.setlocale(locale.LC_NUMERIC),
        "the garbage collector": gc.isenabled(),
        "the recursion limit": sys.getrecursionlimit(),
        "the switch interval": sys.getswitchinterval(),
        "the treatment of subnormal numbers": bool(np.float32(1e-40) * np.float32(0.5)),
    }
    for library in loaded().values():
        # even where no implementation declares it: one may use it, or change it, on the side
        state |= library.state()
    return state


def functions() -> dict[str, int]:
    """Fingerprint the functions that a verdict depends on: those of libraries and of the suite."""
    names = ["math", *(module for library in loaded().values() for module in library.modules)]
    ours = [n for n in sys.modules if n.startswith(("seqlaws.reference", "seqlaws.properties"))]
    found: dict[str, int] = {}
    for name, deep in (dict.fromkeys(names, False) | dict.fromkeys(ours, True)).items():
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            for attribute, value in list(vars(module).items()):
                found |= identity(f"{name}.{attribute}", value, deep=deep)
    return found


def identity(name: str, value: Any, *, deep: bool) -> dict[str, int]:
    """Fingerprint the parts of a value that must not change.

    deep: include constants, and the parts of the suite's own classes, each where it is defined.
    """
    if isinstance(value, (property, cached_property, staticmethod, classmethod)):
        value = getattr(value, "fget", None) or getattr(value, "func", value)
    if not callable(value):
        constant = deep and isinstance(value, (int, float, str, tuple))
        return {name: hash(repr(value))} if constant else {}
    found = {name: id(value)}
    code = getattr(value, "__code__", None)
    if code is not None:
        found[f"{name}'s code"] = id(code)
        found[f"{name}'s defaults"] = hash(repr(value.__defaults__))
    if deep and isinstance(value, type) and name == f"{value.__module__}.{value.__qualname__}":
        for attribute, part in list(vars(value).items()):
            found |= identity(f"{name}.{attribute}", part, deep=True)
    return found


REMEMBERED: dict[str, int] = {}
AT_FIRST: dict[str, Any] = {}
PASSING = (  # may differ later by right
    "random's state",
    "the environment",
    "the warning filters",
    "the switch interval",
    "the recursion limit",
)


def note_at_first() -> None:
    """Note what is to last, of the libraries that are loaded by now and were not before."""
    passing = {*PASSING, *(name for library in loaded().values() for name in library.passing)}
    for name, value in surroundings().items():
        if name not in passing:
            AT_FIRST.setdefault(name, value)


def reseed(seed: int) -> None:
    """Random states that no subject leaves behind, so that one that seeds them is seen."""
    random.seed(seed)
    for library in loaded().values():
        library.seed(seed)


def remember() -> None:
    """Note every function and setting, before an implementation is imported."""
    note_at_first()
    importlib.import_module("numpy.testing")  # what a test would compare with
    REMEMBERED.clear()
    REMEMBERED.update(functions())


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names in both states whose values differ."""
    return [name for name, value in before.items() if name in after and after[name] != value]


WATCHED: dict[str, Any] = {}


def watch(seed: int) -> None:
    """Note the surroundings, with random states and warning filters that nobody leaves behind."""
    reseed(seed)
    warnings.simplefilter("always")
    WATCHED.clear()
    WATCHED.update(surroundings())


def changed() -> list[str]:
    """Return the names of the state that changed since `watch` or since it was first noted."""
    after = surroundings()
    return list(dict.fromkeys([*differences(WATCHED, after), *differences(AT_FIRST, after)]))


def unlike_first() -> list[str]:
    """Return the names of the lasting state that changed since it was first noted."""
    return differences(AT_FIRST, surroundings())


def replaced() -> list[str]:
    """The functions that are others than before an implementation was imported."""
    return differences(REMEMBERED, functions())


def left() -> dict[str, int]:
    """Count the threads, and where /proc exists the file descriptors and child processes."""
    found = {"thread": threading.active_count()}
    task = Path("/proc/self/task")
    if task.is_dir():
        found = {
            "thread": len(list(task.iterdir())),
            "file descriptor": len(list(Path("/proc/self/fd").iterdir())),
            "process": sum(
                len(children.read_text(encoding="ascii").split())
                for children in task.glob("*/children")
            ),
        }
    return found
