"""A line now and then on how far a long run is, where somebody watches: on a terminal, without -q.

pytest's own dots and percentages stay as they are; the line stands between two of theirs.
"""

import time
from collections import Counter
from typing import Any

import pytest

EVERY = 30.0  # seconds


class Progress:
    """Counts what has run, also on xdist's workers, and tells it through pytest's reporter."""

    def __init__(self, reporter: Any) -> None:
        self.reporter, self.total = reporter, 0
        self.counts: Counter[str] = Counter()
        self.started = self.told = time.monotonic()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the number of checks of a run in this process."""
        self.total = len(session.items)
        self.started = self.told = time.monotonic()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note the number of checks of a run on workers."""
        self.total = len(ids)

    @pytest.hookimpl(trylast=True)  # once pytest has written its own
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count, and tell if it is time."""
        if report.failed:
            self.counts["failed"] += 1
        if report.when != "teardown":
            return
        self.counts["done"] += 1
        now = time.monotonic()
        if now - self.told >= EVERY and self.counts["done"] < self.total:
            self.told = now
            self.reporter.ensure_newline()
            self.reporter.write_line(self.line(now - self.started))

    def line(self, seconds: float) -> str:
        """Return a line about the progress and the time that is left."""
        done, failed = self.counts["done"], self.counts["failed"]
        left = seconds / done * (self.total - done)
        about = f"{left / 60:.0f} min" if left > 90 else f"{left:.0f} s"
        return f"seqlaws: {done} of {self.total} checks, {failed} failed; about {about} left"


def watched(config: pytest.Config) -> Any:
    """pytest's reporter, if somebody watches it; else None."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not reporter.isatty or config.get_verbosity() < 0:
        return None
    return reporter
