"""Diagnosis of a wrong implementation: the misreading that explains its answers.

Every misreading in the catalogue is run, as the specification is, on the failing call and on some
discriminating cases. The implementation is called on the same cases. A misreading is named if the
implementation gives its values, within the error that the declared arithmetic allows.
"""

import copy
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from seqlaws.properties.diagnosis.evidence import (
    ACCUMULATE,
    CHANGES,
    DEPENDS,
    NEAR,
    Evidence,
    asked,
    distance,
    effort,
    evidence,
    expected,
    judged,
    moderate,
    whether_it_changes,
)
from seqlaws.properties.inputs.dense import dense, discriminating_cases
from seqlaws.properties.isolation.limits import EnoughError
from seqlaws.properties.isolation.specification_server import SpecificationError
from seqlaws.properties.judging.comparison import ratios
from seqlaws.properties.misreadings import Misreading, about, shown
from seqlaws.properties.misreadings.precision import kept
from seqlaws.properties.misreadings.vocabulary import AT_HAND, narrow
from seqlaws.properties.subjects.record import Call, Record
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Arithmetic
from seqlaws.reference.numbers.arithmetic import FORMATS

POOL, LOOKS, TRIED, TIED = 32, 6, 24, 3  # misreadings looked at again, how often, tried, named
FEWEST = 12  # different numbers, of which some would be rounded
CHOOSY, FEW = ("moments", "tanh"), 2  # what loses digits of some numbers only
CONTRADICT = "each answer alone is what the specification allows: they contradict each other"


DECLARE = {  # a trait that would admit it, or what to mend
    "elementary": 'declare `"elementary": "absolute"`, or use a sigmoid that keeps small values',
    "normalise": 'declare `"normalise": "affine"`, or subtract the mean first',
    "accumulate": 'declare `"accumulate": "dtype"`, or sum in float32',
    "cancelled": "subtract the mean first",
}


# raised by the subject, by an output that it returned, or by the specification
STOPPED = (Exception, SystemExit, EnoughError, SpecificationError)


@dataclass(frozen=True)
class Diagnosis:
    """text: one line; names: of the misreadings; lines: where the first changes what."""

    text: str = ""
    names: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def diagnose(subject: Subject, first: Iterable[Call], seconds: float) -> Diagnosis:
    """Explain the failure that the subject's record holds; first: the calls of the first failure.

    It takes about so many seconds at most, and never raises.
    """
    until = clock() + seconds
    calls = list(subject.record.calls)
    probe = copy.copy(subject)
    probe.record = Record()
    token = AT_HAND.set(subject.arithmetic)
    try:
        with np.errstate(all="ignore"):
            return explained(probe, calls, list(first), until)
    except STOPPED:
        return Diagnosis()
    finally:
        AT_HAND.reset(token)


def explained(probe: Subject, calls: list[Call], first: list[Call], until: float) -> Diagnosis:
    """The diagnosis, once the failing call is found."""
    seen = [evidence(probe, call) for call in reversed(calls)]
    known = [e for e in seen if e is not None]
    failing = next((e for e in known if e.is_wrong), None)
    if failing is None:
        return Diagnosis(CONTRADICT) if len(known) > 1 and len(known) == len(calls) else Diagnosis()
    given = first[-1].case if first else failing.case
    others: list[Evidence | None] = []
    changes: set[str] = set()
    with suppress(*STOPPED):  # a slow implementation: what is at hand has to do
        others += [asked(probe, dense(given), vjp=failing.vjp)] if moderate(given) else []
        changes |= {whether_it_changes(probe, e) for e in (failing, *others)}
    for said in (ACCUMULATE, CHANGES, DEPENDS):
        if said in changes:
            return Diagnosis(said, (said.partition(":")[0],))
    earlier = [c for c in reversed(first) if c.vjp == failing.vjp]
    if moderate(given) and all(failing.case is not c.case for c in earlier):
        known += [e for e in (evidence(probe, c) for c in earlier) if e is not None]
    others += [e for e in known if e is not failing and e.vjp == failing.vjp]
    half = (until + clock()) / 2
    with suppress(*STOPPED):
        for case in () if probe.pace.is_slow else discriminating_cases(failing.case, probe.offers):
            if clock() > half:
                break
            others.append(asked(probe, case, vjp=failing.vjp))
    return best(probe, [failing, *(e for e in others if e is not None)], until)


def clock() -> float:
    """Seconds of this thread's own work: what else the machine does changes no diagnosis."""
    return time.thread_time()


def fits(probe: Subject, one: Misreading, e: Evidence) -> bool:
    """Return True if a misreading may have given an answer: by its values, or else by its bound."""
    furthest, _ = distance(probe, one, e)
    return furthest <= NEAR or (furthest < np.inf and judged(probe, one, e) >= 0)


def best(probe: Subject, apt: list[Evidence], until: float) -> Diagnosis:
    """The misreading that explains every wrong answer, and what to say of it: else none."""
    failing = apt[0]
    operation = failing.case.operation.name
    known = about(operation + "_vjp" * failing.vjp)
    wrong = [e for e in apt if e.is_wrong]
    scores: dict[Misreading, tuple[int, int]] = {}
    for one in screened(probe, known, wrong, until):
        if clock() > until or sum(s[0] == 0 for s in scores.values()) > TIED:
            break
        if all(fits(probe, one, e) for e in wrong) and any(
            judged(probe, one, e) > 0 for e in wrong
        ):
            conditional = sum(not fits(probe, one, e) for e in apt if not e.is_wrong)
            if len(wrong) > 1 or not conditional or len(apt) == 1:  # else it fits by chance
                scores[one] = (conditional, known.index(one))
    if scores:
        return worded(operation, scores, vjp=failing.vjp)
    rounded = cancelled(probe, wrong) or rounding(probe, apt)
    if rounded is not None:
        return rounded
    if not known:
        return Diagnosis()
    what = f"{len(known)} misreadings of {operation}" + "'s gradient" * failing.vjp
    if clock() > until:
        return Diagnosis(f"the time ended before all {what} in the catalogue were tried")
    return Diagnosis(f"none of the {what} in the catalogue explains it")


def screened(
    probe: Subject, known: tuple[Misreading, ...], wrong: list[Evidence], until: float
) -> list[Misreading]:
    """The misreadings that come nearest to what was observed, nearest first."""
    pool: list[tuple[float, int, Misreading]] = [(0.0, k, one) for k, one in enumerate(known)]
    for e in sorted(wrong, key=effort)[:LOOKS]:
        left = []
        for near, k, one in pool:
            if clock() > until:
                break
            _, mean = distance(probe, one, e)  # the furthest may be beyond all that is allowed here
            if mean < np.inf:
                left.append((near + mean, k, one))
        pool = sorted(left)[:POOL]
    return [one for *_, one in pool[:TRIED]]


def worded(operation: str, scores: dict[Misreading, tuple[int, int]], *, vjp: bool) -> Diagnosis:
    """The sentence for the misreadings that explain every wrong answer."""
    order = sorted(scores, key=lambda one: scores[one])
    first = order[0]
    conditional, _ = scores[first]
    same = [one for one in order if scores[one][0] == conditional]
    names = distinct_names(one.name for one in same)
    what = "gradients are those of" if vjp else "output is what"
    verb = f"{operation} with" if vjp else f"{operation} gives with"
    where = "where it is wrong, " if conditional else ""
    text = f"{where}your {what} {verb} {', or '.join(names[:TIED])}"
    return Diagnosis(text, tuple(names[:TIED]), tuple(shown(first, operation)))


def distinct_names(names: Iterable[str]) -> list[str]:
    """The names without those that only add to an earlier one."""
    kept: list[str] = []
    for name in names:
        if not any(name.startswith(earlier) for earlier in kept):
            kept.append(name)
    return kept


def narrower(probe: Subject) -> Iterator[tuple[str, Arithmetic]]:
    """Arithmetics that lose more than the declared one, the least narrow first."""
    a = probe.arithmetic
    if a.elementary == "relative":
        yield (
            f"tanh and sigmoid without small digits: {DECLARE['elementary']}",
            replace(a, elementary="absolute"),
        )
    if a.normalise == "centred":
        yield f"moments in one pass: {DECLARE['normalise']}", replace(a, normalise="affine")
    if a.dtype == "float64":
        yield "float32 inside", replace(a, accumulate="float32")
    if a.matmul == "ieee" and a.dtype in ("float64", "float32"):
        yield "TF32 operands", replace(a, matmul="tf32")
        yield "bfloat16 operands", replace(a, matmul="bf16")
    for form in ("float16", "bfloat16"):
        stored = FORMATS[a.dtype][0] <= FORMATS[form][0]
        if FORMATS[form][0] < FORMATS[a.accumulate][0] and (a.dtype == form or not stored):
            word = f"accumulation: {DECLARE['accumulate']}" if a.dtype == form else "inside"
            yield f"{form} {word}", replace(a, accumulate=form)


def rounding(probe: Subject, apt: list[Evidence]) -> Diagnosis | None:
    """Lower precision that would explain every answer: by the outputs' bits, or by the bounds."""
    wrong = [e for e in apt if e.is_wrong]
    choosy = sum(e.share >= 1 / 5 for e in apt) < len(apt) / 2  # as cancellation is; others are not
    if not (choosy or wrong[0].vjp):
        bits = bits_of(wrong)
        if bits < FORMATS[probe.dtype][0] - 2:
            one = kept(bits, probe.operation.name)
            if all(judged(probe, one, e) >= 0 for e in apt) and judged(probe, one, apt[0]) > 0:
                return worded(probe.operation.name, {one: (0, 0)}, vjp=False)
    dense = [e for e in apt if is_varied(e)]
    everywhere = 4 * sum(e.is_wrong for e in dense) >= 3 * len(dense)
    for name, arithmetic in narrower(probe):
        if choosy and not name.startswith(CHOOSY):
            continue
        if name.endswith((" inside", " operands")) and not everywhere:
            continue
        most, known, count = 0.0, 0, 0
        for e in wrong:
            found = expected(probe, e.case, vjp=e.vjp, arithmetic=arithmetic)
            for n, (value, allowed) in found.items():
                ratio = ratios(e.observed[n], value, allowed, nan_is_free=e.vjp)
                most = max(most, float(ratio.max(initial=0)))
                known += int(np.sum(e.wrong[n] & (allowed < np.abs(value))))
                count += int(np.sum(e.wrong[n]))
        needed = FEW if choosy else count / 2  # or anything would be consistent with it
        if 1 / 64 < most <= 1 and known > needed:
            what = "gradients are" if wrong[0].vjp else "output is"
            return Diagnosis(f"your {what} consistent with {name}", (name,))
    return None


def is_varied(e: Evidence) -> bool:
    """Return True if so many numbers are expected that some would be rounded."""
    values = np.concatenate([x.value.reshape(-1) for x in e.truth.values()])
    return np.unique(values[np.isfinite(values) & (values != 0)]).size >= FEWEST


def cancelled(probe: Subject, wrong: list[Evidence]) -> Diagnosis | None:
    """NaN wherever moments in one pass may give a negative variance, and nothing else wrong."""
    affine = replace(probe.arithmetic, normalise="affine")
    for e in wrong:
        for n, (_, allowed) in expected(probe, e.case, vjp=e.vjp, arithmetic=affine).items():
            here = e.wrong[n]
            if not (np.isnan(e.observed[n][here]) & np.isinf(allowed[here])).all():
                return None
    name = f"moments in one pass: the root of a negative variance; {DECLARE['cancelled']}"
    what = "gradients are" if wrong[0].vjp else "output is"
    return Diagnosis(f"your {what} consistent with {name}", (name,))


def bits_of(wrong: list[Evidence]) -> int:
    """Return the bits of significand that the outputs have; 53 if there are too few outputs."""
    values = np.concatenate([o.reshape(-1) for e in wrong for o in e.observed.values()])
    values = values[np.isfinite(values) & (values != 0)]
    if np.unique(values).size < FEWEST:
        return 53
    return next((bits for bits in range(4, 53) if np.all(narrow(values, bits) == values)), 53)
