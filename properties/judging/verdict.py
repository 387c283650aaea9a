"""Verdicts: what became of each law, for each implementation, dtype and device."""

import importlib.metadata
import json
import math
import platform
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from seqlaws.properties.backends.registry import BACKENDS

SCHEMA = 2  # docs/verdict.md says what it means; a change of a meaning is a new number
STATUSES = ("passed", "failed", "known failure", "not kept", "not offered", "not run")


@dataclass
class Verdict:
    """One law on one implementation, operation, dtype and device.

    status: one of STATUSES; "not kept" is a SHOULD that does not hold.
    worst: the largest observed / allowed; entries and unclaimed: output entries compared, and those
    of them of which nothing can be said. not_offered: options or combinations, how often.
    accuracy: for each output how far it was from what is due, as `errors.Errors` tells it.
    """

    law: str
    level: str
    operation: str
    implementation: str
    dtype: str
    device: str
    status: str = "passed"
    examples: int = 0
    entries: int = 0
    unclaimed: int = 0
    worst: float = 0.0
    seconds: float = 0.0
    reason: str = ""
    message: str = ""
    diagnosis: str = ""
    witness: dict[str, Any] = field(default_factory=dict)
    not_offered: dict[str, int] = field(default_factory=dict)
    section: str = "numbers"
    noted: dict[str, int] = field(default_factory=dict)  # against manners, by the law about it
    accuracy: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What a verdict is known by: never pytest's node id."""
        return self.law, self.operation, self.implementation, self.dtype, self.device


def dumped(value: Any, indent: int | None = None) -> str:
    """JSON; numbers that JSON does not have become "inf", "-inf" and "nan"."""
    return json.dumps(finite(value), indent=indent, allow_nan=False)


def finite(value: Any) -> Any:
    """The same with every number that JSON lacks as a text."""
    if isinstance(value, dict):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def loaded(text: str) -> Verdict:
    """A verdict from its JSON."""
    data = json.loads(text)
    data["worst"] = float(data["worst"])
    return Verdict(**data)


def as_document(run: dict[str, Any], verdicts: Iterable[Verdict], **parts: Any) -> str:
    """verdict.json: the run, its other parts, and the verdicts, one a line, by their keys."""
    ordered = sorted(verdicts, key=lambda v: v.key)
    counts = Counter(v.status for v in ordered)
    summary = {status: counts[status] for status in STATUSES}
    head = dumped({"schema": SCHEMA, "run": run, "summary": summary, **parts}, indent=1)
    rows = ",\n".join(f"  {dumped(asdict(v))}" for v in ordered)
    return head.removesuffix("\n}") + f',\n "verdicts": [\n{rows}\n ]\n}}\n'


def table(verdicts: Iterable[Verdict]) -> list[str]:
    """The table at the end of a run: one row for each implementation, operation, dtype, device."""
    groups: dict[tuple[str, ...], list[Verdict]] = {}
    for v in verdicts:
        groups.setdefault((v.implementation, v.operation, v.dtype, v.device), []).append(v)
    heads = ["implementation", "operation", "dtype", "device", "passed", "failed", "known"]
    heads += ["not kept", "not offered", "not run", "examples", "worst/allowed"]
    rows = []
    for key, group in sorted(groups.items()):
        counts = Counter(v.status for v in group)
        worst = max((v.worst for v in group if v.status == "passed"), default=0.0)
        numbers = [str(counts[s] or ".") for s in STATUSES]
        ran = sum(v.examples for v in group)
        rows.append([*key, *numbers, str(ran), f"{worst:.2f}" if ran else "-"])
    widths = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(heads))]
    lines = []
    for row in [heads, *rows]:
        cells = (
            cell.ljust(w) if i < 4 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip())
    return lines


def totals(verdicts: Iterable[Verdict]) -> str:
    """One line: how much was checked, and how much was not."""
    verdicts = list(verdicts)
    counts = Counter(v.status for v in verdicts)
    said = [f"{counts[s]} {s}" for s in STATUSES if counts[s]]
    entries = sum(v.entries for v in verdicts)
    unclaimed = sum(v.unclaimed for v in verdicts)
    share = f", {100 * unclaimed / entries:.1f}% of them without a claim" if entries else ""
    examples = sum(v.examples for v in verdicts)
    return (
        f"laws: {', '.join(said) or 'none'}; {examples} examples, {entries} entries compared{share}"
    )


def options_not_offered(verdicts: Iterable[Verdict]) -> list[str]:
    """For each implementation and operation, the options that it did not offer."""
    missing: dict[tuple[str, str], Counter[str]] = {}
    for v in verdicts:
        missing.setdefault((v.implementation, v.operation), Counter()).update(v.not_offered)
    lines = []
    for (implementation, operation), options in sorted(missing.items()):
        if options:
            most = [f"{o} ({n})" for o, n in options.most_common(6)]
            more = f" and {len(options) - 6} more" if len(options) > 6 else ""
            lines.append(f"{implementation} {operation}: not offered: {', '.join(most)}{more}")
    return lines


def versions() -> dict[str, str]:
    """Of what a verdict may depend on; only of what is loaded."""
    found = {"Python": platform.python_version()}
    for name in (*(b.library for b in BACKENDS.values()), "hypothesis", "seqlaws"):
        if name in sys.modules:
            try:
                found[name] = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                found[name] = "uninstalled clone"
    return found
