"""The pytest plugin: `pytest --impl NAME|package.module|path/to/file.py[:object]`.

pytest loads it in every run in an environment that has seqlaws. It only defines options; all other
imports are inside the hooks.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from seqlaws.properties.command_line import add_options

if TYPE_CHECKING:
    from seqlaws.properties.reporting.page.asked import Asked
    from seqlaws.properties.runner.checks import Checks
    from seqlaws.properties.session import Session

PROFILES = ("quick", "nightly")  # also available in a user's own tests
HERE = Path(__file__).parent.resolve()
SESSION: pytest.StashKey["Session"] = pytest.StashKey()
ASKED: pytest.StashKey["Asked | None"] = pytest.StashKey()
CHECKS: pytest.StashKey["Checks"] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)  # Hypothesis loads a profile in its own pytest_configure
def pytest_configure(config: pytest.Config) -> None:
    """Find the implementations first, so that a wrong name stops the run at once."""
    profile = config.getoption("--hypothesis-profile", None)
    if profile in PROFILES or concerned(config):
        with as_written():
            from seqlaws.properties.runner.effort import register_profiles

        register_profiles()
    if not concerned(config):
        return
    with as_written():
        from seqlaws.properties.runner.pairing import register_laws

        register_laws()
    session_of(config)
    if config.getoption("impl") and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = [str(HERE)]  # --impl without a path runs the laws, from any folder
    if HERE.parent != config.rootpath:
        config.option.importmode = "importlib"


@contextmanager
def as_written() -> Iterator[None]:
    """Import modules as they are, without pytest's rewriting of their assertions.

    Those of the suite and of Hypothesis have none to be told. Where no bytecode is written, they
    would all be compiled anew at each start.
    """
    before = list(sys.meta_path)
    sys.meta_path[:] = [one for one in before if not type(one).__module__.startswith("_pytest.")]
    try:
        yield
    finally:
        sys.meta_path[:] = before


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
        register_for_ci(config, config.stash[SESSION])
        if not hasattr(config, "workerinput"):
            from seqlaws.properties.runner.checks import Checks

            made = config.stash[SESSION]
            config.stash[CHECKS] = Checks(config, lambda: made.selected, made.described)
            config.stash[CHECKS].listener.give_up = partial(give_up, config)
            config.pluginmanager.register(config.stash[CHECKS])
    return config.stash[SESSION]


def register_for_ci(config: pytest.Config, session: "Session") -> None:
    """Register what serves CI; xdist's workers need it, too."""
    from seqlaws.properties.runner.continuous import Continuous, asked_shard

    def specs() -> dict[str, str]:
        return {name: spec for name, (spec, _) in session.found.items()}

    shard = asked_shard(config.getoption("shard"))
    config.pluginmanager.register(Continuous(shard, lambda: session.causes, specs))


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put laws about interpreted implementations last, in the order of what they find."""
    if "seqlaws.properties.laws" in sys.modules:
        from seqlaws.properties.runner.order import by_power

        items.sort(key=by_power)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the files that were requested; a complaint sets the exit status of a failure."""
    config = session.config
    if SESSION not in config.stash or hasattr(config, "workerinput"):
        return
    from seqlaws.properties.runner.signals import status, undisturbed

    with suppress(KeyboardInterrupt):  # that it came is noted
        if config.stash[CHECKS].may_measure():
            config.stash[SESSION].measure(reporting=config.stash[ASKED] is not None)
        if not config.stash[CHECKS].ended().startswith("SIG"):  # who interrupts does not wait
            elsewhere = config.pluginmanager.hasplugin("dsession")
            config.stash[SESSION].explain(elsewhere=elsewhere)
    with undisturbed():
        complaint = write(config)
    if complaint and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    session.exitstatus = status() or session.exitstatus


def write(config: pytest.Config) -> bool:
    """Write what was asked for, of a run that was cut as far as it came; return any complaint."""
    session, checks, asked = config.stash[SESSION], config.stash[CHECKS], config.stash[ASKED]
    if not checks.may_measure():
        session.cut(checks.ended(), checks.not_reached(), checks.sentences(session.grading))
    complaint = session.finish(config.getoption("verdict_json"))
    if asked is not None:
        asked.write(session.document())
    checks.close()
    return complaint


def give_up(config: pytest.Config) -> None:
    """End the process where a call does not return after a signal, with all written."""
    try:
        config.stash[CHECKS].note_hang()
        write(config)
        capture = config.pluginmanager.get_plugin("capturemanager")
        if capture is not None:
            capture.suspend_global_capture()
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.stats["failed"] = whole_texts(config, reporter.stats.get("failed", []))
            reporter.summary_failures()
            tell(reporter, config)
            reporter.flush()
    finally:
        from seqlaws.properties.discovery.exits import EXIT
        from seqlaws.properties.runner.signals import status

        EXIT(status())


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around pytest's own
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    """Causes and the table of verdicts; in place of the text of every law that failed.

    With -v the law with the smallest case of each cause is told whole; with --all-failures all are.
    """
    if SESSION not in config.stash:
        return (yield)
    failed = terminalreporter.stats.get("failed", [])
    if failed:
        terminalreporter.stats["failed"] = whole_texts(config, failed)
    try:
        return (yield)
    finally:
        if failed:
            terminalreporter.stats["failed"] = failed
        tell(terminalreporter, config)


def whole_texts(config: pytest.Config, failed: list[Any]) -> list[Any]:
    """The reports of failures that are printed whole."""
    from seqlaws.properties.reporting.whole_texts import told_whole

    run, every = config.stash[SESSION], config.getoption("all_failures")
    verbose = config.get_verbosity() > 0
    return told_whole(failed, run.verdicts, run.causes, verbose=verbose, every=every)


def tell(reporter: Any, config: pytest.Config) -> None:
    """Print the end of a run of laws."""
    width, verbose = config.get_terminal_writer().fullwidth, config.get_verbosity() > 0
    lines = config.stash[SESSION].summary(width, verbose=verbose)
    if lines:
        reporter.section("laws")
        for text, style in lines:
            reporter.write_line(text, **({style: True} if style else {}))
