"""One case of a law again, in a process of its own, where the implementation has done nothing yet.

A failure may come of all that went before it, a script has its own calls alone.
"""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager

from seqlaws.properties.discovery.loader import is_named
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.isolation.client import Contained
from seqlaws.properties.isolation.fork_server import NURSERY
from seqlaws.properties.isolation.limits import EnoughError
from seqlaws.properties.laws import Law
from seqlaws.properties.subjects.record import LawBrokenError, NotOfferedError, Record
from seqlaws.properties.subjects.subject import Subject

SECONDS, IN_ALL = 20.0, 90.0  # for a failure, and for all failures of an implementation
SPENT: dict[str, float] = {}  # by spec


@contextmanager
def fresh(subject: Subject) -> Iterator[Subject]:
    """The implementation in a new process; where it has no name, as it is.

    Raises NotFoundError, LostError, and EnoughError once there was time enough.
    """
    spec, place = subject.spec, subject.place
    started = time.perf_counter()
    left = max(0.5, min(SECONDS, IN_ALL - SPENT.get(spec, 0.0), place.until - started))
    if SPENT.get(spec, 0.0) > IN_ALL:
        raise EnoughError
    contained = isinstance(place, Contained)
    if not contained and not is_named(spec):
        probe = copy.copy(subject)
        probe.record = Record()
        yield probe
        return
    keeper = place.keeper if isinstance(place, Contained) else NURSERY
    home = Contained(spec, place.limits, keeper, until=started + left)
    home.backend(subject.traits.backend)
    try:
        made = subject.name, home, subject.operation.name, subject.dtype, subject.device, spec
        yield Subject(*made, known_failures=subject.known_failures)
    finally:
        home.end()
        SPENT[spec] = SPENT.get(spec, 0.0) + time.perf_counter() - started


def broken_by(made: Law, subject: Subject, case: Case) -> LawBrokenError | None:
    """Return how the subject breaks the law on the case; None if it keeps it."""
    subject.record.begin()
    try:
        made.check(subject, subject.adapted(case))
    except NotOfferedError:
        return None
    except LawBrokenError as broken:
        return broken
    return None
