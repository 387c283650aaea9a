"""The end of a run on the terminal: causes, one row for each operation, what was not checked.

For one implementation it fits on a screen; `-v` brings the rest.
"""

import math
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.verdict import STATUSES, Verdict
from seqlaws.properties.laws import SECTIONS

SCREEN = 35  # lines for one implementation; pytest adds its own
ROWS = 18  # of the table
NEXT = "-v: a full text and a script for each cause; --all-failures: every failed law"
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


class Line(NamedTuple):
    """A line of the terminal, and its colour or weight: "red", "yellow", "green", "bold"."""

    text: str
    style: str = ""


def summary(
    verdicts: list[Verdict],
    causes: Sequence[Cause] = (),
    grades: Sequence[str] = (),
    absent: Sequence[str] = (),
    complaints: Sequence[str] = (),
    *,
    width: int = 80,
    verbose: bool = False,
) -> list[Line]:
    """The end of a run: a part for each implementation, then what concerns all of them."""
    lines: list[Line] = []
    for name in dict.fromkeys(v.implementation for v in verdicts):
        own = [v for v in verdicts if v.implementation == name]
        explained = [c for c in causes if c.implementation == name]
        part = everything if verbose else screen
        lines += [*part(name, own, explained, width), Line("")]
    more = [*grades, *(f"not run: {one}" for one in absent)]
    lines += [Line(one) for one in more] + [Line(one, "red") for one in complaints]
    if verdicts:
        lines += [Line(one) for one in clipped(totals(verdicts), width, 3)]
    if causes and not verbose:
        lines += [Line(one) for one in textwrap.wrap(NEXT, width)]
    return lines


def screen(name: str, verdicts: list[Verdict], causes: list[Cause], width: int) -> list[Line]:
    """Return what fits on a screen: all causes with their details, as long as there is room."""
    must = [c for c in causes if c.level == "MUST" or c.kind == "guards"]
    told = [told_of(k + 1, c, width) for k, c in enumerate(must)]
    table = cut([Line(one) for one in rows(verdicts, width)], ROWS)
    lacking = [Line(shorten(one, width)) for one in not_supported(verdicts, short=True)]
    known, more = known_failures(verdicts, width), loose(verdicts, must, width)
    room = SCREEN - 2 - len(table) - len(more)
    spare = room - min(sum(map(len, told)), room // 2)
    known = cut(known, max(spare // 2, spare - len(lacking)))
    rest = [*table, *cut(lacking, spare - len(known)), *known, *more]
    room = SCREEN - 2 - len(rest)
    for size in (4, 3, 2, 1):
        if sum(len(one[:size]) for one in told) <= room:
            break
    shown = [line for one in told for line in one[:size]]
    if len(shown) > room:
        hidden = len(shown) - room + 1
        shown = [*shown[: max(room - 1, 1)], Line(f"... and {hidden} more causes (-v)", "red")]
    return [headline(name, verdicts, must), *shown, *rest]


def cut(lines: list[Line], most: int) -> list[Line]:
    """At most so many of the lines; the last one says how many there are besides."""
    if len(lines) <= most:
        return lines
    kept = max(most - 1, 0)
    return [*lines[:kept], Line(f"... and {len(lines) - kept} more lines (-v)")]


def headline(name: str, verdicts: list[Verdict], causes: list[Cause]) -> Line:
    """The first line of an implementation: whether it conforms, else how many causes there are."""
    failed = sum(v.status == "failed" for v in verdicts)
    if failed:
        must = [c for c in causes if c.level == "MUST"]
        explained = sum(c.kind != "law" for c in must)
        some = f"{failed} failed {plural(failed, 'law')}, {len(must)} {plural(len(must), 'cause')}"
        more = "" if explained == len(must) else f" ({explained} explained)"
        return Line(f"{name}: {some}{more}", "red")
    if not any(v.status == "passed" for v in verdicts):
        return Line(f"{name}: nothing was checked", "yellow")
    known = sum(v.status == "known failure" for v in verdicts)
    beside = f", beside {known} known {plural(known, 'failure')}" if known else ""
    return Line(f"{name}: no MUST law failed{beside}", "green")


def told_of(number: int, one: Cause, width: int) -> list[Line]:
    """A cause in up to four lines: the sentence; the worst entry; the case; what to do."""
    details = [observed(one), case_of(one), what_to_do(one, width - 3)]
    shown = [Line(shorten(f"   {text}", width)) for text in details if text]
    return head_of(number, one, width) + shown


def head_of(number: int, one: Cause, width: int, most: int = 2) -> list[Line]:
    """The sentence of a cause, in so many lines at most."""
    count = f"[{one.failures} {plural(one.failures, 'law')}]"
    level = "" if one.level == "MUST" else "SHOULD: "
    head = clipped(f"{number}. {level}{sentence(one)} {count}", width, most)
    return [Line(text, "red" if one.level == "MUST" else "yellow") for text in head]


def sentence(one: Cause) -> str:
    """The sentence of a cause, and the operations that it does not name."""
    words = re.findall(r"\w+", one.sentence)
    rest = [o for o in one.operations if o not in words]
    also = "also " if len(rest) < len(one.operations) else ""
    return f"{one.sentence} ({also}in {', '.join(rest)})" if rest else one.sentence


def observed(one: Cause) -> str:
    """The worst entry of the smallest case, in a line."""
    s = one.smallest
    if "observed" not in s:
        return ""
    place = f"{s['output']}[{', '.join(map(str, s['index']))}]"
    seen, due, allowed = (number(s[n]) for n in ("observed", "expected", "allowed"))
    return f"{place} is {seen}, expected {due}, allowed error {allowed} ({s['dtype']})"


def number(value: Any) -> str:
    """A number in a few digits."""
    value = float(value)
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def case_of(one: Cause) -> str:
    """The smallest case, in a line."""
    options = one.smallest.get("options", {})
    arrays = one.smallest.get("arrays", {})
    told = [f"{n} = {flat(o)}" for n, o in options.items()]
    told += [f"{n} {np.shape(a)} = {flat(a)}" for n, a in arrays.items()]
    return "; ".join(told)


def flat(value: Any) -> str:
    """A value, or the entries of a small array without its brackets."""
    if not isinstance(value, list):
        return repr(value)
    entries = np.array(value, dtype=object).reshape(-1).tolist()
    if len(entries) > 6:
        return f"{len(entries)} entries"
    return ", ".join(f"{e:g}" if isinstance(e, float) else str(e) for e in entries) or "empty"


def what_to_do(one: Cause, width: int) -> str:
    """Return what to declare or to mend, or the changed line of the specification."""
    if one.lines:
        added = [line[1:].strip() for line in one.lines if line.startswith("+")]
        kept = [line[1:].strip() for line in one.lines if line.startswith("-")]
        change = f"{' '.join(kept)}  ->  {' '.join(added)}"
        whole = f"{one.lines[0].removeprefix('in ')} {change}"
        return whole if len(whole) <= width else change
    return one.remedy


def loose(verdicts: list[Verdict], causes: list[Cause], width: int) -> list[Line]:
    """Two lines at most about the SHOULD laws that failed, beside those that are explained."""
    told = {law for c in causes for law in c.laws}
    failed = [v for v in verdicts if v.status == "SHOULD failed" and v.law not in told]
    if not failed:
        return []
    names = ", ".join(counted(v.law_name for v in failed))
    text = f"{len(failed)} SHOULD {plural(len(failed), 'law')} failed: {names}"
    return [Line(one, "yellow") for one in clipped(text, width, 2)]


def known_failures(verdicts: list[Verdict], width: int) -> list[Line]:
    """A line for each reason of known failures, with how many laws it is about."""
    groups: dict[str, list[Verdict]] = {}
    for v in verdicts:
        if v.status == "known failure":
            groups.setdefault(v.reason, []).append(v)
    lines = []
    for reason, some in groups.items():
        laws = ", ".join(dict.fromkeys(v.law for v in some))
        text = f"{len(some)} known {plural(len(some), 'failure')}: {reason} ({laws})"
        lines += [Line(one) for one in clipped(text, width, 2)]
    return lines


def everything(name: str, verdicts: list[Verdict], causes: list[Cause], width: int) -> list[Line]:
    """All that is known of an implementation: each cause whole, each law that did not pass."""
    must = [c for c in causes if c.level == "MUST"]
    lines = [headline(name, verdicts, must)]
    for k, one in enumerate(causes):
        lines += head_of(k + 1, one, width, most=20)
        details = (observed(one), case_of(one), *one.lines, one.remedy)
        lines += [Line(f"   {text}") for text in details if text]
        lines += wrapped("laws: ", ", ".join(one.laws), width)
    ran = [v for v in verdicts if v.status != "not offered"]
    lines += [Line(one) for one in table(ran)]
    lines += [Line(one) for one in sections(verdicts)]
    for text in not_supported(verdicts):
        lines += wrapped("", text, width)
    for status in ("known failure", "SHOULD failed", "not run"):
        found = {f"{v.law} ({v.dtype}): {v.reason}" for v in verdicts if v.status == status}
        for text in sorted(found):
            lines += wrapped(f"{status}: ", text, width)
    return lines


def wrapped(head: str, text: str, width: int) -> list[Line]:
    """A paragraph, indented by three."""
    return [Line(f"   {one}") for one in textwrap.wrap(head + text, max(width - 3, 20))]


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
    absent = [operation for (operation, device) in groups if (operation, device) not in ran]
    if absent:
        lines.append(shorten(f"not offered: {', '.join(dict.fromkeys(absent))}", width))
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
        f"laws: {', '.join(said) or 'none'}; {examples} examples, {entries} entries compared{share}"
    )


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


def counted(names: Iterable[str]) -> list[str]:
    """Each name once, with how often it is there, the commonest first."""
    return [f"{n} ({k})" if k > 1 else n for n, k in Counter(names).most_common()]


def plural(count: int, word: str) -> str:
    """The word, with an s unless there is one."""
    return word if count == 1 else f"{word}s"


def shorten(text: str, width: int, *, keep: bool = False) -> str:
    """The text in one line of at most so many characters. keep: its blanks."""
    text = text if keep or text.startswith(" ") else " ".join(text.split())
    return text if len(text) <= width else text[: width - 4].rstrip() + " ..."


def clipped(text: str, width: int, lines: int) -> list[str]:
    """The text in at most so many lines."""
    found = textwrap.wrap(text, width, subsequent_indent="  ")
    if len(found) > lines:
        found = [*found[: lines - 1], shorten(found[lines - 1] + " ...", width, keep=True)]
    return found
