"""Worker processes: each implementation is called in its own, under the user's own settings.

The process of pytest has settings of the suite's own, and libraries of all implementations, whose
pools of threads disturb each other. A worker has the user's environment, and loads one
implementation. It checks that the implementation agrees, and times it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.ceilings import Ceiling
from benchmarks.clocks import seconds_of_rounds
from benchmarks.conforms import Conformance, Finding
from benchmarks.jobs import Job
from benchmarks.machine import settings, variables
from benchmarks.work import Work
from seqlaws.properties.discovery import loader
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.environment import as_the_user_set_it, where_seqlaws_is
from seqlaws.properties.isolation.transport import Child, EndedError

ROOT = Path(__file__).parents[1]
PROGRAM = f"""
import sys
sys.path.append({str(ROOT)!r})  # behind everything that the implementation may need
from benchmarks.workers import Inside
answering(Inside(*arguments).answer)
"""


@dataclass(frozen=True)
class Effort:
    """Rounds of a benchmark: at least so many; budget: seconds for all; collects: garbage."""

    least: int
    budget: float
    collects: bool = True


class Inside:
    """The worker's side. spec: of the implementation; empty for a worker that times ceilings.

    own: the files of own operations.
    """

    def __init__(self, name: str, spec: str, *own: str) -> None:
        self.variables = variables()
        for file in own:
            specification_server.add(file)
        self.name, self.namespace = name, loader.find(spec) if spec else None
        self.conformance = Conformance()

    def answer(self, question: tuple[Any, ...]) -> tuple[str, Any]:
        """Answer a question of Worker: the name of a method and its arguments."""
        method, *arguments = question
        try:
            return "gave", getattr(self, method)(*arguments)
        except Exception as error:
            return "raised", f"{type(error).__name__}: {error}"

    def settings(self) -> dict[str, Any]:
        """The settings of this process; the variables as they were before anything was loaded."""
        return {**settings(), "variables": self.variables}

    def finding(self, work: Work, unavailable: str) -> Finding:
        """Whether the implementation may be timed at a work."""
        return Job(self.name, self.namespace, work, unavailable).finding(self.conformance)

    def once(self, what: Work | Ceiling) -> None:
        """Call once."""
        with self.call_of(what) as call:
            call()

    def seconds(self, what: Work | Ceiling, effort: Effort) -> list[float]:
        """The seconds of each round, after warming up."""
        with self.call_of(what) as call:
            return seconds_of_rounds(call, what.device, **vars(effort))

    @contextmanager
    def call_of(self, what: Work | Ceiling) -> Iterator[Callable[[], Any]]:
        """What is timed."""
        if isinstance(what, Work):
            yield Job(self.name, self.namespace, what).call()
            return
        with what.operands():
            yield what.call()


class Worker:
    """The side of pytest. Raises WorkerError where the worker cannot answer."""

    def __init__(self, name: str, spec: str = "") -> None:
        environment = {**as_the_user_set_it(), **where_seqlaws_is()}
        self.child = Child(
            PROGRAM, name, spec, *specification_server.ADDED, environment=environment
        )

    def ask(self, method: str, *arguments: Any) -> Any:
        """Ask Inside for a method's result."""
        try:
            status, found = self.child.ask((method, *arguments))
        except (EndedError, ValueError) as error:  # ValueError: it had ended before
            raise WorkerError("the process that it is timed in ended") from error
        if status == "raised":
            raise WorkerError(found)
        return found


class WorkerError(Exception):
    """A worker has no answer; the message is one sentence that says why."""


@cache
def worker_of(name: str, spec: str = "") -> Worker:
    """The worker of an implementation, or of the ceilings of a library. Started when asked for."""
    return Worker(name, spec)
