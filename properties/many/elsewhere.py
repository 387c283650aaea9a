"""Workers on other machines, or wherever an executor runs what it is given."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from seqlaws.properties.many.worker import TRIES, Worker, undecided

HERE = threading.local()  # the warm worker of a thread
LOOK = 0.2  # seconds between two looks at whether the run is to end


class Elsewhere:
    """A worker that an executor runs, in a place of its own choice."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def row(
        self, candidate: str, how: dict[str, Any], seconds: float, watch: Callable[[], None]
    ) -> dict[str, Any]:
        """Return the line of a candidate, without schema and settings; whatever becomes of it.

        watch is called again and again; what it raises passes through.
        """
        problem = ""
        for _ in range(TRIES):
            asked = self.executor.submit(row_here, resolved(candidate), how, seconds)
            try:
                return {**waited_for(asked, watch), "candidate": candidate}
            except Exception as error:
                watch()
                problem = f"its executor raised {type(error).__name__}: {error}"
            finally:
                asked.cancel()
        return undecided(candidate, problem)

    def end(self) -> int:
        """Leave the executor as it is: it is not ours. Return 0."""
        return 0


def waited_for(asked: Future[dict[str, Any]], watch: Callable[[], None]) -> dict[str, Any]:
    """Return the result of a future. Raises what it raises, and what watch raises."""
    while True:
        watch()
        try:
            return asked.result(timeout=LOOK)
        except TimeoutError:
            if asked.done():
                raise


def resolved(candidate: str) -> str:
    """Return a candidate with a file's whole path: another process has another folder."""
    file, colon, name = candidate.partition(":")
    return f"{Path(file).resolve()}{colon}{name}" if Path(file).is_file() else candidate


def row_here(candidate: str, how: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Check a candidate by the warm worker of this thread; its line."""
    if not hasattr(HERE, "worker"):
        HERE.worker = Worker()
    row: dict[str, Any] = HERE.worker.row(candidate, how, seconds, lambda: None)
    return row
