"""Jobs: an implementation at one work; which of them a run consists of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.clocks import no_clock
from benchmarks.conforms import Conformance, Finding
from benchmarks.work import DIRECTIONS, LENGTHS, Work, sizes_of
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.session import Session
from seqlaws.properties.subjects.subject import Subject

DTYPE = "float32"  # unless --dtype says otherwise


@dataclass(frozen=True, eq=False, repr=False)
class Job:
    """An implementation at one work; unavailable: why its device cannot be used, or empty."""

    name: str
    namespace: Any
    work: Work
    unavailable: str = ""

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.work.group}-{self.name}".replace(" ", "-")

    def __repr__(self) -> str:
        return self.id

    def finding(self, conformance: Conformance) -> Finding:
        """Whether it may be timed, and if not why: in one sentence."""
        work, subject = self.work, self.subject()
        if reason := self.unavailable or no_clock(work.device, subject.traits.backend):
            return Finding("not run", reason)
        if subject.function is None:
            return Finding("not offered", f"{work.operation} is not offered")
        if work.dtype not in (subject.operation.dtypes or subject.traits.dtypes):
            declared = ", ".join(subject.traits.dtypes)
            return Finding("not offered", f"{work.dtype} is not offered; declared: {declared}")
        if work.backward and not subject.gives_gradients:
            return Finding("not offered", f"{work.operation}_vjp is not offered")
        return conformance.judged(subject, work)

    def subject(self) -> Subject:
        """The implementation for this operation, dtype and device."""
        work = self.work
        return Subject(self.name, self.namespace, work.operation, work.dtype, work.device)

    def call(self) -> Callable[[], Any]:
        """The call that is timed, its inputs made: in the implementation's own kind of arrays."""
        subject, case = self.subject(), self.work.case()
        arrays, options = subject.native(case, {})
        given, named = subject.operation.arranged(arrays, options)
        function = subject.function
        assert function is not None
        if not self.work.backward:
            named |= subject.convention.keyword(subject.buffers(case))
            return partial(function, *given, **named)
        cotangents = {n: subject.native_array(n, c) for n, c in case.cotangents.items()}
        function, given, named = subject.pulling(case, arrays, options, cotangents)
        return partial(function, *given, **named)


def devices_of(session: Session) -> list[str]:
    """The devices of all implementations at hand."""
    return list(dict.fromkeys(d for name in session.found for d in session.devices_of(name)))


def timed_dtypes(operation: str, device: str, asked: str, session: Session) -> tuple[str, ...]:
    """The dtype that is asked for; the operation's own where it has but some and none is asked for.

    What takes no arrays knows of no device: it is timed on the CPU alone.
    """
    known = OPERATIONS[operation]
    if not known.arrays and device != "cpu":
        return ()
    if known.dtypes and not session.dtypes:
        return known.dtypes
    return (asked,) if asked in (known.dtypes or (asked,)) else ()


def jobs(session: Session, lengths: Iterable[int] = LENGTHS) -> list[Job]:
    """All jobs of a run; what is compared stands together, forward before backward."""
    works = [
        Work(operation, direction, size, dtype, device)
        for device in devices_of(session)
        for asked in session.dtypes or [DTYPE]
        for operation in session.operations or OPERATIONS
        for dtype in timed_dtypes(operation, device, asked, session)
        for size in sizes_of(operation, lengths)
        for direction in DIRECTIONS
        if direction == "forward" or OPERATIONS[operation].differentiable
    ]
    return [
        Job(name, namespace, work, session.why_not(name, work.operation, work.device))
        for work in works
        for name, (_, namespace) in session.found.items()
        if work.device in session.devices_of(name)
    ]
