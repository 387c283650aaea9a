"""What a failure says: the law, the worst entry, the shrunk case, a script that shows it again."""

import base64
import math
import textwrap
import zlib
from typing import Any

import numpy as np

from seqlaws.properties.diagnosis.diagnose import Diagnosis
from seqlaws.properties.discovery.loader import GROUP, bundled, is_named
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.numbers import Array
from seqlaws.properties.subjects.record import Call, Entry, LawBrokenError
from seqlaws.properties.subjects.subject import Subject

NONZERO_AT_MOST, ENTRIES_AT_MOST = 24, 2000


def headline(broken: LawBrokenError) -> str:
    """One line: what happened, and by how much."""
    entry = broken.entry
    if entry is not None:
        said = f"{broken}: {entry.place} is {entry.observed:.9g}, expected {entry.expected:.9g}"
        off, allowed = abs(entry.observed - entry.expected), entry.allowed
        if not math.isfinite(off):
            return said
        times = f"{off / allowed:.3g} times the allowed {allowed:.2g}" if allowed else "allowed: 0"
        return f"{said}, off by {off:.3g} ({times})"
    return str(broken)


def message(
    law: str,
    level: str,
    statement: str,
    subject: Subject,
    broken: LawBrokenError,
    diagnosis: Diagnosis,
) -> str:
    """The whole failure, to be read without the run that made it."""
    calls = subject.record.calls
    case = calls[-1].case if calls else None
    lines = [
        f"{subject.operation.name}: {headline(broken)}",
        "",
        f"  law             {law} ({level})",
        *indented("  states          ", statement),
        f"  implementation  {subject.name} ({subject.dtype}, {subject.device})",
    ]
    if broken.entry is not None:
        lines += [
            f"  worst entry     {broken.entry.place}",
            f"  observed        {broken.entry.observed!r}",
            f"  expected        {broken.entry.expected!r}",
            f"  allowed         {broken.entry.allowed!r}",
        ]
    if diagnosis.text:
        lines += indented("  diagnosis       ", diagnosis.text)
        lines += [f"                  {line}" for line in diagnosis.lines]
    if case is not None:
        lines += ["  case"] + [f"    {line}" for line in described(case)]
        lines += ["  reproduce with", "", textwrap.indent(script(subject, broken), "    ")]
    return "\n".join(lines)


def indented(head: str, text: str) -> list[str]:
    """A paragraph that hangs from its head."""
    return textwrap.wrap(
        " ".join(text.split()), 96, initial_indent=head, subsequent_indent=" " * len(head)
    ) or [head]


def described(case: Case) -> list[str]:
    """Options and arrays of a case, short ones in full."""
    lines = [f"{n} = {shown(o)}" for n, o in case.options.items()]
    return lines + [f"{n} {a.shape} = {shown(a)}" for n, a in case.arrays.items()]


def shown(value: Any) -> str:
    """A number or a small array in full; of a large one how many entries are not zero."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    if value.size <= NONZERO_AT_MOST:
        return " ".join(repr(value.tolist()).split())
    count = int(np.count_nonzero(value))
    return f"{value.size} entries, {count} of them not zero"


def literal(array: Array, dtype: str) -> str:
    """Source text that evaluates to the array, with `np` in scope."""
    if array.dtype.kind != "f":
        dtype = "bool" if array.dtype == bool else "np.int64"
    elif dtype in ("bfloat16", "float16"):
        dtype = "np.float32"  # holds it exactly
    else:
        dtype = f"np.{dtype}"
    nonzero = np.argwhere(array != 0)
    if array.size <= NONZERO_AT_MOST or not array.ndim:
        return f"np.array({numbers(array.tolist())}, {dtype}).reshape({array.shape})"
    if len(nonzero) <= NONZERO_AT_MOST:
        places = [tuple(int(i) for i in at) for at in nonzero]
        entries = ", ".join(f"{at}: {numbers(array[at].item())}" for at in places)
        return f"sparse({array.shape}, {dtype}, {{{entries}}})"
    if array.size <= ENTRIES_AT_MOST:
        return f"np.array({numbers(array.tolist())}, {dtype})"
    if dtype == "np.float32":  # half the text
        array = array.astype(np.float32)
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 1)).decode()
    raw = f"zlib.decompress(base64.b64decode({packed!r}))"
    return f"np.frombuffer({raw}, {array.dtype.str!r}).reshape({array.shape}).astype({dtype})"


def numbers(value: Any) -> str:
    """repr, with NaN and infinities as NumPy's."""
    return repr(value).replace("nan", "np.nan").replace("inf", "np.inf")


def script(subject: Subject, broken: LawBrokenError) -> str:
    """A program that makes the calls again and shows the entry; it needs no suite, only NumPy."""
    torch = subject.traits.backend == "torch"
    body = [*importing(subject.spec, torch)]
    texts: list[str] = []
    for call in subject.record.calls[-3:]:
        texts += calling(subject, call.name, call.case, torch, again=bool(texts))
    if any("sparse(" in t for t in texts):
        body += [
            "",
            "def sparse(shape, dtype, entries):",
            "    array = np.zeros(shape, dtype)",
            "    for at, value in entries.items():",
            "        array[at] = value",
            "    return array",
        ]
    if any("zlib." in t for t in texts):
        body.insert(0, "import base64, zlib")
    worst = broken.entry
    if worst is not None and is_answered(worst, subject.record.calls[-1]):
        number = names_of(subject.record.calls[-1]).index(worst.output)
        entry = f"float(outputs[{number}][{', '.join(map(str, worst.index))}])"
        texts += [
            f"print('{worst.output}', {entry}, 'expected', {numbers(worst.expected)})",
            f"assert abs({entry} - {numbers(worst.expected)}) <= {numbers(worst.allowed)}",
        ]
    return "\n".join([*body, *texts])


def names_of(call: Call) -> list[str]:
    """What a call returns, in order."""
    return call.case.differentiated if call.vjp else list(call.case.operation.outputs)


def is_answered(worst: Entry, last: Call) -> bool:
    """Whether the entry is one of the last call's answer, not of what a law makes of answers."""
    if worst.output not in names_of(last):
        return False
    if last.outputs is None:  # it was asked elsewhere
        return True
    answer, at = last.outputs[worst.output], worst.index
    inside = len(at) == answer.ndim and all(i < n for i, n in zip(at, answer.shape, strict=True))
    return inside and np.array_equal(answer[at], worst.observed, equal_nan=True)


def importing(spec: str, torch: bool) -> list[str]:
    """Lines that bring the implementation into scope as `subject`."""
    target, _, attribute = spec.partition(":")
    lines = ["import numpy as np"] + (["import torch"] if torch else [])
    if not is_named(spec):
        return [*lines, f"subject = ...  # the {spec[1:-1]} that was given"]
    if target.endswith(".py"):
        lines += ["import importlib.util, sys"]
        lines += [f"sys.path.append({target.rpartition('/')[0] or '.'!r})"]
        lines += [f"spec = importlib.util.spec_from_file_location('subject', {target!r})"]
        lines += ["subject = sys.modules['subject'] = importlib.util.module_from_spec(spec)"]
        lines += ["spec.loader.exec_module(subject)"]
    else:
        module = f"{GROUP}.{target}" if target in bundled() else target
        lines += ["import importlib", f"subject = importlib.import_module({module!r})"]
    if attribute:
        lines += [f"subject = subject.{attribute}"]
        lines += ["subject = subject() if isinstance(subject, type) else subject"]
    return lines


def calling(
    subject: Subject, name: str, case: Case, torch: bool, *, again: bool = False
) -> list[str]:
    """Lines that make one call; its outputs in `outputs`, always a sequence.

    again: behind another call, whose dicts are filled anew.
    """
    vjp = name.endswith("_vjp")
    arrays = {**({f"d{n}": c for n, c in case.cotangents.items()} if vjp else {}), **case.arrays}
    options = {n: o for n, o in case.options.items() if isinstance(o, np.ndarray)}
    names = {n: variable(n) for n in {**arrays, **options}}
    dicts = dict.fromkeys(n.partition(".")[0] for n in arrays if "." in n)
    lines = [f"{name}.clear()" if again else f"{name} = {{}}" for name in dicts]
    lines += [f"{names[n]} = {literal(a, subject.dtype)}" for n, a in {**arrays, **options}.items()]
    if torch:
        lines += [
            f"{names[n]} = torch.from_numpy({names[n]})"
            + (f".to(torch.{subject.dtype})" if a.dtype.kind == "f" else "")
            + (f".to({subject.device!r})" if subject.device != "cpu" else "")
            for n, a in {**arrays, **options}.items()
        ]
    operation = case.operation
    placed = [n if n not in case.options else repr(case.options[n]) for n in operation.arguments]
    named = {n: o for n, o in case.options.items() if operation.is_option(n)}
    forward = ", ".join(
        [*placed, *(f"{n}={n if n in options else repr(o)}" for n, o in named.items())]
    )
    given = ", ".join([*(f"d{n}" for n in case.cotangents if vjp), forward])
    if not vjp or subject.vjp_function is not None:
        lines += [f"outputs = subject.{name}({given})"]
    else:
        inputs = ", ".join(variable(n) for n in case.differentiated)
        lines += [f"for leaf in ({inputs},):", "    leaf.requires_grad_()"]
        lines += [f"outputs = subject.{operation.name}({forward})"]
        lines += ["outputs = outputs if isinstance(outputs, tuple) else (outputs,)"]
        pulled = ", ".join(f"d{n}" for n in case.cotangents)
        lines += [
            f"pairs = [(o, c) for o, c in zip(outputs, ({pulled},)) if o.requires_grad]",
            f"outputs = torch.autograd.grad(*zip(*pairs), ({inputs},), allow_unused=True)",
        ]
    lines += ["outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)"]
    if vjp and dicts and subject.vjp_function is not None:
        entries = f"[o[n] for n in {', '.join(dicts)}] if isinstance(o, dict) else [o]"
        lines += [f"outputs = [one for o in outputs for one in ({entries})]"]
    return lines


def variable(name: str) -> str:
    """What an array is called in a script: an entry of a dict by its key."""
    argument, dot, entry = name.partition(".")
    return f"{argument}[{entry!r}]" if dot else name
