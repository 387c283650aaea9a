"""Verdicts counted: the tables of the terminal, and sentences about them."""

from collections import Counter
from collections.abc import Iterable

from seqlaws.properties.judging.verdict import STATUSES, Verdict
from seqlaws.properties.laws import SECTIONS
from seqlaws.properties.reporting.lines import shorten
from seqlaws.properties.subjects import visited

INTERPRETED = (
    "interpreted: on the CPU, one program after another. Races, and the real precision of products "
    "of matrices, show only on the device"
)
REASONS = 8  # of what is not supported, in a line
SHORT = {"float64": "f64", "float32": "f32", "bfloat16": "bf16", "float16": "f16"}
HEADS = {  # statuses in the table
    "passed": "passed",
    "failed": "failed",
    "known failure": "known",
    "SHOULD failed": "SHOULD failed",
    "not offered": "n/a",
    "not run": "not run",
}

NAMED = 3  # operations that are not offered; of more the number is said


def rows(verdicts: list[Verdict], width: int) -> list[str]:
    """The table of the screen: one row for each operation and device."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for v in verdicts:
        groups.setdefault((v.operation, v.device), []).append(v)
    ran = {k: some for k, some in groups.items() if {v.status for v in some} != {"not offered"}}
    counts = Counter(v.status for some in ran.values() for v in some)
    statuses = [s for s in STATUSES if counts[s] or s in ("passed", "failed")]
    devices = {device for _, device in ran} != {"cpu"}
    short = [HEADS[s].removesuffix(" failed") for s in statuses]
    made = [["operation", "dtypes", *short, "examples", "worst"]]
    for (operation, device), some in sorted(ran.items()):
        worst = max((v.worst for v in some if v.status == "passed"), default=0.0)
        cells = [number_of(some, status) for status in statuses]
        what = f"{operation} on {device}" if devices else operation
        examples = str(sum(v.examples for v in some))
        made.append([what, " ".join(dtypes_of(some)), *cells, examples, f"{worst:.2f}"])
    lines = aligned(made, 2)
    if max(map(len, lines)) > width:
        lines = aligned([row[:1] + row[2:] for row in made], 1)
    absent = list(dict.fromkeys(o for o, device in groups if (o, device) not in ran))
    if absent:
        named = ", ".join(absent) if len(absent) <= NAMED else f"{len(absent)} other operations"
        lines.append(f"not offered: {named}")
    return [shorten(line, width, keep=True) for line in lines]


def number_of(verdicts: list[Verdict], status: str) -> str:
    """How many verdicts have a status; of which dtypes, where only some dtypes failed."""
    some = [v for v in verdicts if v.status == status]
    if status != "failed" or not some or dtypes_of(some) == dtypes_of(verdicts):
        return str(len(some) or ".")
    return f"{len(some)} ({' '.join(dtypes_of(some))})"


def dtypes_of(verdicts: Iterable[Verdict]) -> list[str]:
    """The dtypes of verdicts that are not "not offered", in short."""
    found = {v.dtype for v in verdicts if v.status != "not offered"}
    return [SHORT.get(d, d) for d in (*SHORT, *sorted(found - SHORT.keys())) if d in found]


def aligned(table: list[list[str]], left: int) -> list[str]:
    """A table's lines: so many columns to the left, the others to the right."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = []
    for row in table:
        cells = (
            cell.ljust(w) if i < left else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip())
    return lines


def table(verdicts: Iterable[Verdict]) -> list[str]:
    """The whole table: one row for each implementation, operation, dtype and device."""
    groups: dict[tuple[str, ...], list[Verdict]] = {}
    for v in verdicts:
        groups.setdefault((v.implementation, v.operation, v.dtype, v.device), []).append(v)
    heads = ["implementation", "operation", "dtype", "device", *HEADS.values()]
    made = [[*heads, "examples", "worst/allowed"]]
    for key, group in sorted(groups.items()):
        counts = Counter(v.status for v in group)
        worst = max((v.worst for v in group if v.status == "passed"), default=0.0)
        numbers = [str(counts[s] or ".") for s in STATUSES]
        ran = sum(v.examples for v in group)
        made.append([*key, *numbers, str(ran), f"{worst:.2f}" if ran else "-"])
    return aligned(made, 4)


def totals(verdicts: Iterable[Verdict]) -> str:
    """One sentence: how much was checked, and how much was not."""
    verdicts = list(verdicts)
    counts = Counter(v.status for v in verdicts)
    said = [f"{counts[s]} {s}" for s in STATUSES if counts[s]]
    entries = sum(v.entries for v in verdicts)
    unclaimed = sum(v.unclaimed for v in verdicts)
    share = f", {100 * unclaimed / entries:.1f}% of them without a bound" if entries else ""
    examples = sum(v.examples for v in verdicts)
    return (
        f"laws: {', '.join(said) or 'none'}; {examples:,} examples, "
        f"{entries:,} entries compared{share}"
    )


def asked(verdicts: Iterable[Verdict]) -> list[str]:
    """A line for each implementation and operation: the largest sizes that it was asked for."""
    groups: dict[tuple[str, str], list[dict[str, int]]] = {}
    for v in verdicts:
        if v.visited:
            groups.setdefault((v.implementation, v.operation), []).append(v.visited)
    return [
        f"{implementation} {operation} was asked for at most: {visited.told(visited.merged(some))}"
        for (implementation, operation), some in sorted(groups.items())
    ]


def not_supported(verdicts: Iterable[Verdict], *, short: bool = False) -> list[str]:
    """A line for each implementation and operation about what it does not support.

    short: without the implementation's name.
    """
    missing: dict[tuple[str, str], Counter[str]] = {}
    for v in verdicts:
        missing.setdefault((v.implementation, v.operation), Counter()).update(v.not_offered)
    return [
        f"{'' if short else implementation + ' '}{operation}"
        f"{' ' if short else ': '}does not support: {'; '.join(simplest(refused))}"
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


def interpreted(verdicts: Iterable[Verdict]) -> list[str]:
    """A sentence about what an interpreter of kernels cannot show, where one ran them."""
    if not any(v.interpreted for v in verdicts):
        return []
    return [INTERPRETED]


def sections(verdicts: list[Verdict]) -> list[str]:
    """A line for each implementation: its verdicts counted by section and status."""
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
