"""`check_many`: verdicts on many candidates, by warm workers, into a file."""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from seqlaws.properties.checking import added_for_now
from seqlaws.properties.discovery.loader import is_named, spec_of
from seqlaws.properties.discovery.traits import DTYPES
from seqlaws.properties.laws import SECTIONS
from seqlaws.properties.many.elsewhere import Elsewhere
from seqlaws.properties.many.lines import Lines
from seqlaws.properties.many.worker import Worker
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.adding import file_of
from seqlaws.properties.reporting.document import versions
from seqlaws.properties.runner.selection import known_words

Told = Callable[[dict[str, Any]], None]
GIVEN = 64  # candidates that an executor is given at a time


def check_many(
    candidates: Iterable[Any],
    into: str | Path = "verdicts.jsonl",
    *,
    workers: int | None = None,
    operations: Iterable[str] | None = None,
    dtypes: Iterable[str] | None = None,
    examples: int = 10,
    seconds: float = 600.0,
    explain: bool = False,
    device: str = "",
    seed: int = 0,
    stop_at_first: bool = False,
    seconds_per_call: float = 10.0,
    memory: int = 4096,
    sections: Iterable[str] | None = None,
    spec: Any = None,
    spec_cache: str | Path | None = None,
    told: Told | None = None,
    executor: Executor | None = None,
) -> list[dict[str, Any]]:
    """Check many implementations, and write a line of JSON for each as soon as it is known.

    candidates: names, import paths or files, as for `--impl`; modules and classes that can be
    imported. into: the file. Candidates that have a line there are not checked again, so that a
    run that was ended goes on where it stopped. workers: processes that check, one per core by
    default; each uses one thread. executor: a `concurrent.futures.Executor` that runs the checks in
    their place, such as Dask's, on machines that see the same files; workers is then the number of
    candidates that it is given at a time, 64 by default. seconds: ceiling for each candidate; one
    that exceeds it is undecided. told: called with each new line. The others are those of `check`.
    Returns the lines of all candidates, in their order.

    A candidate that crashes, hangs or takes too much memory fails; the others are not affected. If
    the file cannot be written, OSError is raised, all lines so far are whole, and the next call
    goes on. Raises ValueError for a candidate that cannot be imported by name, for what `check`
    does not know, and for a file whose lines were made with other settings.
    """
    if examples < 1 or (workers is not None and workers < 1):
        raise ValueError("examples and workers: at least 1 is needed")
    names = list(map(name_of, candidates))
    own_file = str(Path(file_of(spec)).resolve()) if spec is not None else ""
    with added_for_now(spec):
        how: dict[str, Any] = {
            "operations": known_words("operation", operations, tuple(OPERATIONS)),
            "dtypes": known_words("dtype", dtypes, DTYPES),
            "sections": known_words("section", sections, SECTIONS),
            "examples": examples,
            "explain": explain,
            "device": device,
            "seed": seed,
            "stop_at_first": stop_at_first,
            "spec": own_file,
        }
    lines = Lines(into, {**how, "seqlaws": versions().get("seqlaws", "")})
    limits = {"seconds": seconds, "seconds_per_call": seconds_per_call, "memory": memory}
    kept = {"spec_cache": str(Path(spec_cache).resolve()) if spec_cache else None}
    try:
        left = [name for name in dict.fromkeys(names) if name not in lines.judged]
        usual = len(os.sched_getaffinity(0)) if executor is None else GIVEN
        crew = Crew(lines, left, {**how, **limits, **kept}, told, executor)
        crew.work(min(workers or usual, len(left)))
    finally:
        lines.close()
    return [lines.judged[name] for name in names]


def name_of(candidate: Any) -> str:
    """Return the name by which another process finds a candidate. Raises ValueError."""
    name = spec_of(candidate)
    if not is_named(name):
        raise ValueError(f"{candidate!r}: a candidate is a file, a name or an import path")
    return name


class StoppedError(Exception):
    """The run is to end."""


class Crew:
    """Threads that each lead one worker, take candidates in turn and write their lines."""

    def __init__(
        self,
        lines: Lines,
        names: list[str],
        how: dict[str, Any],
        told: Told | None,
        executor: Executor | None,
    ) -> None:
        self.lines, self.how, self.told, self.executor = lines, how, told, executor
        self.waiting = iter(names)
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.errors: list[BaseException] = []

    def work(self, many: int) -> None:
        """Judge all candidates with so many workers. Raises what a thread raised."""
        threads = [threading.Thread(target=self.lead, daemon=True) for _ in range(many)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:  # also after Ctrl-C
            self.stop.set()
            for thread in threads:
                thread.join()
        if self.errors:
            raise self.errors[0]

    def lead(self) -> None:
        """Lead one worker until nothing is left or the run is to end."""
        worker = Worker() if self.executor is None else Elsewhere(self.executor)
        try:
            while (name := self.next_name()) is not None:
                row = worker.row(name, self.how, self.how["seconds"], self.watch)
                self.keep(row)
        except StoppedError:
            pass
        except BaseException as error:
            self.errors.append(error)
            self.stop.set()
        finally:
            worker.end()

    def next_name(self) -> str | None:
        """Take the next candidate; None if there is none."""
        with self.lock:
            return None if self.stop.is_set() else next(self.waiting, None)

    def watch(self) -> None:
        """Raise StoppedError if the run is to end."""
        if self.stop.is_set():
            raise StoppedError

    def keep(self, row: dict[str, Any]) -> None:
        """Write a line, and tell of it."""
        with self.lock:
            self.watch()
            self.lines.add(row)
            if self.told is not None:
                self.told(self.lines.judged[row["candidate"]])
