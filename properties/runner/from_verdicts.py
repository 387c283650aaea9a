"""Causes made of verdicts."""

from typing import Any

from seqlaws.properties.judging.cause import Cause, entries_of
from seqlaws.properties.judging.verdict import Verdict

ENTRY = ("output", "index", "observed", "expected", "allowed")
SHOWN = (*ENTRY, "call", "arrays", "shapes", "options")  # of a witness


def cause(v: Verdict, kind: str, sentence: str, remedy: str = "") -> Cause:
    """A cause of one verdict."""
    return Cause(
        v.implementation,
        kind,
        sentence,
        v.level,
        remedy=remedy,
        operations=[v.operation],
        dtypes=[v.dtype],
        laws=[v.law],
        failures=1,
        smallest=witness_of(v),
    )


def says(v: Verdict) -> str:
    """The sentence of a failure, without the entry that is shown beside it."""
    return v.reason.partition(": ")[0] if "observed" in v.witness else v.reason


def witness_of(v: Verdict) -> dict[str, Any]:
    """Return what is shown of a failure: its law, the worst entry, and the case."""
    told = {n: v.witness[n] for n in SHOWN if n in v.witness}
    return {"law": v.law, "dtype": v.dtype, "device": v.device, "reason": v.reason, **told}


def size_of(v: Verdict) -> tuple[bool, bool, int, bool]:
    """Order of witnesses: of a MUST, with the fewest entries, in float32."""
    return v.level != "MUST", not v.witness, entries_of(v.witness), v.dtype != "float32"
