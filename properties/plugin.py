"""The pytest plugin: `pytest --impl NAME|package.module|path/to/file.py[:object]`.

pytest loads it in every run in an environment that has seqlaws. It only defines options; all other
imports are inside the hooks.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from seqlaws.properties.reporting.page.asked import Asked
    from seqlaws.properties.session import Session

PROFILES = ("quick", "nightly")  # also available in a user's own tests
HERE = Path(__file__).parent.resolve()
SESSION: pytest.StashKey["Session"] = pytest.StashKey()
ASKED: pytest.StashKey["Asked | None"] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; each has a name with the prefix `--seqlaws-`, most also a short one."""
    group = parser.getgroup("seqlaws", "laws of sequence models")
    group.addoption(
        "--impl",
        "--seqlaws-impl",
        action="append",
        metavar="NAME",
        help="implementation to check: a bundled name, an import path or a file, optionally with "
        "`:object` added; `all` for all bundled and registered ones; repeatable",
    )
    group.addoption(
        "--device",
        "--seqlaws-device",
        action="append",
        metavar="DEVICE",
        help="run on this device (cpu, cuda, ...; default: the implementation's own); repeatable",
    )
    group.addoption(
        "--dtype",
        "--seqlaws-dtype",
        action="append",
        metavar="DTYPE",
        help="check this dtype: float64, float32, bfloat16 or float16 (default: all that are "
        "declared); repeatable",
    )
    group.addoption(
        "--op",
        "--seqlaws-op",
        action="append",
        metavar="OPERATION",
        help="check this operation only; repeatable",
    )
    group.addoption(
        "--section",
        "--seqlaws-section",
        action="append",
        metavar="SECTION",
        help="run only the laws of this section: numbers, edges, manners, guards; repeatable",
    )
    group.addoption(
        "--strict-section",
        "--seqlaws-strict-section",
        action="append",
        metavar="SECTION",
        help="a failed SHOULD of this section fails the run; repeatable",
    )
    group.addoption(
        "--seqlaws-strict",
        action="store_true",
        help="a failed SHOULD fails the run (pytest's own --strict has the same effect)",
    )
    group.addoption(
        "--seqlaws-seed", type=int, default=None, metavar="N", help="suite seed (default 0)"
    )
    group.addoption(
        "--isolate",
        "--seqlaws-isolate",
        action="store_true",
        help="call each implementation in a separate process; a crash or hang fails one law only",
    )
    group.addoption(
        "--isolate-seconds",
        "--seqlaws-isolate-seconds",
        type=float,
        default=30.0,
        metavar="S",
        help="with --isolate: time limit for a call, in seconds (default 30)",
    )
    group.addoption(
        "--isolate-memory",
        "--seqlaws-isolate-memory",
        type=int,
        default=4096,
        metavar="MIB",
        help="with --isolate: memory limit of the process, in MiB (default 4096)",
    )
    group.addoption(
        "--grade-precision",
        "--seqlaws-grade-precision",
        action="store_true",
        help="report the lowest precision under which each operation still conforms",
    )
    group.addoption(
        "--verdict-json",
        "--seqlaws-verdict-json",
        metavar="PATH",
        help="write all verdicts to a JSON file",
    )
    group.addoption(
        "--report",
        "--seqlaws-report",
        action="append",
        metavar="PATH",
        help="write a report, HTML or Markdown according to the file's suffix; repeatable",
    )
    group.addoption(
        "--report-with",
        "--seqlaws-report-with",
        action="append",
        metavar="FILE",
        help="add a benchmark's JSON or another run's verdict.json to the report; repeatable",
    )
    group.addoption(
        "--report-earlier",
        "--seqlaws-report-earlier",
        action="append",
        metavar="FILE",
        help="show in the report what changed since a verdict.json or benchmark JSON; repeatable",
    )


@pytest.hookimpl(tryfirst=True)  # Hypothesis loads a profile in its own pytest_configure
def pytest_configure(config: pytest.Config) -> None:
    """Find the implementations first, so that a wrong name stops the run at once."""
    profile = config.getoption("--hypothesis-profile", None)
    if profile in PROFILES or concerned(config):
        from seqlaws.properties.session import register_profiles

        register_profiles()
    if not concerned(config):
        return
    session_of(config)
    if config.getoption("impl") and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = [str(HERE)]  # --impl without a path runs the laws, from any folder
    if HERE.parent != config.rootpath:
        config.option.importmode = "importlib"


def concerned(config: pytest.Config) -> bool:
    """Return True if this run is about laws: by `--impl`, or by a path in the suite's folder."""
    if config.getoption("impl"):
        return True
    arguments = [str(a) for a in config.args]
    folders = [Path(a.partition("::")[0]).resolve() for a in arguments]
    return any(f == HERE or HERE in f.parents for f in folders) or any(
        a.startswith("seqlaws.properties") for a in arguments
    )


def session_of(config: pytest.Config) -> "Session":
    """Return the session of the run; create it if the laws were collected without being named."""
    if SESSION not in config.stash:
        from seqlaws.properties.reporting.page.asked import asked
        from seqlaws.properties.session import Session

        config.stash[ASKED] = asked(config.getoption)
        config.stash[SESSION] = Session.from_options(config)
        config.pluginmanager.register(config.stash[SESSION])
    return config.stash[SESSION]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Return the header of the run: implementations, devices, dtypes, seed and versions."""
    return config.stash[SESSION].header() if SESSION in config.stash else []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Show progress in an interactive terminal."""
    if SESSION in session.config.stash:
        from seqlaws.properties.reporting.progress import Progress, watched

        reporter = watched(session.config)
        if reporter is not None:
            session.config.pluginmanager.register(Progress(reporter))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a law by implementation, operation, dtype and device."""
    made = getattr(metafunc.function, "law", None)
    if made is not None and "seqlaws.properties.laws" in sys.modules:
        subjects = session_of(metafunc.config).candidates(made)
        metafunc.parametrize("impl", subjects, ids=[s.id for s in subjects])


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the files that were requested; a complaint sets the exit status of a failure."""
    config = session.config
    if SESSION not in config.stash or hasattr(config, "workerinput"):
        return
    asked = config.stash[ASKED]
    complaint = config.stash[SESSION].finish(
        config.getoption("verdict_json"), reporting=asked is not None
    )
    if asked is not None:
        asked.write(config.stash[SESSION].document())
    if complaint and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the table of verdicts."""
    if SESSION not in config.stash:
        return
    lines = config.stash[SESSION].summary()
    if lines:
        terminalreporter.section("verdicts")
        for line in lines:
            terminalreporter.write_line(line)
