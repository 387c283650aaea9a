"""`pytest benchmarks --impl ...`: the jobs of a run, and what is said at its end."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from benchmarks.ceilings import ceilings
from benchmarks.clocks import REPLAY
from benchmarks.jobs import DTYPE, jobs
from benchmarks.machine import processors
from benchmarks.table import Row, arithmetic, not_timed, speeds
from benchmarks.work import LENGTHS
from seqlaws.properties.plugin import session_of
from seqlaws.properties.reporting.page.documents import Timed

SCHEMA = 3
SUITE = "test_suite_speed.py"
SETTINGS = ("threads", "variables", "blas", "clock", "load", "versions")  # of a worker


class Rows:
    """What became of each job, from the reports: those of xdist's workers come this way too."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.limits: list[Timed] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect."""
        if report.when == "call":
            for name, value in report.user_properties:
                if name == "seqlaws-speed":
                    self.rows.append(Row(**json.loads(str(value))))
                if name == "seqlaws-ceiling":
                    self.limits.append(Timed(**json.loads(str(value))))


ROWS: pytest.StashKey[Rows] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to run without pytest-benchmark; find the implementations, or say what is wrong."""
    if not config.pluginmanager.hasplugin("benchmark"):
        raise pytest.UsageError(
            "benchmarks/ needs pytest-benchmark: pip install 'seqlaws[benchmarks]'"
        )
    if config.getoption("report"):
        raise pytest.UsageError(
            "a run of benchmarks writes no page: --benchmark-json times.json, "
            "then seqlaws-report verdict.json times.json"
        )
    session_of(config)
    config.stash[ROWS] = Rows()
    config.pluginmanager.register(config.stash[ROWS])


def pytest_report_header(config: pytest.Config) -> str:
    """What is timed, and where."""
    dtypes = ", ".join(session_of(config).dtypes or [DTYPE])
    count = processors()
    return f"benchmarks: {dtypes}; {count} processors; each implementation in its own process"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The suite's own speed is measured only if its file is named."""
    named = {Path(argument.partition("::")[0]).name for argument in config.args}
    return True if collection_path.name == SUITE and SUITE not in named else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each job with its group and its clock; of the lengths one, where nothing is clocked."""
    session = session_of(metafunc.config)
    if "ceiling" in metafunc.fixturenames:
        limits = [
            pytest.param(c, id=c.id, marks=timed(f"{c.kind} {c.dtype} {c.device}"))
            for c in ceilings(session)
        ]
        metafunc.parametrize("ceiling", limits)
    if "job" not in metafunc.fixturenames:
        return
    lengths = LENGTHS[:1] if metafunc.config.getoption("benchmark_disable") else LENGTHS
    made = [
        pytest.param(job, id=job.id, marks=timed(job.work.group)) for job in jobs(session, lengths)
    ]
    metafunc.parametrize("job", made)


def timed(group: str) -> pytest.MarkDecorator:
    """The mark that pytest-benchmark reads; the times are those that a worker has measured."""
    return pytest.mark.benchmark(group=group, timer=REPLAY)


@pytest.fixture(scope="session")
def specs(request: pytest.FixtureRequest) -> dict[str, str]:
    """Name of an implementation to what finds it."""
    return {name: spec for name, (spec, _) in session_of(request.config).found.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add to --benchmark-json the settings of each process, and what has no time and why."""
    clocked = ("median", "q1", "q3", "flops", "bytes", "matmul", "own")
    without = [asdict(row) for row in config.stash[ROWS].rows if row.reason]
    output_json["seqlaws"] = {
        "schema": SCHEMA,
        "processes": moved(b["extra_info"] for b in output_json["benchmarks"]),
        "not_timed": [{k: v for k, v in row.items() if k not in clocked} for row in without],
    }


def moved(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Take the settings out of each row but its load; return them once for each process.

    A process has the name of its implementation, or "ceilings of" and a library.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if "implementation" not in row:
            continue
        told = {name: row.pop(name) for name in SETTINGS if name in row and name != "load"}
        name = f"ceilings of {row['implementation']}" if "ceiling" in row else row["implementation"]
        found[name] = found.get(name) or told
    return found


@pytest.hookimpl(trylast=True)  # below pytest-benchmark's own tables
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Times side by side, and what has none."""
    rows = config.stash[ROWS].rows
    if table := speeds(rows):
        terminalreporter.section("speed")
        for line in table:
            terminalreporter.write_line(line)
    if lines := arithmetic(rows, config.stash[ROWS].limits):
        terminalreporter.section("arithmetic and memory")
        for line in lines:
            terminalreporter.write_line(line)
    if rows:
        terminalreporter.section("not timed")
        for line in not_timed(rows):
            terminalreporter.write_line(line)
