"""What a call must leave as it was: random state, error settings, defaults, others' functions."""

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


def surroundings() -> dict[str, Any]:
    """The state of the process that a call has no business with; only of libraries loaded."""
    state: dict[str, Any] = {
        "random's state": hash(random.getstate()),
        "NumPy's random state": random_state(),
        "NumPy's error settings": tuple(sorted(np.geterr().items())),
        "NumPy's print options": str(np.get_printoptions()),
        "the environment": dict(os.environ),
        "the working directory": Path.cwd(),
        "the warning filters": str(warnings.filters),
        "the locale": locale.setlocale(locale.LC_NUMERIC),
        "the garbage collector": gc.isenabled(),
        "the recursion limit": sys.getrecursionlimit(),
        "the switch interval": sys.getswitchinterval(),
        "the treatment of subnormal numbers": bool(np.float32(1e-40) * np.float32(0.5)),
    }
    if "torch" in sys.modules:
        state |= torch_state(sys.modules["torch"])
    return state


def random_state() -> tuple[Any, ...]:
    """NumPy's legacy global generator, in short."""
    state: Any = np.random.get_state(legacy=False)
    inner = state["state"]
    return hash(inner["key"].tobytes()), inner["pos"], state["has_gauss"], state["gauss"]


def torch_state(torch: Any) -> dict[str, Any]:
    """torch's."""
    cudnn, cuda, mkldnn = torch.backends.cudnn, torch.backends.cuda, torch.backends.mkldnn
    return {
        "torch's random state": hash(torch.get_rng_state().numpy().tobytes()),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's grad mode": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "torch's thread count": torch.get_num_threads(),
        "torch's deterministic mode": torch.are_deterministic_algorithms_enabled(),
        "torch's matmul precision": torch.get_float32_matmul_precision(),
        "torch's anomaly mode": torch.is_anomaly_enabled(),
        "torch's autocast": torch.is_autocast_enabled("cpu"),
        "torch's cudnn flags": (cudnn.enabled, cudnn.benchmark, cudnn.deterministic),
        "torch's sdp flags": (
            cuda.flash_sdp_enabled(),
            cuda.math_sdp_enabled(),
            cuda.mem_efficient_sdp_enabled(),
        ),
        "torch's mkldnn flag": mkldnn.enabled if hasattr(mkldnn, "enabled") else None,
    }


def functions() -> dict[str, int]:
    """What a verdict rests on: functions of NumPy and torch, and all that the suite consists of."""
    names = ["numpy", "numpy.testing", "numpy.linalg", "math"]
    names += [n for n in ("torch", "torch.testing", "torch.nn.functional") if n in sys.modules]
    ours = [n for n in sys.modules if n.startswith(("seqlaws.reference", "seqlaws.properties"))]
    found: dict[str, int] = {}
    for name in names + ours:
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            for attribute, value in list(vars(module).items()):
                found |= identity(f"{name}.{attribute}", value, deep=name in ours)
    return found


def identity(name: str, value: Any, *, deep: bool) -> dict[str, int]:
    """What of a value is not to change; deep: constants, and the parts of a class, too."""
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
    if deep and isinstance(value, type) and value.__module__.startswith("seqlaws."):
        for attribute, part in list(vars(value).items()):
            found |= identity(f"{name}.{attribute}", part, deep=True)
    return found


REMEMBERED: dict[str, int] = {}
AT_FIRST: dict[str, Any] = {}
PASSING = (
    "random",
    "environment",
    "warning",
    "switch interval",
    "recursion",
)  # may differ later by right


def note_at_first() -> None:
    """Note what is to last, of the libraries that are loaded by now and were not before."""
    for name, value in surroundings().items():
        if not any(word in name for word in PASSING):
            AT_FIRST.setdefault(name, value)


def reseed(seed: int) -> None:
    """Random states that no subject leaves behind, so that one that seeds them is seen."""
    random.seed(seed)
    np.random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def remember() -> None:
    """Note every function and setting, before an implementation is imported."""
    note_at_first()
    importlib.import_module("numpy.testing")  # what a test would compare with
    REMEMBERED.clear()
    REMEMBERED.update(functions())


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What is no longer as it was."""
    return [name for name, value in before.items() if name in after and after[name] != value]


WATCHED: dict[str, Any] = {}


def watch(seed: int) -> None:
    """Note the surroundings, with random states and warning filters that nobody leaves behind."""
    reseed(seed)
    warnings.simplefilter("always")
    WATCHED.clear()
    WATCHED.update(surroundings())


def changed() -> list[str]:
    """What changed since, or is not as it was before anything was called."""
    after = surroundings()
    return list(dict.fromkeys([*differences(WATCHED, after), *differences(AT_FIRST, after)]))


def unlike_first() -> list[str]:
    """What is not as it was before anything was called."""
    return differences(AT_FIRST, surroundings())


def replaced() -> list[str]:
    """The functions that are others than before an implementation was imported."""
    return differences(REMEMBERED, functions())


def left() -> dict[str, int]:
    """How many threads, file descriptors and child processes there are, where that can be told."""
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
