"""Calls of an implementation: when none is made, how long one takes, what an exception means."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from seqlaws.properties.backends.protocol import NotDifferentiableError
from seqlaws.properties.discovery.exits import raised_by_a_call, unended
from seqlaws.properties.discovery.raised import line_of, text_of
from seqlaws.properties.discovery.traits import Traits
from seqlaws.properties.inputs.admitted import beyond
from seqlaws.properties.inputs.case import Case
from seqlaws.properties.inputs.operation import Operation
from seqlaws.properties.isolation.limits import EnoughError, LostError
from seqlaws.properties.isolation.location import Place
from seqlaws.properties.subjects.pace import TOO_LARGE, Pace
from seqlaws.properties.subjects.record import Call, LawBrokenError, Made, NotOfferedError, Record


class Calls:
    """Part of a subject that calls its functions and records the calls."""

    namespace: Any
    operation: Operation
    device: str
    traits: Traits
    record: Record
    place: Place
    pace: Pace
    until: float  # when no call begins any more, by `time.perf_counter`
    made: Made | None  # of the next call
    unusual_layouts: list[str]

    @property
    def function(self) -> Callable[..., Any] | None:
        """The function that implements the operation."""
        raise NotImplementedError

    def soil(self, case: Case, *, vjp: bool) -> None:
        """Leave odd bytes in free memory before the next call."""
        raise NotImplementedError

    def called(self, function: Any, case: Case, *given: Any, **options: Any) -> Any:
        """Call the function and record the call; turn an exception into LawBrokenError."""
        self.spare(case)
        given, vjp = tuple(self.place.settled(given)), function != self.function
        self.soil(case, vjp=vjp)
        self.place.patience = self.pace.patience
        started = time.perf_counter()
        found = self.minded(case, vjp, lambda: self.finished(function, *given, **options))
        self.pace.returned(case, time.perf_counter() - started, vjp=vjp)
        return found

    def spare(self, case: Case) -> None:
        """Raise EnoughError if the time is over, NotOfferedError for what a slow one is spared."""
        if time.perf_counter() > self.until:
            raise EnoughError
        if self.pace.is_too_large(case):
            self.record.too_large += 1
            raise NotOfferedError(TOO_LARGE)
        if other := beyond(case, self.traits.sizes):
            self.record.not_offered["sizes beyond the declared ones"] += 1
            raise NotOfferedError(f"{other}, beyond the declared sizes")

    def finished(self, function: Any, *given: Any, **options: Any) -> Any:
        """Call a function; return its outputs once the device has computed them."""
        where = self.traits.backend, self.device if self.operation.arrays else "cpu"
        return self.place.finished(*where, lambda: function(*given, **options))

    def raises(self, function: Any, case: Case, *given: Any, **options: Any) -> bool:
        """Return True if a call on invalid input raises an exception.

        Raises LawBrokenError if the process has ended.
        """
        self.spare(case)
        given = tuple(self.place.settled(given))
        vjp = function != self.function
        try:
            call = partial(self.finished, function, *given, **options)
            self.minded(case, vjp, call, valid=False)
        except LawBrokenError as broken:
            if broken.lost:  # a process that ended did not refuse the input
                raise
            return True
        return False

    def minded(self, case: Case, vjp: bool, call: Callable[[], Any], *, valid: bool = True) -> Any:
        """Record a call and return its outputs; turn an exception into LawBrokenError.

        valid: an exception may mean that the implementation does not support the call; then raises
        NotOfferedError.
        """
        name = self.operation.name + "_vjp" * vjp
        self.record.called(Call(name, case, made=self.made, valid=valid))
        self.made = None
        try:
            with unended():
                return call()
        except NotDifferentiableError as error:
            says = f"{self.operation.name} cannot be differentiated: {error}"
            raise LawBrokenError(says) from None
        except LostError as lost:
            if self.pace.excuses(slow=lost.slow):
                raise EnoughError(f"{name} {lost}, and is slow") from None
            raise LawBrokenError(f"{name} {lost}", lost=True, slow=lost.slow) from None
        except EnoughError:
            raise
        except BaseException as error:  # a test's outcome or a system exit is no answer either
            if isinstance(error, KeyboardInterrupt) and not raised_by_a_call():
                raise  # whoever runs the suite wants it to end
            if not valid:  # that it raised is all that is asked
                raise LawBrokenError(f"{name} raised", raised=error) from error
            self.refuse(case, vjp, error)
            first, *others = text_of(error).splitlines()
            line = line_of(error, self.namespace)
            said = f"{name} raised {first}{line and f' ({line})'}"
            raise LawBrokenError("\n".join([said, *others]), raised=error) from error

    def refuse(self, case: Case, vjp: bool, error: BaseException) -> None:
        """Raise NotOfferedError if the exception means that the call is not supported.

        Outside the operation's core any exception means this. Inside the core only
        NotImplementedError does, and only for an option or a gradient. A gradient may be refused
        for an option, too: then the option alone, which a call without gradients refuses, is said.
        """
        if not isinstance(error, Exception):
            return
        beyond = [*self.operation.beyond_core(case), *self.unusual_layouts]
        if not beyond and isinstance(error, NotImplementedError):
            beyond = sorted(filter(self.operation.is_option, case.options))
            beyond += ["gradients"] if vjp else []
        if beyond:
            self.record.not_offered["; ".join(beyond)] += 1
            raise NotOfferedError(str(error)) from None
