"""An implementation in a process of its own, which may crash, hang or tamper there.

It looks like a namespace with the contract's functions. Arrays live there; what is here of one is
its number and what it held when it was last reported (`remote`). Nothing comes back but built-in
values.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

from seqlaws.properties.backends.protocol import Array
from seqlaws.properties.discovery.loader import NotFoundError
from seqlaws.properties.isolation.devices import SpoiltError
from seqlaws.properties.isolation.executed_lines import Lines
from seqlaws.properties.isolation.fork_server import NURSERY
from seqlaws.properties.isolation.limits import EnoughError, Limits, LostError
from seqlaws.properties.isolation.remote import (
    Odd,
    Remote,
    RemoteBackend,
    RemoteFunction,
    referred,
)
from seqlaws.properties.isolation.specification_server import ADDED
from seqlaws.properties.isolation.supervisor import LIBRARIES, START, Keeper, Process, array_of
from seqlaws.properties.isolation.told_exceptions import exception
from seqlaws.properties.isolation.worker import Named

NUMBERS = itertools.count(1)
COMPILING = 3.0  # times the limit of a call, for the first call of a function


class Contained:
    """The implementation's namespace, and the process behind it, which is begun when needed.

    What is asked raises LostError where the implementation ends its process, and EnoughError when
    `until`, a time of `time.perf_counter`, is over.
    """

    def __init__(
        self, spec: str, limits: Limits, keeper: Keeper = NURSERY, until: float = math.inf
    ) -> None:
        self.spec, self.limits, self.keeper = spec, limits, keeper
        self.until, self.library = until, ""
        self.followed = False  # whether the lines that calls execute are noted
        self.patience = 0.0  # seconds that a call may take, if more than its limit
        self.returned: set[Named] = set()  # functions that returned: their first call may compile
        self.backends: dict[str, RemoteBackend] = {}
        self.process: Process | None = None
        self.forget()
        self.TRAITS, functions = self.begun()
        for name, parameters in functions.items():
            setattr(self, name, RemoteFunction(self, name, parameters))

    def forget(self) -> None:
        """Forget all arrays: they are gone with their process."""
        self.arrays: WeakValueDictionary[int, Remote] = WeakValueDictionary()
        self.dropped: list[int] = []
        self.made: list[tuple[Any, ...]] = []
        self.written: list[tuple[int, Array]] = []
        self.soiled: tuple[Sequence[int], str] = ((), "")

    def begun(self) -> Any:
        """Begin a process and load the implementation there; its traits and functions."""
        self.forget()
        if self.process is not None:  # it is over
            self.process.channel.close()
        self.process = Process(self.keeper, self.limits)
        begun = self.asked(self.process, START, "load", self.spec, tuple(ADDED))
        if self.followed:
            self.asked(self.process, START, "follow")
        return begun

    def end(self) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            self.process.end()
            self.process = None

    def backend(self, library: str) -> RemoteBackend:
        """The arrays of a library, from now on."""
        self.library = library
        if library not in self.backends:
            self.backends[library] = RemoteBackend(self, library)
            LIBRARIES.add(library)
        return self.backends[library]

    def ask(self, deed: str, *given: Any) -> Any:
        """Call a method of the worker and return its result; begin a worker if there is none."""
        return self.ask_within(self.limits.seconds, deed, *given)

    def ask_within(self, seconds: float, deed: str, *given: Any) -> Any:
        """Call a method of the worker, with a time limit of its own."""
        if self.process is None or self.process.is_over:
            self.begun()
        return self.asked(self.process, seconds, deed, *given)

    def asked(self, process: Any, seconds: float, deed: str, *given: Any) -> Any:
        """Call a method of the worker in a process and return its result.

        Raises the method's exception, LostError where the process ended, EnoughError at `until`.
        """
        number, process.until = next(NUMBERS), self.until
        question = number, self.library, self.dropped, self.made, self.written, deed, given
        self.dropped, self.made, self.written = [], [], []
        try:
            answer = process.ask(question, seconds)
        except (LostError, EnoughError):
            self.process = None
            raise
        try:
            said, kind, found, changes = answer
            for one, plain in changes:
                if one in self.arrays:
                    self.arrays[one].contents = array_of(plain)
        except (TypeError, ValueError):
            said = 0
        if said != number:
            self.end()
            raise LostError("wrote to the pipe that its results come through")
        if kind == "raised":
            error = exception(*found)
            if isinstance(error, SpoiltError):  # whatever is asked next is asked of a new process
                self.end()
            raise error
        return found

    def make(self, values: Array, dtype: str, device: str, layout: str) -> Remote:
        """An array over there, made when next something is asked."""
        if self.process is None or self.process.is_over:
            self.begun()
        number = next(NUMBERS)
        self.made.append((number, values, dtype, device, layout))
        kept = dtype if values.dtype.kind == "f" else str(values.dtype)
        return Remote(self, number, values, values.shape, kept, device.partition(":")[0])

    def write(self, array: Remote, values: Array) -> None:
        """Overwrite an array over there."""
        array.contents = values
        self.written.append((array.number, values))

    def call(self, name: Named, given: Any, options: Mapping[str, Any]) -> Any:
        """Call a function in the worker and return its outputs."""
        soil, self.soiled = self.soiled, ((), "")
        seconds = self.limits.seconds * (1.0 if name in self.returned else COMPILING)
        asked = "call", name, referred(given), referred(options), *soil
        found = self.ask_within(max(seconds, self.patience), *asked)
        self.returned.add(name)
        return self.given(found)

    def settled(self, given: Sequence[Any]) -> Sequence[Any]:
        """Return the arguments unchanged: the worker settles dicts."""
        return given

    def finished(self, library: str, device: str, call: Callable[[], Any]) -> Any:
        """Return the outputs of a call: the worker waits for the device."""
        return call()

    def spoilt(self, device: str) -> str:
        """Return "": a process whose device failed is replaced."""
        return ""

    def soil(self, library: str, sizes: Sequence[int], device: str) -> None:
        """Let the worker leave odd bytes in free memory before the next call."""
        self.soiled = (tuple(sizes), device)

    def rewritten(self) -> bool:
        """Return True if the latest call changed a dict that it was given."""
        return bool(self.ask("rewritten"))

    def together(self, calls: Sequence[tuple[Any, Any, Any]]) -> list[Any]:
        """Make several calls at once; return the output or the exception of each."""
        asked = [(referred(f), referred(g), referred(o)) for f, g, o in calls]
        return [
            self.given(found) if kind == "gave" else exception(*found)
            for kind, found in self.ask("together", asked)
        ]

    def watch(self, seed: int) -> None:
        """Note the worker's global state."""
        self.ask("watch", seed)

    def changed(self) -> list[str]:
        """Return the worker's state that changed since `watch` or since it was first noted."""
        return list(self.ask("changed"))

    def unlike_first(self) -> list[str]:
        """Return the worker's lasting state that changed since it was first noted."""
        return list(self.ask("unlike_first"))

    def replaced(self) -> list[str]:
        """Return the functions that were replaced in the worker by the import or by a call."""
        return list(self.ask("replaced"))

    def left(self) -> dict[str, int]:
        """Count the worker's threads, file descriptors and child processes."""
        return dict(self.ask("left"))

    def follow(self, namespace: Any) -> None:
        """Note from now on which lines of the implementation's source are executed."""
        if not self.followed:
            self.followed = True
            if self.process is not None and not self.process.is_over:
                self.ask("follow")

    def executed(self) -> Lines:
        """Return the lines that were executed since the last answer.

        Those of a process that has ended since are lost.
        """
        if self.process is None or self.process.is_over:
            return {}
        try:
            told = self.ask("executed")
        except (LostError, EnoughError):
            return {}
        return {str(file): [int(line) for line in lines] for file, lines in told.items()}

    def given(self, told: Any) -> Any:
        """Arrays, and what contains them, as they were told."""
        kind, *rest = told
        if kind == "odd":
            return Odd(*rest)
        if kind == "array":
            number, shape, dtype, device, plain, shared = rest
            array = Remote(self, number, array_of(plain), tuple(shape), dtype, device)
            array.shared = set(shared)
            return array
        parts = rest[0]
        if kind == "dict":
            return {name: self.given(part) for name, part in parts}
        return (tuple if kind == "tuple" else list)(map(self.given, parts))


def contained(spec: str) -> Contained | None:
    """The implementation in a process of its own; None if it cannot be loaded there."""
    try:
        return Contained(spec, Limits())
    except (LostError, NotFoundError):
        return None
