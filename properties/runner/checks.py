"""Checks of a run: those to be run, the one under way, and those that were never reached."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from seqlaws.properties.discovery.exits import TYPED
from seqlaws.properties.isolation.limits import ending
from seqlaws.properties.isolation.location import Here
from seqlaws.properties.judging.verdict import Verdict, dumped
from seqlaws.properties.laws import LAWS, Law
from seqlaws.properties.reporting.journal import Journal, journal_of
from seqlaws.properties.reporting.law_text import statements
from seqlaws.properties.runner.pairing import Candidate, register_laws
from seqlaws.properties.runner.signals import PATIENCE, Listener, ended_by

SIGINT = "SIGINT"
WAITED = 1.0  # seconds for a worker whose pipes are closed to be over


class Checks:
    """Plugin of a run that keeps count, also of what xdist's workers run.

    candidates: those that are selected. described: the run for verdict.json.
    """

    def __init__(
        self,
        config: pytest.Config,
        candidates: Callable[[], list[Candidate]],
        described: Callable[[], dict[str, Any]],
    ) -> None:
        self.config, self.candidates, self.described = config, candidates, described
        self.isolated = bool(config.getoption("isolate"))
        self.listener = Listener()
        self.due: dict[str, tuple[Law, Candidate]] = {}
        self.processes: dict[str, int] = {}  # of xdist's workers
        self.total, self.reason, self.note, self.hung = 0, "", "", ""
        self.latest = ""  # check that began
        self.died: list[str] = []  # reasons of verdicts on checks at which a worker died
        self.collected = False
        self.session: pytest.Session | None = None
        self.journal: Journal | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Listen to signals, and open the journal: an earlier run may have left one."""
        if self.session is not None or not self.runs:
            return
        self.session = session
        self.listener.listen()
        asked, cache = self.config.getoption("verdict_json"), getattr(self.config, "cache", None)
        with suppress(OSError):
            self.journal = journal_of(asked, Path(cache.mkdir("seqlaws")) if cache else None)
        left = self.journal and self.journal.left
        if left:
            self.note = f"seqlaws: {left.sentence()}"
            if asked is not None:
                Path(asked).write_text(left.document(), encoding="utf-8")
                self.note += f"; what it had found is in {asked} until this run is over"

    @property
    def runs(self) -> bool:
        """True if the run is to run what it collects."""
        return not any(self.config.getoption(o, False) for o in ("collectonly", "setuponly"))

    def pytest_report_header(self) -> list[str]:
        """Tell once how the last run came to its end."""
        said, self.note = self.note, ""
        return [said] if said else []

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell it here where there is no header."""
        for line in self.pytest_report_header():
            terminalreporter.write_line(line)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the checks of a run in this process."""
        self.pytest_sessionstart(session)
        if TYPED:  # that is not all
            return
        for item in session.items:
            law = getattr(getattr(item, "function", None), "law", None)
            put = getattr(getattr(item, "callspec", None), "params", {}).get("impl")
            if law and isinstance(put, Candidate):
                self.due[item.nodeid] = law, put
        self.expect(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note the checks of a run on workers, the first time, by `file::test_law[candidate]`."""
        if self.total:
            return
        register_laws()
        laws = {(f"test_{law.name}", o): law for law in LAWS.values() for o in law.operations}
        found = {c.id.encode("unicode_escape").decode(): c for c in self.candidates()}
        for one in ids:
            name, _, put = one.rpartition("::")[2].partition("[")
            candidate = found.get(put.removesuffix("]"))
            law = candidate and laws.get((name, candidate.operation))
            if candidate and law:
                self.due[one] = law, candidate
        self.expect(len(ids))

    def expect(self, tests: int) -> None:
        """Note that all is collected."""
        self.total, self.collected = len(self.due), self.collected or tests > 0
        if tests and not self.due:  # benchmarks
            self.listener.restore()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note the check that begins."""
        self.latest = nodeid
        if self.journal and nodeid in self.due:
            if not self.journal.begun:
                self.journal.head(self.described(), statements(), self.total, self.isolated)
            self.journal.begin(self.undecided(nodeid, ""))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the verdict."""
        if report.when == "call" or not report.passed:
            self.due.pop(report.nodeid, None)
        for name, value in report.user_properties if report.when == "call" else ():
            if self.journal and name == "seqlaws":
                self.journal.write(str(value))
        if TYPED and self.session:  # an implementation has swallowed the interruption
            self.session.shouldstop = f"the run was ended by {ended_by()}"

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note what ended the run: a signal, or what pytest says."""
        self.reason = SIGINT if excinfo.type is KeyboardInterrupt else str(excinfo.value)

    def pytest_internalerror(self) -> None:
        """Note an error of pytest or of a plugin."""
        self.reason = "the run was ended by an internal error"

    def undecided(self, nodeid: str, reason: str) -> Verdict:
        """Return the verdict on a check that was not run."""
        law, candidate = self.due[nodeid]
        if candidate.not_offered:
            return candidate.verdict(law)
        return candidate.without_answer(law, "not run", reason)

    def ended(self) -> str:
        """Return what ended the run before its end: a signal's name or a few words; or ""."""
        if not self.runs or (self.collected and not self.total):
            return ""
        if ended_by() or self.reason == SIGINT:
            return ended_by() or self.reason
        if self.collected and not self.due:
            return ""
        stopped = self.session and (self.session.shouldfail or self.session.shouldstop)
        said = self.reason or str(stopped or "")
        return said or ("the run ended early" if self.due else "")

    def may_measure(self) -> bool:
        """Return True if the implementation may be called once more, in this process."""
        return not self.ended() and (self.isolated or not (self.died or Here.failed))

    def because(self) -> str:
        """Return a clause: why checks were not run."""
        ended = self.ended()
        return f"the run was ended by {ended}" if ended.startswith("SIG") else ended

    def not_reached(self) -> list[Verdict]:
        """Return a verdict on each check that was not run; it says why."""
        return [
            self.undecided(one, self.hung if self.hung and one == self.latest else self.because())
            for one in self.due
        ]

    def sentences(self, grading: bool) -> list[str]:
        """Return how many checks were not run, and why, and what else is missing for it."""
        because = self.because()
        count = sum(not candidate.not_offered for _, candidate in self.due.values())
        were = "was" if count == 1 else "were"
        if not self.total:
            said = f"no check was run: {because}"
        elif count:
            said = f"{count:,} of {self.total:,} checks {were} not run: {because}"
        else:
            said = f"{because} after its last check"
        reasons = [because, *self.died, *(f"a call {said}" for said in Here.failed.values())]
        reason = next(filter(None, reasons), "")
        ungraded = [f"the precision was not graded: {reason}"] if grading else []
        return [*([said] if because else []), *ungraded, *([self.hung] if self.hung else [])]

    def note_hang(self) -> None:
        """Note that the latest check does not return though the run is to end."""
        if self.journal:
            self.journal.end(ended_by())
        if self.latest in self.due:
            one = self.undecided(self.latest, "")
            self.hung = f"{one.law} ({one.dtype}) did not return {PATIENCE:g} s after {ended_by()}"
            self.hung += "" if self.isolated else "; run with --isolate"

    def close(self) -> None:
        """Remove the journal: all is written. From now on SIGTERM is what it was."""
        if self.journal:
            self.journal.remove()

    def pytest_unconfigure(self) -> None:
        """Leave SIGTERM as it was."""
        self.listener.restore()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_newgateway(self, gateway: Any) -> None:
        """Ask a worker for the number of its process."""
        channel = gateway.remote_exec("import os; channel.send(os.getpid())")
        self.processes[gateway.id] = channel.receive()
        channel.waitclose()

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:
        """Make the report of a worker that died a verdict on the check that it was at."""
        if crashitem not in self.due:
            return
        candidate = self.due[crashitem][1]
        verdict = self.undecided(crashitem, "")
        if not self.isolated:
            verdict.level = "MUST"  # any call before may have spoilt the memory
        verdict.status = "failed" if verdict.level == "MUST" else "SHOULD failed"
        verdict.witness["lost"] = True
        verdict.reason = f"{verdict.law} {end_of(self.processes.get(report.node.gateway.id, 0))}"
        verdict.reason += "" if self.isolated else "; run with --isolate, which shows the call"
        self.died.append(verdict.reason)
        where = f"{candidate.name} ({candidate.dtype}, {candidate.device})"
        verdict.message = f"{where}: {verdict.reason}"
        report.when, report.longrepr = "call", verdict.message
        report.location = (*report.location[:2], crashitem.rpartition("::")[2])
        report.user_properties.append(("seqlaws", dumped(verdict.__dict__)))


def end_of(process: int) -> str:
    """Describe how a child of this process came to its end, and leave its status to its owner."""
    until = time.monotonic() + WAITED
    with suppress(ChildProcessError):
        while process and time.monotonic() < until:
            found = os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is not None:
                return ending(found.si_status * (1 if found.si_code == os.CLD_EXITED else -1))
            time.sleep(0.01)
    return "ended its process"
