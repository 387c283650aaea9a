"""The same implementation in a process of its own, in which nothing speaks of a test.

An implementation may behave where it sees a test runner: loaded modules, the environment, names on
the stack. There, it is imported by a few lines of plain Python, and asked again.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from seqlaws.properties.discovery import loader
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.isolation.environment import silent, where_seqlaws_is
from seqlaws.properties.isolation.limits import EnoughError, Limits, LostError
from seqlaws.properties.isolation.supervisor import START, Process, array_of
from seqlaws.properties.isolation.transport import Channel, launch

# what the other process runs: it knows nothing of the suite
PROGRAM = """
import importlib, importlib.util
import numpy as np

def load(target, attribute, name):
    if target.endswith(".py"):
        sys.path.append(os.path.dirname(target))
        spec = importlib.util.spec_from_file_location(name, target)
        found = importlib.util.module_from_spec(spec)
        sys.modules[name] = found
        spec.loader.exec_module(found)
    else:
        found = importlib.import_module(target)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found() if isinstance(found, type) else found

def given(value, dtype, device, torch, jax):
    if isinstance(value, dict):
        return {name: given(v, dtype, device, torch, jax) for name, v in value.items()}
    if not isinstance(value, np.ndarray):
        return value
    if jax is not None:
        kind = dtype if value.dtype.kind == "f" else None
        return jax.device_put(jax.numpy.array(value, kind), jax.devices(device)[0])
    if torch is None:
        return value.astype(dtype) if value.dtype.kind == "f" else value
    tensor = torch.from_numpy(value)
    return (tensor.to(getattr(torch, dtype)) if value.dtype.kind == "f" else tensor).to(device)

def plain(value):
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.double().numpy() if value.is_floating_point() else value.numpy()
    value = np.asarray(value, float)
    return value.dtype.str, value.shape, value.tobytes()

def flat(values):
    values = values if isinstance(values, (tuple, list)) else (values,)
    return [v for one in values for v in (one.values() if isinstance(one, dict) else (one,))]

def in_order(outputs, arrays):
    values = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    names = [name for a in arrays if isinstance(a, dict) for name in a]
    return [{n: one[n] for n in names} if isinstance(one, dict) else one for one in values]

def work(ask):
    torch = importlib.import_module("torch") if ask["backend"] == "torch" else None
    jax = importlib.import_module("jax") if ask["backend"] == "jax" else None
    if jax is not None and ask["dtype"] == "float64":
        with jax.enable_x64(True):
            return called(ask, torch, jax)
    return called(ask, torch, jax)

def called(ask, torch, jax):
    make = lambda value: given(value, ask["dtype"], ask["device"], torch, jax)
    arrays = [make(a) for a in ask["arguments"]]
    cotangents = [make(c) for c in ask["cotangents"]]
    options = {n: make(o) for n, o in ask["options"].items()}
    function = getattr(subject, ask["operation"])
    back = getattr(subject, ask["operation"] + "_vjp", None)
    if not cotangents:
        outputs = function(*arrays, **options)
    elif back is not None:
        outputs = in_order(back(*cotangents, *arrays, **options), arrays)
    elif jax is not None:
        number = jax.numpy.floating
        leaves = [a for a in flat(arrays) if jax.numpy.issubdtype(getattr(a, "dtype", int), number)]
        def of(*traced):
            now = dict(zip(map(id, leaves), traced))
            def put(value):
                if isinstance(value, dict):
                    return {name: put(v) for name, v in value.items()}
                return now.get(id(value), value)
            return tuple(flat(function(*map(put, arrays), **options)))
        outputs = jax.vjp(of, *leaves)[1](tuple(cotangents))
    else:
        leaves = [a for a in flat(arrays) if hasattr(a, "requires_grad_") and a.is_floating_point()]
        for leaf in leaves:
            leaf.requires_grad_()
        outputs = flat(function(*arrays, **options))
        pairs = [(o, c) for o, c in zip(outputs, cotangents) if o.requires_grad]
        outputs, cotangents = zip(*pairs)
        outputs = torch.autograd.grad(outputs, leaves, cotangents, allow_unused=True)
        outputs = [torch.zeros_like(a) if g is None else g for a, g in zip(leaves, outputs)]
    return [plain(o) for o in flat(outputs)]

def answer(ask):
    try:
        return "answer", work(ask)
    except NotImplementedError as reason:
        return "not offered", str(reason)
    except Exception as error:
        return "raised", f"{type(error).__name__}: {error}"

subject = load(*arguments)
answering(answer)
"""
PLACES: dict[str, Process] = {}
os.register_at_fork(after_in_child=PLACES.clear)  # the pipes are the parent's


class Plain:
    """Begins the process of an implementation, with an environment that tells nothing."""

    def __init__(self, spec: str) -> None:
        self.generation = 0
        target, _, attribute = spec.partition(":")
        if target.endswith(".py"):
            target = str(Path(target).resolve())
        elif target in loader.bundled():
            target = f"{loader.GROUP}.{target}"
        elif target in loader.registered():
            target, _, attribute = loader.registered()[target].value.partition(":")
        self.target, self.attribute = target, attribute

    def begin(self, channel: Channel, libraries: list[str], limits: Limits) -> int:
        """A process that serves on the channel."""
        entries = [str(Path(entry).resolve()) for entry in sys.path]
        if self.target.startswith(loader.GROUP):  # a clone need not be installed
            entries += where_seqlaws_is().values()
        environment = {**silent(), "PYTHONPATH": os.pathsep.join(entries)}
        name = loader.module_name(Path(self.target))  # as here: that of a file may be a library's
        self.process = launch(
            PROGRAM, self.target, self.attribute, name, channel=channel, environment=environment
        )
        return self.process.pid

    def end(self, number: int, patience: float) -> int:
        """How it ended; it is ended, if it has not."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(number, signal.SIGKILL)
        return self.process.wait()


def end_elsewhere(spec: str) -> None:
    """End the process of an implementation, if it has one."""
    if spec in PLACES:
        PLACES.pop(spec).end()


def ask_elsewhere(
    spec: str,
    case: Case,
    traits: Mapping[str, str],
    *,
    vjp: bool = False,
    limits: Limits,
    until: float,
) -> tuple[str, Any]:
    """("answer", outputs or gradients by name), or ("raised" | "not offered", why).

    Raises LostError where the process ended or was ended, EnoughError at `until`.
    """
    operation = case.operation
    arrays = {name: np.array(a) for name, a in case.arrays.items()}
    arguments, options = operation.arranged(arrays, case.options)
    question = {
        **traits,
        "operation": operation.name,
        "dtype": case.dtype,
        "arguments": arguments,
        "options": options,
        "cotangents": [np.array(c) for c in case.cotangents.values()] if vjp else [],
    }
    new = spec not in PLACES
    if new:
        PLACES[spec] = Process(Plain(spec), limits)
    place = PLACES[spec]
    place.until = until
    try:
        kind, found = place.ask(question, START if new else limits.seconds)
    except (LostError, EnoughError):
        del PLACES[spec]
        raise
    if kind == "answer":
        names = case.differentiated if vjp else operation.outputs
        found = dict(zip(names, map(array_of, found), strict=False))
    return kind, found
