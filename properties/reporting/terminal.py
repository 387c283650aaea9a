"""The end of a run on the terminal: causes, one row for each operation, what was not checked.

For one implementation it fits on a screen; `-v` brings the rest.
"""

import math
import re
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.reporting import unexecuted
from seqlaws.properties.reporting.lines import clipped, counted, plural, shorten
from seqlaws.properties.reporting.tables import (
    asked,
    interpreted,
    not_supported,
    rows,
    sections,
    table,
    totals,
)
from seqlaws.properties.subjects.error_statistics import ANY

SCREEN = 35  # lines for one implementation; pytest adds its own
ROWS = 18  # of the table
GAPS = 4  # lines about what was not executed
NO_BREAK = "\u00a0"  # where a line must not end
LEFT = 3  # lines about laws that were not run
NEXT = "-v: a full text and a script for each cause; --all-failures: every failed law"


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
    options: bool = True,
) -> list[Line]:
    """The end of a run: a part for each implementation, then what concerns all of them.

    options: name the command-line options that tell more.
    """
    lines: list[Line] = []
    for name in dict.fromkeys(v.implementation for v in verdicts):
        own = [v for v in verdicts if v.implementation == name]
        explained = [c for c in causes if c.implementation == name]
        part = everything if verbose else screen
        lines += [*part(name, own, explained, width), Line("")]
    told = [one for text in grades for one in textwrap.wrap(text, width, subsequent_indent="  ")]
    more = [*told, *(f"not run: {one}" for one in absent)]
    lines += [Line(one) for one in more] + [Line(one, "red") for one in complaints]
    if verdicts:
        lines += [Line(one) for one in clipped(totals(verdicts), width, 3)]
    if causes and options and not verbose:
        lines += [Line(one) for one in textwrap.wrap(NEXT, width)]
    return lines


def screen(name: str, verdicts: list[Verdict], causes: list[Cause], width: int) -> list[Line]:
    """Return what fits on a screen: all causes with their details, as long as there is room."""
    must = [c for c in causes if c.level == "MUST" or c.kind == "guards"]
    told = [told_of(k + 1, c, width, beside(c, verdicts)) for k, c in enumerate(must)]
    table = cut([Line(one) for one in rows(verdicts, width)], ROWS)
    lacking = [Line(shorten(one, width)) for one in not_supported(verdicts, short=True)]
    known, more = known_failures(verdicts, width), loose(verdicts, must, width)
    more += cut(not_run(verdicts, width), LEFT)
    room = SCREEN - 2 - len(table) - len(more)
    spare = room - min(sum(map(len, told)), room // 2)
    known = cut(known, max(spare // 2, spare - len(lacking)))
    rest = [*table, *cut(lacking, spare - len(known)), *known, *more]
    rest += [Line(one) for text in interpreted(verdicts) for one in textwrap.wrap(text, width)]
    rest += cut([Line(shorten(text, width)) for text in unexecuted.told(verdicts)], GAPS)
    room = SCREEN - 2 - len(rest)
    for size in range(max(map(len, told), default=1), 0, -1):
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


def beside(one: Cause, verdicts: Sequence[Verdict]) -> int:
    """Return how many SHOULD laws failed for the cause of a MUST."""
    loose = (v for v in verdicts if v.status == "SHOULD failed" and one.level == "MUST")
    return sum(v.law in one.laws and v.dtype in one.dtypes for v in loose)


def told_of(number: int, one: Cause, width: int, should: int) -> list[Line]:
    """A cause in a few lines: the sentence; the worst entry; the case; what to do."""
    remedy, is_declared = what_to_do(one, width - 3), one.kind == "trait"
    details = [observed(one), case_of(one), "" if is_declared else remedy]
    shown = [Line(shorten(f"   {text}", width)) for text in details if text]
    whole = wrapped("", remedy, width) if is_declared else []  # of use only as a whole
    return head_of(number, one, width, should) + shown + whole


def head_of(number: int, one: Cause, width: int, should: int, most: int = 2) -> list[Line]:
    """The sentence of a cause, in so many lines at most; should: its laws that are no MUST."""
    must = one.failures - should
    counts = [f"{must} {plural(must, 'law')}"] * bool(must) + [f"{should} SHOULD"] * bool(should)
    count = f"[{', '.join(counts)}{one.maybe}]"
    level = "" if one.level == "MUST" else "SHOULD: "
    unbroken = count.replace(" ", NO_BREAK)
    head = clipped(f"{number}. {level}{sentence(one)} {unbroken}", width, most)
    style = "red" if one.level == "MUST" else "yellow"
    return [Line(text.replace(NO_BREAK, " "), style) for text in head]


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
    within = "" if due == "nan" or float(allowed) > ANY else f", allowed error {allowed}"
    return f"{place} is {seen}, expected {due}{within} ({s['dtype']})"


def number(value: Any) -> str:
    """A number in a few digits."""
    value = float(value)
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def case_of(one: Cause) -> str:
    """The smallest case, in a line."""
    options = one.smallest.get("options", {})
    arrays = one.smallest.get("arrays", {})
    shapes = one.smallest.get("shapes", {n: np.shape(a) for n, a in arrays.items()})
    told = [f"{n} = {flat(o)}" for n, o in options.items()]
    for name, shape in shapes.items():
        entries = flat(arrays[name]) if name in arrays else f"{math.prod(shape):,} entries"
        told.append(f"{name} {tuple(shape)} = {entries}")
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
        if kept and added:
            change = f"{' '.join(kept)}  ->  {' '.join(added)}"
        else:
            change = f"as with {added[0]}" if added else f"as without {kept[0]}"
        whole = f"{one.lines[0].removeprefix('in ')} {change}"
        return whole if len(whole) <= width else change
    return one.remedy


def loose(verdicts: list[Verdict], causes: list[Cause], width: int) -> list[Line]:
    """Two lines at most about the SHOULD laws that failed, beside those that are explained."""
    told = {law for c in causes for law in (*c.laws, *c.not_asked, *c.may_follow)}
    failed = [v for v in verdicts if v.status == "SHOULD failed" and v.law not in told]
    if not failed:
        return []
    names = ", ".join(counted(v.law_name for v in failed))
    text = f"{len(failed)} SHOULD {plural(len(failed), 'law')} failed: {names}"
    return [Line(one, "yellow") for one in clipped(text, width, 2)]


def known_failures(verdicts: list[Verdict], width: int) -> list[Line]:
    """A line for each reason of known failures, with how many laws it is about."""
    lines = []
    for reason, some in by_reason(verdicts, "known failure").items():
        laws = ", ".join(dict.fromkeys(v.law for v in some))
        text = f"{len(some)} known {plural(len(some), 'failure')}: {reason} ({laws})"
        lines += [Line(one) for one in clipped(text, width, 2)]
    return lines


def not_run(verdicts: list[Verdict], width: int) -> list[Line]:
    """A line for each reason why laws were not run, with how many they are."""
    found = by_reason(verdicts, "not run").items()
    return [Line(shorten(f"{len(some)} not run: {reason}", width)) for reason, some in found]


def by_reason(verdicts: list[Verdict], status: str) -> dict[str, list[Verdict]]:
    """Return the verdicts of a status in groups of one reason."""
    groups: dict[str, list[Verdict]] = {}
    for v in verdicts:
        if v.status == status:
            groups.setdefault(v.reason, []).append(v)
    return groups


def everything(name: str, verdicts: list[Verdict], causes: list[Cause], width: int) -> list[Line]:
    """All that is known of an implementation: each cause whole, each law that did not pass."""
    must = [c for c in causes if c.level == "MUST"]
    lines = [headline(name, verdicts, must)]
    for k, one in enumerate(causes):
        lines += head_of(k + 1, one, width, beside(one, verdicts), most=20)
        details = (observed(one), case_of(one), *one.lines, one.remedy)
        lines += [Line(f"   {text}") for text in details if text]
        lines += wrapped("laws: ", ", ".join(one.laws), width)
        if one.not_asked:
            lines += wrapped("no time to explain: ", ", ".join(one.not_asked), width)
        if one.may_follow:
            lines += wrapped("these gradients may follow: ", ", ".join(one.may_follow), width)
    ran = [v for v in verdicts if v.status != "not offered"]
    lines += [Line(one) for one in table(ran)]
    lines += [Line(one) for one in sections(verdicts)]
    of_all = asked, not_supported, interpreted, unexecuted.told
    for text in (text for told in of_all for text in told(verdicts)):
        lines += wrapped("", text, width)
    for status in ("known failure", "SHOULD failed"):
        found = {f"{v.law} ({v.dtype}): {v.reason}" for v in verdicts if v.status == status}
        for text in sorted(found):
            lines += wrapped(f"{status}: ", text, width)
    for reason, some in by_reason(verdicts, "not run").items():
        laws = ", ".join(dict.fromkeys(v.law for v in some))
        lines += wrapped(f"{len(some)} not run: ", f"{reason}: {laws}", width)
    return lines


def wrapped(head: str, text: str, width: int) -> list[Line]:
    """A paragraph, indented by three."""
    return [Line(f"   {one}") for one in textwrap.wrap(head + text, max(width - 3, 20))]
