"""A script that shows a failure again; it needs the implementation and its library, no suite."""

import base64
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from seqlaws.properties.backends.protocol import holding
from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.discovery.loader import import_folders, is_named, location
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.subjects.record import Call, Entry, LawBrokenError
from seqlaws.properties.subjects.subject import Subject

NONZERO_AT_MOST, ENTRIES_AT_MOST = 24, 2000  # of an array that is written entry by entry
CALLS_AT_MOST = 3
SPARSE = """
def sparse(shape, dtype, entries):
    array = np.zeros(shape, dtype)
    for at, value in entries.items():
        array[at] = value
    return array
"""


def script(subject: Subject, broken: LawBrokenError) -> str:
    """The source of a program that makes the calls again and asserts what is expected."""
    calls = subject.record.calls[-CALLS_AT_MOST:]
    lines = [line for k, call in enumerate(calls) for line in calling(subject, call, k > 0)]
    if broken.entry is not None and calls and is_answered(broken.entry, calls[-1]):
        lines += asserting(broken.entry, names_of(calls[-1]))
    body = "\n".join(lines)
    library = BACKENDS[subject.traits.backend]
    needed = {
        "sparse(": SPARSE,
        "array(": library.source_of_array,
        "gradients(": library.source_of_gradients,
    }
    helpers = [source for name, source in needed.items() if source and name in body]
    head = ["import base64, zlib"] if "zlib." in body else []
    head += ["import numpy as np", *library.imports, *importing(subject.spec)]
    return "\n".join([*head, *helpers, body])


def names_of(call: Call) -> list[str]:
    """The names of what a call returns, in order."""
    return call.case.differentiated if call.vjp else list(call.case.operation.outputs)


def is_answered(worst: Entry, last: Call) -> bool:
    """Return True if the entry is in the last call's answer, not in what a law computes from it."""
    if worst.output not in names_of(last):
        return False
    if last.outputs is None:  # it was asked elsewhere
        return True
    answer, at = last.outputs[worst.output], worst.index
    inside = len(at) == answer.ndim and all(i < n for i, n in zip(at, answer.shape, strict=True))
    return inside and np.array_equal(answer[at], worst.observed, equal_nan=True)


def asserting(worst: Entry, names: list[str]) -> list[str]:
    """Lines that hold the entry to what is expected."""
    expected, allowed = numbers(worst.expected), numbers(worst.allowed)
    holds = f"found == {expected} or abs(found - {expected}) <= {allowed}"
    if np.isnan(worst.expected):
        holds = "np.isnan(found)"
    says = f"{worst.place} is {{found!r}}, expected {expected}, allowed {allowed}"
    index = ", ".join(map(str, worst.index))
    return [
        f"found = float(outputs[{names.index(worst.output)}][{index}])",
        f"assert {holds}, f{says!r}",
    ]


def importing(spec: str) -> list[str]:
    """Lines that bring the implementation into scope as `subject`."""
    if not is_named(spec):
        return [f"subject = ...  # the {spec[1:-1]} that was given"]
    target, attribute = location(spec)
    if target.endswith(".py"):
        lines = ["import importlib.util, sys"]
        lines += [
            f"sys.path.append({folder!r})" for folder in import_folders(Path(target).resolve())
        ]
        lines += [f"spec = importlib.util.spec_from_file_location('subject', {target!r})"]
        lines += ["subject = sys.modules['subject'] = importlib.util.module_from_spec(spec)"]
        lines += ["spec.loader.exec_module(subject)"]
    else:
        lines = ["import importlib", f"subject = importlib.import_module({target!r})"]
    if attribute:
        lines += [f"subject = subject.{attribute}"]
        lines += ["subject = subject() if isinstance(subject, type) else subject"]
    return lines


def calling(subject: Subject, call: Call, again: bool = False) -> list[str]:
    """Lines that make one call; its outputs in `outputs`, always a sequence.

    again: behind another call, whose dicts are filled anew.
    """
    vjp, case, operation = call.vjp, call.case, call.case.operation
    cotangents = {f"d{n}": c for n, c in case.cotangents.items() if vjp}
    options = {n: o for n, o in case.options.items() if isinstance(o, np.ndarray)}
    dicts = dict.fromkeys(n.partition(".")[0] for n in case.arrays if "." in n)
    lines = [f"{one}.clear()" if again else f"{one} = {{}}" for one in dicts]
    lines += [
        f"{variable(n)} = {made(subject, a)}"
        for n, a in {**cotangents, **case.arrays, **options}.items()
    ]
    placed = [numbers(case.options[n]) if n in case.options else n for n in operation.arguments]
    named = {n: o for n, o in case.options.items() if operation.is_option(n)}
    placed += [f"{n}={n if n in options else numbers(o)}" for n, o in named.items()]
    if vjp and subject.vjp_function is None:
        return lines + differentiating(case, cotangents, f"{operation.name}({', '.join(placed)})")
    lines += [f"outputs = subject.{call.name}({', '.join([*cotangents, *placed])})"]
    lines += ["outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)"]
    if vjp and dicts:
        entries = f"[o[n] for n in {', '.join(dicts)}] if isinstance(o, dict) else [o]"
        lines += [f"outputs = [one for o in outputs for one in ({entries})]"]
    return lines


def differentiating(case: Case, cotangents: Iterable[str], call: str) -> list[str]:
    """Lines that take the gradient through a call by the library's own means."""
    leaves = ", ".join(map(variable, case.differentiated))
    return [
        "def forward(*leaves):",
        f"    {leaves}, = leaves",
        f"    outputs = subject.{call}",
        "    return outputs if isinstance(outputs, (tuple, list)) else (outputs,)",
        f"outputs = gradients(forward, [{', '.join(cotangents)}], [{leaves}])",
    ]


def variable(name: str) -> str:
    """The name of an array in a script: an entry of a dict by its key."""
    argument, dot, entry = name.partition(".")
    return f"{argument}[{entry!r}]" if dot else name


def made(subject: Subject, array: Array) -> str:
    """Source text that evaluates to an array of the subject's library."""
    text = literal(array, subject.dtype)
    if not BACKENDS[subject.traits.backend].source_of_array:
        return text
    return f"array({text}, {subject.dtype!r}, {subject.device!r})"


def literal(array: Array, dtype: str) -> str:
    """Source text that evaluates to the array in NumPy, with `np` in scope."""
    if array.dtype.kind == "f":
        array, dtype = array.astype(holding(dtype)), f"np.{holding(dtype)}"
    else:
        dtype = "bool" if array.dtype == bool else "np.int64"
    nonzero = np.argwhere(array != 0)
    if array.size <= NONZERO_AT_MOST or not array.ndim:
        return f"np.array({numbers(array.tolist())}, {dtype}).reshape({array.shape})"
    if len(nonzero) <= NONZERO_AT_MOST:
        places = [tuple(int(i) for i in at) for at in nonzero]
        entries = ", ".join(f"{at}: {numbers(array[at].item())}" for at in places)
        return f"sparse({array.shape}, {dtype}, {{{entries}}})"
    if array.size <= ENTRIES_AT_MOST:
        return f"np.array({numbers(array.tolist())}, {dtype})"
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 1)).decode()
    raw = f"zlib.decompress(base64.b64decode({packed!r}))"
    return f"np.frombuffer({raw}, {array.dtype.str!r}).reshape({array.shape}).astype({dtype})"


def numbers(value: Any) -> str:
    """repr, with NaN and infinities as NumPy's."""
    if isinstance(value, str):
        return repr(value)
    return repr(value).replace("nan", "np.nan").replace("inf", "np.inf")
