"""A process that a contained implementation runs in, watched from without."""

import io
import math
import pickle
import time
from typing import Any, NoReturn, Protocol

import numpy as np

from seqlaws.properties.backends.protocol import Array
from seqlaws.properties.backends.registry import BACKENDS, loaded
from seqlaws.properties.isolation.limits import EnoughError, Limits, LostError, ending, resident
from seqlaws.properties.isolation.transport import TICK, Channel, EndedError
from seqlaws.properties.isolation.worker import Plain

PATIENCE = 0.5  # seconds that a process has to end by itself, once it no longer answers
START = 120.0  # seconds that an import may take
LIBRARIES: set[str] = set()  # those that implementations so far took their arrays from


class BuiltIn(pickle.Unpickler):
    """Built-in values only: a stranger's bytes name no class and no function."""

    def find_class(self, module_name: str, global_name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module_name}.{global_name}")


def built_in(data: bytes) -> Any:
    """An answer from its bytes. Raises UnpicklingError."""
    try:
        return BuiltIn(io.BytesIO(data)).load()
    except Exception as error:  # whatever a stranger's bytes do
        raise pickle.UnpicklingError from error


def array_of(plain: Plain) -> Array:
    """An array from its dtype, shape and contents."""
    dtype, shape, contents = plain
    return np.frombuffer(contents, np.dtype(dtype)).reshape(shape).copy()


class Keeper(Protocol):
    """Keeper of processes: it begins them and ends them.

    generation: a number that changes when all processes that it had begun are ended.
    """

    generation: int

    def begin(self, channel: Channel, libraries: list[str], limits: Limits) -> int:
        """Begin a process that serves on the channel; return its number. libraries: to import."""

    def end(self, number: int, patience: float) -> int:
        """End a process and return its exit status, -n for signal n.

        patience: seconds in which it may end by itself.
        """


def at_hand() -> list[str]:
    """The libraries that a process finds imported: those in use that can be had in a fork."""
    return [
        name
        for name, library in BACKENDS.items()
        if library.survives_fork and (name in LIBRARIES or name in loaded())
    ]


class Process:
    """The process, begun when it is made.

    keeper: begins it and ends it. until: deadline of its calls, by `time.perf_counter`.
    """

    def __init__(self, keeper: Keeper, limits: Limits) -> None:
        self.keeper, self.limits = keeper, limits
        self.until, self.looked = math.inf, 0.0
        self.channel = Channel(built_in)
        try:
            self.number = keeper.begin(self.channel, at_hand(), limits)
        finally:
            self.channel.hand_over()
        self.generation = keeper.generation

    @property
    def is_over(self) -> bool:
        """True if the process ended only because the keeper ended all its processes."""
        return self.generation != self.keeper.generation

    def ask(self, question: Any, seconds: float) -> Any:
        """Ask the process and return its answer.

        Raises LostError if the process ended or was ended, EnoughError at `until`.
        """
        started = time.perf_counter()

        def look() -> None:
            now = time.perf_counter()
            if now > self.until:
                raise EnoughError
            if now > started + seconds:
                raise LostError(f"did not return within {seconds:g} s", slow=True)
            self.look_at_memory(now)

        try:
            answer = self.channel.ask(question, look)
            if time.perf_counter() > self.looked + TICK:
                self.look_at_memory(time.perf_counter())
        except EndedError:
            raise LostError(self.end(PATIENCE)) from None
        except BaseException:
            self.end()
            raise
        return answer

    def look_at_memory(self, now: float) -> None:
        """Raise LostError where the process holds too much, EndedError where it has ended."""
        self.looked = now
        held = resident(self.number)
        if held is not None and held > self.limits.memory << 20:
            raise LostError(f"took more than {self.limits.memory} MiB of memory")
        if held == 0:
            raise EndedError

    def end(self, patience: float = 0.0) -> str:
        """End the process; how it ended."""
        if not self.number:
            return "has no running process"
        number, self.number = self.number, 0
        self.channel.close()
        try:
            return ending(self.keeper.end(number, patience))
        except EndedError:
            return "ended its parent process"
