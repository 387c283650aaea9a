"""Witness of a failure, as data: the shrunk case, observed and expected entries, a program."""

from typing import Any

import numpy as np

from seqlaws.properties.diagnosis.diagnose import Diagnosis
from seqlaws.properties.subjects.record import LawBrokenError
from seqlaws.properties.subjects.subject import Subject

ARRAY_AT_MOST, ENTRIES_AT_MOST, SCRIPT_AT_MOST = 4096, 64, 20_000


def witness(
    subject: Subject, broken: LawBrokenError, found: Diagnosis, script: str
) -> dict[str, Any]:
    """The worst entry, others beside it, the shrunk case, a script; what the diagnosis changes."""
    data: dict[str, Any] = {k: True for k in ("lost", "slow") if getattr(broken, k)}
    if (worst := broken.entry) is not None:
        data |= {"output": worst.output, "index": list(worst.index), "observed": worst.observed}
        data |= {"expected": worst.expected, "allowed": worst.allowed, **entries(*worst.every)}
    if broken.raised is not None:
        text = f"{type(broken.raised).__name__}: {broken.raised}".strip()
        data["raised"] = text.splitlines()[0]
    if found.lines:
        data["misreading"] = list(found.lines)
    if not subject.record.calls:
        return data
    last = subject.record.calls[-1]
    case = last.case
    arrays = {**case.arrays, **(case.cotangents if last.vjp else {})}
    listed = {n: a.tolist() for n, a in arrays.items() if a.size <= ARRAY_AT_MOST}
    options = {n: o.tolist() if hasattr(o, "tolist") else o for n, o in case.options.items()}
    shapes = {n: list(a.shape) for n, a in arrays.items()}
    call = {"call": last.name, "arrays": listed, "shapes": shapes, "options": options}
    short = script and len(script) <= SCRIPT_AT_MOST  # a longer one stands in the message alone
    return {**data, **call, **({"script": script} if short else {})}


def entries(observed: Any, value: Any, allowed: Any, ratio: Any) -> dict[str, Any]:
    """[index, observed, expected, allowed] of the worst entries, the worst first; of how many."""
    observed, value, allowed, ratio = np.broadcast_arrays(observed, value, allowed, ratio)
    order = np.argsort(-ratio, axis=None, kind="stable")[:ENTRIES_AT_MOST]
    rows = []
    for place in order:
        at = np.unravel_index(int(place), ratio.shape)
        numbers = (float(a[at]) for a in (observed, value, allowed))
        rows.append([[int(i) for i in at], *numbers])
    return {"entries": rows, "of": int(ratio.size)}
