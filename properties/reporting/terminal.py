"""The end of a run on the terminal: the table of verdicts, and what is to be said beside it."""

from collections import Counter
from collections.abc import Iterable

from seqlaws.properties.judging.verdict import STATUSES, Verdict
from seqlaws.properties.laws import SECTIONS

REASONS = 8  # of what is not supported, in a line


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
    """Return one line: how much was checked, and how much was not."""
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


def not_supported(verdicts: Iterable[Verdict]) -> list[str]:
    """Return a line for each implementation and operation about unsupported options."""
    missing: dict[tuple[str, str], Counter[str]] = {}
    for v in verdicts:
        missing.setdefault((v.implementation, v.operation), Counter()).update(v.not_offered)
    return [
        f"{implementation} {operation}: does not support: {'; '.join(simplest(refused))}"
        for (implementation, operation), refused in sorted(missing.items())
        if refused
    ]


def simplest(refused: Counter[str]) -> list[str]:
    """The fewest reasons that explain each refusal: one alone, rather than beside others."""
    found: list[frozenset[str]] = []
    for reasons in sorted((frozenset(r.split("; ")) for r in refused), key=len):
        if not any(one <= reasons for one in found):
            found.append(reasons)
    said = [" with ".join(sorted(reasons)) for reasons in found]
    more = [f"and {len(said) - REASONS} more"] if len(said) > REASONS else []
    return said[:REASONS] + more


def sections(verdicts: list[Verdict]) -> list[str]:
    """Return a line for each implementation: its verdicts counted by section and status."""
    lines = []
    for name in dict.fromkeys(v.implementation for v in verdicts):
        told = []
        for section in SECTIONS:
            counts = Counter(
                v.status for v in verdicts if (v.implementation, v.section) == (name, section)
            )
            said = [f"{counts[s]} {s}" for s in STATUSES if counts[s]]
            told += [f"{section}: {', '.join(said)}"] if said else []
        lines.append(f"{name}: {'; '.join(told)}")
    return lines


def reasons(verdicts: Iterable[Verdict], status: str, head: str) -> list[str]:
    """A line for each law and dtype of a status, with the reason."""
    found = {f"{v.law} ({v.dtype})": v.reason for v in verdicts if v.status == status}
    return [f"{head}: {law}: {reason}" for law, reason in found.items()]


def summary(
    verdicts: list[Verdict], grades: list[str], absent: list[str], complaints: list[str]
) -> list[str]:
    """The table, what was not checked, and the complaints."""
    if not verdicts:
        return [*grades, *complaints]
    return [
        *table(verdicts),
        "",
        *grades,
        *sections(verdicts),
        *not_supported(verdicts),
        *reasons(verdicts, "known failure", "known failure"),
        *reasons(verdicts, "not kept", "SHOULD, not kept"),
        *(f"not run: {line}" for line in absent),
        *complaints,
        totals(verdicts),
    ]
