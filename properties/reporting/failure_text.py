"""The text of a failure: the law, the worst entry, the diagnosis, the shrunk case, a script."""

import math
import textwrap
from typing import Any

import numpy as np

from seqlaws.properties.diagnosis.diagnose import Diagnosis
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.subjects.record import LawBrokenError
from seqlaws.properties.subjects.subject import Subject

SHOWN_AT_MOST = 24  # entries of an array


def headline(broken: LawBrokenError) -> str:
    """Return one line: the failure, and the size of the error."""
    entry = broken.entry
    if entry is not None:
        said = f"{broken}: {entry.place} is {entry.observed:.9g}, expected {entry.expected:.9g}"
        off, allowed = abs(entry.observed - entry.expected), entry.allowed
        if not math.isfinite(off):
            return said
        times = f"{off / allowed:.3g} times the allowed {allowed:.2g}" if allowed else "allowed: 0"
        return f"{said}, off by {off:.3g} ({times})"
    return str(broken).partition("\n")[0]


def message(
    law: str,
    level: str,
    statement: str,
    subject: Subject,
    broken: LawBrokenError,
    diagnosis: Diagnosis,
    script: str,
    why_none: str,
) -> str:
    """The whole failure, to be read without the run that made it.

    script: a program that shows it again; why_none: a sentence, where there is none.
    """
    calls = subject.record.calls
    case = calls[-1].case if calls else None
    lines = [
        f"{subject.operation.name}: {headline(broken)}",
        *(f"    {line}" for line in str(broken).splitlines()[1:]),
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
    lines += axes_of(subject)
    if diagnosis.text:
        lines += indented("  diagnosis       ", diagnosis.text)
        lines += [f"                  {line}" for line in diagnosis.lines]
    if case is not None:
        lines += ["  case"] + [f"    {line}" for line in described(case)]
    return with_script("\n".join(lines), script, why_none)


def axes_of(subject: Subject) -> list[str]:
    """Say that the case has the contract's order of axes, where the implementation's is another."""
    layout, usual = subject.convention.layout, (subject.operation.layouts or ("",))[0]
    if layout == usual:
        return []
    return [f"  order of axes   {usual} here, as in the contract; {layout} in the script"]


def with_script(text: str, script: str, why_none: str) -> str:
    """The failure's text with a script, or with the reason why there is none."""
    if script:
        return "\n".join([text, "  reproduce with", "", textwrap.indent(script, "    ")])
    return "\n".join([text, *(indented("  no script       ", why_none) if why_none else [])])


def with_cause(text: str, one: Cause) -> str:
    """The failure's text with its cause, in front of the case."""
    lines = indented("  cause           ", one.sentence)
    lines += [f"                  {line}" for line in one.lines]
    if one.remedy:
        lines += indented("  what to do      ", one.remedy)
    head, mark, rest = text.partition("\n  case\n")
    return head + "\n" + "\n".join(lines) + mark + rest


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
    if value.size <= SHOWN_AT_MOST:
        return " ".join(repr(value.tolist()).split())
    count = int(np.count_nonzero(value))
    return f"{value.size} entries, {count} of them not zero"
