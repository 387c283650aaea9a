"""Causes of the failures of one implementation, found after its laws have run."""

import re
import time
from contextlib import suppress
from dataclasses import replace

from seqlaws.properties.diagnosis.diagnose import STOPPED
from seqlaws.properties.diagnosis.solution import Budget
from seqlaws.properties.diagnosis.stored_calls import restored
from seqlaws.properties.judging.cause import Cause, merged_causes, ordered
from seqlaws.properties.judging.verdict import Verdict
from seqlaws.properties.laws import law_of
from seqlaws.properties.reporting.failure_text import with_cause, with_script
from seqlaws.properties.reporting.reproduction import reproduction
from seqlaws.properties.reporting.witness import SCRIPT_AT_MOST
from seqlaws.properties.runner.explaining import Asks, Explaining
from seqlaws.properties.runner.from_verdicts import cause, says
from seqlaws.properties.subjects.returned import BEYOND, INTO, KIND, SHARED, WRITTEN

BROKEN = ("failed", "SHOULD failed")
SHARE, SECONDS = 0.2, 5.0  # of a run, at least so many seconds, to explain what failed
LESS = 0.25  # of an operation's part, where only SHOULD laws failed
SCRIPTS = 15.0  # seconds for the scripts of an implementation's causes, at most
EXPLAIN = ("specification", "trait", "precision")  # kinds of causes that are a diagnosis
NUMBERS = re.compile(r"\d+(, *\d+)*,?")  # of a size, or of a shape of any rank
RETURNED = r"^\w+ returned (\w+ with shape .*, not |\d+ outputs, not )"
SHAPE = "return the due shape; if only some sizes are meant, declare the trait `sizes`"
ADMITTED = "nobody may refuse such a call; if only some sizes are meant, declare the trait `sizes`"
SURROUNDINGS = "surroundings_stay_as_they_were"
REMEDIES = {
    KIND: "return arrays of the inputs' kind, dtype and device",
    WRITTEN: "copy an input before you write to it",
    BEYOND: "leave out what a tile has before and beyond an array, in loads and in stores",
    INTO: "write every entry of the arrays that are given for the outputs, and return no others",
    SURROUNDINGS: "build modules and draw random numbers before the call, and restore settings",
    SHARED: "return a copy: an output must have memory of its own",
}


def explained(
    verdicts: list[Verdict], subject_of: Asks | None, *, every: bool = True
) -> list[Cause]:
    """Explain what failed of one implementation after a run; its verdicts then say so, too.

    every: whether operations of which only SHOULD laws failed are explained, too, and whether
    there is a script for each cause.
    """
    seconds = max(SECONDS, SHARE * sum(v.seconds for v in verdicts))
    found = causes_of(verdicts, subject_of, seconds, every=every)
    told_by_causes(verdicts, found)
    if every:
        with_scripts(verdicts, found, subject_of, SCRIPTS)
    return found


def causes_of(
    verdicts: list[Verdict], subject_of: Asks | None, seconds: float, *, every: bool = True
) -> list[Cause]:
    """Explain what failed of one implementation, in about so many seconds; the gravest first.

    subject_of: None if the implementation cannot be called any more.
    """
    broken = [v for v in verdicts if v.status in BROKEN]
    found: list[Cause] = []
    left = []
    for v in broken:
        one = of_one(v)
        if one is None:
            left.append(v)
        else:
            found.append(one)
    operations = list(dict.fromkeys(v.operation for v in left))
    budget = Budget(seconds)
    waiting = len(left)
    for operation in operations:
        some = [v for v in left if v.operation == operation]
        share = budget.left * len(some) / waiting  # by how much there is to explain
        waiting -= len(some)
        must = any(v.status == "failed" for v in some)
        if subject_of is not None and (must or every):
            share *= 1.0 if must else LESS
            with suppress(*STOPPED):  # what a subject does now costs an explanation at most
                explained = Explaining(operation, some, subject_of, share).causes()
                found += explained
                named = {id(v) for c in explained for v in c.smallest.pop("verdicts")}
                some = [v for v in some if id(v) not in named]
        found += [cause(v, "law", f"{v.law}: {says(v)}") for v in some]
    return ordered(merged_causes(found))


def with_scripts(
    verdicts: list[Verdict], causes: list[Cause], subject_of: Asks | None, seconds: float
) -> None:
    """Give each cause's smallest failure a script that shows it again, as long as there is time."""
    until = time.perf_counter() + seconds
    for one in causes:
        law, dtype, device = (one.smallest[name] for name in ("law", "dtype", "device"))
        same = [v for v in verdicts if (v.law, v.dtype, v.device) == (law, dtype, device)]
        if subject_of is None or not same or not same[0].evidence or time.perf_counter() > until:
            continue
        v, made = same[0], law_of(same[0].operation, same[0].law_name)
        kept = restored(v.evidence)
        if made is None or kept.case is None:
            continue
        subject = subject_of(v.operation, v.dtype)
        subject.place.until = until
        shown = reproduction(made, subject, kept.case, kept.kind)
        v.message = with_script(v.message, *shown)
        if 0 < len(shown.script) <= SCRIPT_AT_MOST:
            v.witness["script"] = shown.script


def told_by_causes(verdicts: list[Verdict], causes: list[Cause]) -> None:
    """Say the cause in each verdict that it explains, and in its text."""
    for one in causes:
        if one.kind not in EXPLAIN:
            continue
        for v in verdicts:
            if v.status in BROKEN and v.law in one.laws and v.dtype in one.dtypes:
                v.diagnosis = one.sentence
                v.message = with_cause(v.message, one)


def of_one(v: Verdict) -> Cause | None:
    """The cause of a failure that says itself what it is; None if it does not."""
    if v.witness.get("lost"):
        names = (v.reason.partition(" ")[2], v.operation)
        return replace(cause(v, "exception", v.reason), names=names)
    if v.section == "guards":
        what = "arguments are not checked: invalid input is accepted"
        return cause(v, "guards", what, "raise ValueError or TypeError for wrong shapes and dtypes")
    if raised := v.witness.get("raised"):
        made = cause(v, "exception", v.reason, ADMITTED if "NotImplemented" in raised else "")
        line = re.search(r"\(\S+:\d+\)$", v.reason, re.MULTILINE)  # that it comes from
        return replace(made, names=(NUMBERS.sub("#", raised), line[0] if line else v.operation))
    if re.search(RETURNED, v.reason):
        made = cause(v, "exception", v.reason, SHAPE)
        return replace(made, names=(NUMBERS.sub("#", v.reason), v.operation))
    for law, remedy in REMEDIES.items():
        if v.law_name == law or (v.section == "manners" and v.reason == v.noted.get(law)):
            return cause(v, "manners", v.reason.partition(" (seen by ")[0], remedy)
    return None
