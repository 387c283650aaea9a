"""Plugin of a run for CI: one shard of several, small JUnit properties, annotations on GitHub."""

from collections.abc import Callable
from typing import Any

import pytest

from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.reporting.annotations import annotations, is_on_github
from seqlaws.properties.runner.shards import Shard, shard_of


def asked_shard(text: str | None) -> Shard | None:
    """Return the shard of `--shard`. Raises UsageError."""
    try:
        return shard_of(text) if text else None
    except ValueError as error:
        raise pytest.UsageError(f"--shard: {error}") from None


class Continuous:
    """Plugin of a run. causes, specs: what is known of them at the end of the run."""

    def __init__(
        self,
        shard: Shard | None,
        causes: Callable[[], list[Cause]],
        specs: Callable[[], dict[str, str]],
    ) -> None:
        self.shard, self.causes, self.specs = shard, causes, specs

    def pytest_report_header(self) -> list[str]:
        """Tell which part of the checks this run takes."""
        shard = self.shard
        return [f"seqlaws: part {shard.number} of {shard.of} of the checks"] if shard else []

    @pytest.hookimpl(trylast=True)  # of what other options have left
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Deselect what other shards run."""
        if self.shard is not None:
            kept = self.shard.part(items)
            others = set(items) - set(kept)
            config.hook.pytest_deselected(items=[item for item in items if item in others])
            items[:] = kept

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Leave whole verdicts out of the JUnit file, which takes the last report's properties."""
        if report.when == "teardown":
            report.user_properties = [p for p in report.user_properties if p[0] != "seqlaws"]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print annotations where GitHub Actions reads them."""
        if is_on_github():
            for line in annotations(self.causes(), self.specs()):
                terminalreporter.write_line(line)
