"""Worker of `check_many`: a process that checks one candidate after another, and stays warm.

The candidates themselves run in processes of their own, with limits, as in every `check`.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from seqlaws.properties.check_result import Result
from seqlaws.properties.checking import check
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.isolation.environment import where_seqlaws_is
from seqlaws.properties.isolation.fork_server import DEATH, prctl
from seqlaws.properties.isolation.specification_server import ONE_THREAD
from seqlaws.properties.isolation.transport import Child, EndedError
from seqlaws.properties.judging.verdict import Verdict

PROGRAM = """
from seqlaws.properties.many.worker import begun, judged
begun(int(arguments[0]))
answering(judged)
"""
TRIES = 2  # of a candidate whose worker ends, which may be anybody's doing
GRACE = 60.0  # seconds beyond its time limit after which a candidate is given up


class SlowError(Exception):
    """A candidate has taken far longer than its time limit."""


class Worker:
    """A worker from without; it is started when it is first asked, and again when it has ended."""

    def __init__(self) -> None:
        self.child: Child | None = None

    def row(
        self, candidate: str, how: dict[str, Any], seconds: float, watch: Callable[[], None]
    ) -> dict[str, Any]:
        """Return the line of a candidate, without schema and settings; whatever becomes of it.

        watch is called again and again; what it raises ends the worker and passes through.
        """
        until = time.monotonic() + seconds + GRACE
        status = 0
        for _ in range(TRIES):
            try:
                return self.ask((candidate, how, list(sys.path)), until, watch)
            except EndedError:
                status = self.end()
            except SlowError:
                return undecided(candidate, f"not judged within {seconds + GRACE:g} s")
        return undecided(
            candidate, f"the process that checks it ended {TRIES} times (exit status {status})"
        )

    def ask(self, question: Any, until: float, watch: Callable[[], None]) -> dict[str, Any]:
        """Ask the process. Raises EndedError, SlowError, and what watch raises."""
        if self.child is None:
            environment = {**os.environ, **ONE_THREAD, **where_seqlaws_is()}
            self.child = Child(PROGRAM, str(os.getpid()), environment=environment)

        def look() -> None:
            watch()
            if time.monotonic() > until:
                raise SlowError

        try:
            return dict(self.child.channel.ask(question, look))
        except EndedError:
            raise
        except BaseException:
            self.end()
            raise

    def end(self) -> int:
        """End the process; its exit status, -n for signal n."""
        child, self.child = self.child, None
        if child is None:
            return 0
        child.stop()
        return int(child.process.returncode or 0)


def begun(parent: int) -> None:
    """Prepare this process: it ends with its parent."""
    prctl(DEATH, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit


def judged(question: tuple[str, dict[str, Any], list[str]]) -> dict[str, Any]:
    """Check a candidate; its line."""
    candidate, how, path = question
    sys.path[:] = path
    spec, given = how.get("spec"), {n: value for n, value in how.items() if n != "spec"}
    try:
        if spec:
            given["operations"] = given["operations"] or own_operations(spec)
        return row_of(candidate, check(candidate, **given))
    except Exception as error:
        return undecided(candidate, f"the check raised {type(error).__name__}: {error}")


@cache
def own_operations(spec: str) -> list[str]:
    """Add the own operations of a file; return their names."""
    specification_server.start()
    return specification_server.add(spec)


def row_of(candidate: str, result: Result) -> dict[str, Any]:
    """Return the line of a result."""
    broken = [v for v in result.verdicts if v.status in ("failed", "SHOULD failed")]
    return {
        "candidate": candidate,
        "status": result.status,
        "problem": result.problem,
        "failed": [in_short(v) for v in broken],
        "causes": [c.sentence for c in result.causes],
        "remedies": [c.remedy for c in result.causes],
        "not_offered": result.not_offered,
        "not_run": [in_short(v) for v in result.verdicts if v.status == "not run"],
        "coverage": result.coverage,
        "seconds": result.seconds,
    }


def in_short(v: Verdict) -> dict[str, Any]:
    """Return what a line has of a verdict."""
    return {"law": v.law, "level": v.level, "dtype": v.dtype, "reason": v.reason}


def undecided(candidate: str, problem: str) -> dict[str, Any]:
    """Return the line of a candidate of which nothing is known."""
    return row_of(candidate, Result(candidate, 0.0, 0, problem=problem)) | {"status": "undecided"}
