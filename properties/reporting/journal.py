"""Journal of a run: a line for each check that begins and for each verdict, while the run goes on.

The file stands beside verdict.json, or in pytest's cache where none is asked for. A run that comes
to its end removes it, so that one that is there tells of a run that did not.
"""

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seqlaws.properties.judging.verdict import SCHEMA, Verdict, dumped, loaded, settle_noted
from seqlaws.properties.reporting.document import as_document

SUFFIX = ".partial"  # of the name of verdict.json
SILENT = "without a word"


@dataclass
class Left:
    """Contents of a journal.

    checks: how many there were to run. begun: those without a verdict. ended: the signal that ended
    the run, where it could still be written down.
    """

    run: dict[str, Any] = field(default_factory=dict)
    laws: dict[str, Any] = field(default_factory=dict)
    checks: int = 0
    isolated: bool = False
    verdicts: list[Verdict] = field(default_factory=list)
    begun: list[Verdict] = field(default_factory=list)
    ended: str = ""

    def sentence(self) -> str:
        """Return how the run came to its end, and in which check."""
        run = f"the last run of {', '.join(self.run.get('implementations', {}))}"
        within = " and ".join(f"{v.law} ({v.dtype})" for v in self.begun)
        if not within:
            done, all_ = len(self.verdicts), self.checks
            counted = f"{done} of {all_} checks" if done < all_ else "its last check"
            return f"{run} ended {SILENT} after {counted}"
        if self.ended:
            said = f"{run} was ended by {self.ended} in {within}, which did not return"
        else:
            said = f"{run} ended in {within} {SILENT}, as by SIGSEGV, SIGFPE or SIGKILL"
        return said if self.isolated else f"{said}; run with --isolate"

    def document(self) -> str:
        """Return the verdict.json of the run as far as it came."""
        verdicts = [*self.verdicts, *self.begun]
        for v in self.begun:
            v.reason = f"the run ended in it {SILENT}"
        complaints = [*settle_noted(verdicts), self.sentence()]
        told = {
            **self.run,
            "ended": self.ended or SILENT,
            "not_reached": max(0, self.checks - len(self.verdicts)),
            "complaints": complaints,
        }
        return as_document(told, verdicts, laws=self.laws, gradient_flow=[])


def read_journal(path: Path) -> Left | None:
    """Return the contents of a journal; None where a file is none, or says nothing yet.

    A line that was cut off, or that another version wrote, is left out.
    """
    left, begun = Left(), {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            told = json.loads(line)
            if "run" in told:
                known = told["checks"], told["isolated"]
                left = Left(told["run"], told["laws"], *known)
            elif "begins" in told:
                one = Verdict(**told["begins"])
                begun[one.key] = one
            elif "ended" in told:
                left.ended = told["ended"]
            else:
                left.verdicts.append(loaded(line))
                begun.pop(left.verdicts[-1].key, None)
    left.begun = list(begun.values())
    return left if left.run else None


class Journal:
    """The file, which one run at a time holds. left: what an earlier run had written there.

    A journal that cannot be written is none: the run goes on without.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.left, self.begun = path, None, False
        self.file: int | None = None
        with suppress(OSError):
            found = read_journal(path) if path.is_file() else None
            self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            if self.is_free():
                self.left = found

    def is_free(self) -> bool:
        """Return True, and empty the file, unless another run that is alive holds it."""
        assert self.file is not None
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a fork does not inherit it
            os.ftruncate(self.file, 0)
        except OSError:
            os.close(self.file)
            self.file = None
        return self.file is not None

    def write(self, line: str) -> None:
        """Add a line. What is written is there even where this process is killed."""
        if self.file is not None:
            with suppress(OSError):  # the disk may be full
                os.write(self.file, f"{line}\n".encode())

    def head(self, run: dict[str, Any], laws: dict[str, Any], checks: int, isolated: bool) -> None:
        """Write the first line, once there is a check to run."""
        told = {"schema": SCHEMA, "run": run, "laws": laws, "checks": checks, "isolated": isolated}
        self.begun = True
        self.write(dumped(told))

    def begin(self, verdict: Verdict) -> None:
        """Note the check that begins, by a verdict that says that it was not run."""
        self.write(dumped({"begins": asdict(verdict)}))

    def end(self, ended: str) -> None:
        """Note what ended the run."""
        self.write(dumped({"ended": ended}))

    def remove(self) -> None:
        """Remove the file: all that it says is written elsewhere."""
        if self.file is not None:
            with suppress(OSError):
                self.path.unlink()
                os.close(self.file)
            self.file = None


def journal_of(verdict_json: str | None, cache: Path | None) -> Journal | None:
    """Return the journal beside verdict.json, or else in the cache's folder, if there is one."""
    if verdict_json is not None:
        return Journal(Path(verdict_json + SUFFIX))
    return None if cache is None else Journal(cache / "journal")
