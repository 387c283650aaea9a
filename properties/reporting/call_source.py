"""Source text of calls: the implementation, its arguments, what it returns."""

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.discovery.loader import import_folders, is_named, location
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.reporting.array_source import (
    READ_ONLY,
    RESERVED,
    SPARSE,
    made,
    numbers,
    of_library,
)
from seqlaws.properties.subjects.arguments import OF_BUFFERS
from seqlaws.properties.subjects.record import Call, Made
from seqlaws.properties.subjects.subject import Subject


def names_of(subject: Subject, call: Call) -> list[str]:
    """The names of what a call returns, in order."""
    return call.case.differentiated if call.vjp else list(subject.convention.returned)


def program(subject: Subject, lines: Sequence[str], *, bare: bool = True) -> str:
    """The lines, behind the imports and the functions that they need.

    bare: the implementation is imported too, and nothing of the suite.
    """
    body = "\n".join(lines)
    library = BACKENDS[subject.traits.backend]
    needed = {
        "sparse(": SPARSE,
        "read_only(": READ_ONLY,
        "cut_out(": library.source_of_cut_out,
        "far_apart(": RESERVED + library.source_of_far_apart,
        "amid(": library.source_of_amid,
        " = array(": library.source_of_array,
        "(array(": library.source_of_array,
        "gradients(": library.source_of_gradients,
    }
    helpers = dict.fromkeys(source for name, source in needed.items() if source and name in body)
    modules = {
        "zlib.": "import base64, zlib",
        "contextlib.": "import contextlib",
        "far_apart(": "import mmap, sys",
    }
    imports = dict.fromkeys(line for name, line in modules.items() if name in body)
    head = [*imports, "import numpy as np"]
    if bare:
        head += [line for line in library.imports if line not in imports]
        head += importing(subject.spec)
    return "\n".join([*head, *helpers, body])


def importing(spec: str) -> list[str]:
    """Lines that bring the implementation into scope as `subject`."""
    if not is_named(spec):
        return [f"subject = ...  # the {spec[1:-1]} that was given"]
    target, attribute = location(absolute(spec))
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


def absolute(spec: str) -> str:
    """The spec, with the whole path of a file."""
    target, colon, attribute = spec.partition(":")
    return f"{Path(target).resolve()}{colon}{attribute}" if target.endswith(".py") else spec


def indented(lines: Iterable[str]) -> list[str]:
    """The lines, inside a block."""
    return textwrap.indent("\n".join(lines), "    ").split("\n")


def raising(subject: Subject, call: Call) -> list[str]:
    """Lines that make a call which may raise, as it did."""
    arguments, asking = calling(subject, call)
    return [*arguments, "with contextlib.suppress(Exception, SystemExit):", *indented(asking)]


def calling(subject: Subject, call: Call) -> tuple[list[str], list[str]]:
    """Lines that make the arguments, and lines that make the call; `outputs` is a sequence."""
    vjp, case, operation, how = call.vjp, call.case, call.case.operation, call.made or Made()
    cotangents = {n: c for n, c in case.cotangents.items() if vjp}
    options = {n: o for n, o in case.options.items() if isinstance(o, np.ndarray)}
    dicts = dict.fromkeys(n.partition(".")[0] for n in case.arrays if "." in n)
    lines = [f"{one} = {{}}" for one in dicts]
    named_arrays = {f"d{n}": (n, c) for n, c in cotangents.items()}
    named_arrays |= {n: (n, a) for n, a in {**case.arrays, **options}.items()}
    for name, (own, array) in named_arrays.items():
        kind = how.layouts.get(own, ""), how.dtypes.get(own, "")
        given = subject.convention.given(own, array)
        lines += [f"{variable(name)} = {made(subject, given, *kind)}"]
    placed = [numbers(case.options[n]) if n in case.options else n for n in operation.arguments]
    named = {n: o for n, o in case.options.items() if operation.is_option(n)}
    placed += [f"{n}={n if n in options else numbers(o)}" for n, o in named.items()]
    pulled = [f"d{n}" for n in cotangents]
    if vjp and subject.vjp_function is None:
        call_source = f"{operation.name}({', '.join(placed)})"
        return lines, differentiating(subject, case, pulled, call_source)
    buffers = {} if vjp else subject.convention.unwritten(case)
    if buffers:
        written = [
            of_library(subject, b, OF_BUFFERS, subject.dtypes_of(n)[0]) for n, b in buffers.items()
        ]
        lines += [f"outputs = ({', '.join(written)},)"]
        into = "outputs" if len(buffers) > 1 else "outputs[0]"
        into = f"{subject.convention.writes}={into}"
        return lines, [f"subject.{call.name}({', '.join([*placed, into])})"]
    asking = [f"outputs = subject.{call.name}({', '.join([*pulled, *placed])})"]
    asking += ["outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)"]
    if vjp and dicts:
        entries = f"[o[n] for n in {', '.join(dicts)}] if isinstance(o, dict) else [o]"
        asking += [f"outputs = [one for o in outputs for one in ({entries})]"]
    return lines, asking


def differentiating(
    subject: Subject, case: Case, cotangents: Iterable[str], call: str
) -> list[str]:
    """Lines that take the gradient through a call by the library's own means."""
    leaves = ", ".join(map(variable, case.differentiated))
    kept = ", ".join(f"outputs[{k}]" for k in subject.convention.pulled)
    every = "outputs if isinstance(outputs, (tuple, list)) else (outputs,)"
    result = f"({kept},)" if kept else every
    return [
        "def forward(*leaves):",
        f"    {leaves}, = leaves",
        f"    outputs = subject.{call}",
        f"    return {result}",
        f"outputs = gradients(forward, [{', '.join(cotangents)}], [{leaves}])",
    ]


def variable(name: str) -> str:
    """The name of an array in a script: an entry of a dict by its key."""
    argument, dot, entry = name.partition(".")
    return f"{argument}[{entry!r}]" if dot else name
