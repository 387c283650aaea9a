"""Calls of a failure as text, so that they can be explained after the run, in another process."""

import base64
import pickle
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

from seqlaws.properties.diagnosis.evidence import moderate
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.subjects.record import Call, LawBrokenError, Record

CALLS_AT_MOST = 4  # of one example; the last ones
BYTES_AT_MOST = 1_000_000  # of the case; a larger one is not kept


@dataclass
class Stored:
    """A failure: its smallest case and kind, the calls, those of the first example that failed."""

    calls: list[Call] = field(default_factory=list)
    first: list[Call] = field(default_factory=list)
    case: Case | None = None
    kind: tuple[str, ...] = ()


def stored(record: Record, broken: LawBrokenError) -> str:
    """The failure that a record holds, as text."""
    case = broken.case
    kept: list[Any] = [
        [
            (c.name, *nameless(c.case), c.outputs)
            for c in some[-CALLS_AT_MOST:]
            if c.valid and moderate(c.case)  # invalid input has no expected output
        ]
        for some in (record.calls, record.first[-1:])
    ]
    kept += [nameless(case) if case is not None and size(case) <= BYTES_AT_MOST else None]
    kept += [broken.kind]
    return base64.b64encode(zlib.compress(pickle.dumps(kept), 1)).decode()


def restored(text: str) -> Stored:
    """The failure that `stored` wrote."""
    if not text:
        return Stored()
    calls, first, case, kind = pickle.loads(zlib.decompress(base64.b64decode(text)))  # noqa: S301  # our own
    whole = named(*case) if case is not None else None
    return Stored(answered(calls), answered(first), whole, kind)


def answered(calls: list[tuple[Any, ...]]) -> list[Call]:
    """Calls with the operations that they are of."""
    return [Call(name, named(operation, case), outputs) for name, operation, case, outputs in calls]


def size(case: Case) -> int:
    """Return the bytes of a case's arrays."""
    return sum(a.nbytes for a in (*case.arrays.values(), *case.cotangents.values()))


def nameless(case: Case) -> tuple[str, Case]:
    """A case without its operation, which has functions in it, and the operation's name."""
    nothing: Any = None
    return case.operation.name, replace(case, operation=nothing)


def named(operation: str, case: Case) -> Case:
    """The case again."""
    return replace(case, operation=OPERATIONS[operation])
