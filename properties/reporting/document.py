"""verdict.json: the run, the laws and the verdicts as data. docs/verdict.md says what it means."""

import importlib.metadata
import platform
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from seqlaws.properties.backends.registry import BACKENDS
from seqlaws.properties.judging.verdict import SCHEMA, STATUSES, Verdict, dumped
from seqlaws.properties.reporting.tables import asked

OF_THE_RUN = ("evidence", "executed")  # fields of a verdict


def as_document(run: dict[str, Any], verdicts: Iterable[Verdict], **parts: Any) -> str:
    """verdict.json: the run, its other parts, and the verdicts, one a line, by their keys."""
    ordered = sorted(verdicts, key=lambda v: v.key)
    counts = Counter(v.status for v in ordered)
    summary = {status: counts[status] for status in STATUSES}
    told = {"run": run, "summary": summary, "asked": asked(ordered)}
    head = dumped({"schema": SCHEMA, **told, **parts}, indent=1)
    rows = ",\n".join(f"  {dumped(as_row(v))}" for v in ordered)
    return head.removesuffix("\n}") + f',\n "verdicts": [\n{rows}\n ]\n}}\n'


def as_row(verdict: Verdict) -> dict[str, Any]:
    """A verdict's fields, but for those that only the run itself needs."""
    return {name: value for name, value in asdict(verdict).items() if name not in OF_THE_RUN}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the loaded libraries that a verdict may depend on."""
    found = {"Python": platform.python_version()}
    for name in (*(b.library for b in BACKENDS.values()), "hypothesis", "seqlaws"):
        if name in sys.modules:
            try:
                found[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[name] = "uninstalled clone"
    return found
