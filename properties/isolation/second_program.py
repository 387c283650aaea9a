"""Second program: the same implementation in a process that shows no sign of a test.

An implementation may recognise a test runner by loaded modules, by the environment or by names on
the stack. The second program imports it by a few lines of plain Python and calls it again.
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

from seqlaws.properties.backends.protocol import Backend, holding
from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.discovery import loader
from seqlaws.properties.discovery.convention import Convention
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.isolation.environment import silent, where_seqlaws_is
from seqlaws.properties.isolation.limits import EnoughError, Limits, LostError
from seqlaws.properties.isolation.supervisor import START, Process, array_of
from seqlaws.properties.isolation.transport import Channel, launch

# what the other process runs: it knows nothing of the suite; the source of a library comes between
LOADING = """
import importlib, importlib.util
import numpy as np

def load(target, attribute, name):
    for known in [n for n in sys.modules if n.startswith("__editable__")]:
        del sys.modules[known]  # that of an editable install, loaded before any program
    if target.endswith(".py"):
        spec = importlib.util.spec_from_file_location(name, target)
        found = importlib.util.module_from_spec(spec)
        sys.modules[name] = found
        source = spec.loader.get_data(target)  # what stands there now, and no bytecode of it
        exec(spec.loader.source_to_code(source, target), vars(found))
    else:
        found = importlib.import_module(target)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found() if isinstance(found, type) else found

def array(values, dtype, device):
    return values

def values(array):
    return np.asarray(array, float)
"""
ANSWERING = """
def given(value, dtype, device):
    if isinstance(value, dict):
        return {name: given(v, dtype, device) for name, v in value.items()}
    return array(value, dtype, device) if isinstance(value, np.ndarray) else value

def plain(output):
    found = np.asarray(values(output), float)
    return found.dtype.str, found.shape, found.tobytes()

def flat(values):
    values = values if isinstance(values, (tuple, list)) else (values,)
    return [v for one in values for v in (one.values() if isinstance(one, dict) else (one,))]

def in_order(outputs, arrays):
    values = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    names = [name for a in arrays if isinstance(a, dict) for name in a]
    return [{n: one[n] for n in names} if isinstance(one, dict) else one for one in values]

def work(ask):
    make = lambda value: given(value, ask["dtype"], ask["device"])
    arrays = [make(a) for a in ask["arguments"]]
    cotangents = [make(c) for c in ask["cotangents"]]
    options = {n: make(o) for n, o in ask["options"].items()}
    function = getattr(subject, ask["operation"])
    buffers = [make(b) for b in ask["buffers"]]
    written = {ask["writes"]: buffers[0] if len(buffers) == 1 else tuple(buffers)}
    back = getattr(subject, ask["operation"] + "_vjp", None)
    if not cotangents:
        outputs = function(*arrays, **options, **(written if buffers else {}))
        outputs = buffers or outputs
    elif back is not None:
        outputs = in_order(back(*cotangents, *arrays, **options), arrays)
    else:
        every = flat(arrays)
        leaves = [every[k] for k in ask["leaves"]]
        def of(*now):
            replaced = dict(zip(map(id, leaves), now))
            def put(value):
                if isinstance(value, dict):
                    return {name: put(v) for name, v in value.items()}
                return replaced.get(id(value), value)
            found = flat(function(*map(put, arrays), **options))
            return [found[k] for k in ask["pulled"]]
        outputs = gradients(of, cotangents, leaves)
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
PLACES: dict[tuple[str, str], Process] = {}  # by spec and library
os.register_at_fork(after_in_child=PLACES.clear)  # the pipes are the parent's


def program_of(library: type[Backend]) -> str:
    """The source of the other process for an implementation that takes a library's arrays."""
    sources = library.source_of_array, library.source_of_values, library.source_of_gradients
    return "".join([LOADING, *(f"{line}\n" for line in library.imports), *sources, ANSWERING])


class Plain:
    """Begins the process of an implementation, with an environment that tells nothing."""

    def __init__(self, spec: str, library: str) -> None:
        self.generation, self.program = 0, program_of(BACKENDS[library])
        self.target, self.attribute = loader.location(spec)
        if self.target.endswith(".py"):
            self.target = str(Path(self.target).resolve())

    def begin(self, channel: Channel, libraries: list[str], limits: Limits) -> int:
        """A process that serves on the channel."""
        known = [Path(entry).resolve() for entry in sys.path]
        entries = [str(entry) for entry in known if entry.exists()]  # an editable install's is none
        if self.target.startswith(loader.GROUP):  # a clone need not be installed
            entries += where_seqlaws_is().values()
        if self.target.endswith(".py"):
            entries += loader.import_folders(Path(self.target))
        environment = {**silent(), "PYTHONPATH": os.pathsep.join(entries)}
        name = loader.module_name(Path(self.target))  # as here: that of a file may be a library's
        self.process = launch(
            self.program,
            self.target,
            self.attribute,
            name,
            channel=channel,
            environment=environment,
        )
        return self.process.pid

    def end(self, number: int, patience: float) -> int:
        """End the process and return its exit status."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(number, signal.SIGKILL)
        return self.process.wait()


def end_elsewhere(spec: str) -> None:
    """End the processes of an implementation, if it has any."""
    for place in [place for place in PLACES if place[0] == spec]:
        PLACES.pop(place).end()


def ask_elsewhere(
    spec: str,
    case: Case,
    traits: Mapping[str, str],
    convention: Convention,
    *,
    vjp: bool = False,
    limits: Limits,
    until: float,
) -> tuple[str, Any]:
    """("answer", outputs or gradients by name), or ("raised" | "not offered", why).

    traits: "backend" and "device". Raises LostError where the process ended or was ended,
    EnoughError at `until`.
    """
    operation, place = case.operation, (spec, traits["backend"])
    given = {n: np.asarray(convention.given(n, a)) for n, a in case.arrays.items()}
    arrays = {name: stored(a, case.dtype) for name, a in given.items()}
    options = {name: stored(o, case.dtype) for name, o in case.options.items()}
    arguments, named = operation.arranged(arrays, options)
    pulled = case.cotangents.items() if vjp else ()
    cotangents = [np.asarray(convention.given(*c)) for c in pulled]  # one of no axis is a number
    question = {
        "operation": operation.name,
        "dtype": case.dtype,
        "device": traits["device"],
        "arguments": arguments,
        "options": named,
        "leaves": [k for k, n in enumerate(operation.entries(arrays)) if n in case.differentiated],
        "pulled": [convention.returned.index(n) for n in operation.pulled],
        "cotangents": [stored(c, case.dtype) for c in cotangents],
        "writes": convention.writes,
        "buffers": [stored(b, case.dtype) for b in convention.unwritten(case).values()],
    }
    new = place not in PLACES
    if new:
        PLACES[place] = Process(Plain(*place), limits)
    process = PLACES[place]
    process.until = until
    try:
        kind, found = process.ask(question, START if new else limits.seconds)
    except (LostError, EnoughError):
        del PLACES[place]
        raise
    if kind == "raised" and traits["device"] != "cpu":  # its device may be unusable from now on
        PLACES.pop(place).end()
    if kind == "answer":
        names = case.differentiated if vjp else convention.returned
        named = dict(zip(names, map(array_of, found), strict=False))
        found = {name: convention.taken(name, array) for name, array in named.items()}
    return kind, found


def stored(value: Any, dtype: str) -> Any:
    """An array in the dtype of NumPy that holds its numbers; anything else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    return value.astype(holding(dtype)) if value.dtype.kind == "f" else np.array(value)
