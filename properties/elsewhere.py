"""The same implementation in a process of its own, in which nothing speaks of a test.

An implementation may behave where it sees a test runner: loaded modules, the environment, names on
the stack. There, it is imported by a few lines of plain Python, and asked again.
"""

import atexit
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqlaws.properties.cases import Case
from seqlaws.properties.operations import OPERATIONS

# what the other process runs: it knows nothing of the suite, and speaks on descriptors of its own
PROGRAM = """
import importlib, importlib.util, os, pickle, struct, sys
import numpy as np

def load(target, attribute):
    if target.endswith(".py"):
        sys.path.append(os.path.dirname(target))
        name = os.path.splitext(os.path.basename(target))[0]
        spec = importlib.util.spec_from_file_location(name, target)
        found = importlib.util.module_from_spec(spec)
        sys.modules[name] = found
        spec.loader.exec_module(found)
    else:
        found = importlib.import_module(target)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    return found() if isinstance(found, type) else found

def given(value, dtype, device, torch):
    if not isinstance(value, np.ndarray):
        return value
    if torch is None:
        return value.astype(dtype) if value.dtype.kind == "f" else value
    tensor = torch.from_numpy(value)
    return (tensor.to(getattr(torch, dtype)) if value.dtype.kind == "f" else tensor).to(device)

def plain(value):
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        return value.double().numpy() if value.is_floating_point() else value.numpy()
    return np.asarray(value, float)

def work(ask):
    torch = importlib.import_module("torch") if ask["backend"] == "torch" else None
    make = lambda value: given(value, ask["dtype"], ask["device"], torch)
    arrays = [make(a) for a in ask["arrays"]]
    options = {n: make(o) for n, o in ask["options"].items()}
    outputs = getattr(subject, ask["operation"])(*arrays, **options)
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    return [plain(o) for o in outputs]

incoming, outgoing = int(sys.argv[1]), int(sys.argv[2])
target, attribute = sys.argv[3], sys.argv[4]
sys.argv = ["program"]
subject = load(target, attribute)
with os.fdopen(incoming, "rb") as source, os.fdopen(outgoing, "wb") as sink:
    while head := source.read(8):
        ask = pickle.loads(source.read(struct.unpack("<q", head)[0]))
        try:
            answer = "answer", work(ask)
        except NotImplementedError as reason:
            answer = "not offered", str(reason)
        except Exception as error:
            answer = "raised", f"{type(error).__name__}: {error}"
        data = pickle.dumps(answer)
        sink.write(struct.pack("<q", len(data)) + data)
        sink.flush()
"""
TELLTALES = ("PYTEST", "HYPOTHESIS", "SEQLAWS", "CI", "TOX", "COVERAGE")


class Elsewhere:
    """One implementation in another process; started when it is first asked."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, with an environment that tells nothing."""
        target, _, attribute = self.spec.partition(":")
        if target.endswith(".py"):
            target = str(Path(target).resolve())
        elif "." not in target:
            target = f"seqlaws.impls.{target}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(TELLTALES)}
        clone = Path(__file__).resolve().parents[1] / ".typings"
        if target.startswith("seqlaws.") and clone.is_dir():
            environment["PYTHONPATH"] = str(clone)
        theirs_in, self.to = os.pipe()
        self.back, theirs_out = os.pipe()
        command = [sys.executable, "-c", PROGRAM, str(theirs_in), str(theirs_out)]
        self.process = subprocess.Popen(  # noqa: S603  # our own program
            [*command, target, attribute],
            env=environment,
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        atexit.register(self.stop)

    def stop(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(
        self, case: Case, traits: Mapping[str, str], options: Mapping[str, Any]
    ) -> tuple[str, Any]:
        """("answer", outputs by name), or ("raised" | "not offered" | "died", a sentence)."""
        if self.process is None:
            self.start()
        question = {
            **traits,
            "operation": case.operation,
            "dtype": case.dtype,
            "arrays": [np.array(a) for a in case.arrays.values()],
            "options": dict(options),
        }
        try:
            send(self.to, question)
            kind, found = receive(self.back)
        except (OSError, EOFError, struct.error):
            self.stop()
            return "died", "the process that it was called in came to an end"
        if kind == "answer":
            found = dict(zip(OPERATIONS[case.operation].outputs, found, strict=False))
        return kind, found


def send(descriptor: int, question: dict[str, Any]) -> None:
    """Its length, then its pickle."""
    data = pickle.dumps(question)
    view = memoryview(struct.pack("<q", len(data)) + data)
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int) -> tuple[str, Any]:
    """What came back. Raises EOFError if nothing did."""
    (length,) = struct.unpack("<q", exactly(descriptor, 8))
    answer: tuple[str, Any] = pickle.loads(exactly(descriptor, length))  # noqa: S301  # our program's
    return answer


def exactly(descriptor: int, length: int) -> bytes:
    """So many bytes. Raises EOFError if there are fewer."""
    parts = []
    while length:
        part = os.read(descriptor, min(length, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


PLACES: dict[str, Elsewhere] = {}


def elsewhere(spec: str) -> Elsewhere:
    """The one other process of an implementation."""
    return PLACES.setdefault(spec, Elsewhere(spec))
