"""Options of the command line."""

import difflib
import sys

import pytest


def add_options(parser: pytest.Parser) -> None:
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
        "--spec",
        "--seqlaws-spec",
        action="append",
        dest="own_spec",
        metavar="FILE",
        help="a file with operations of your own (`@operation`); these are checked; repeatable",
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
        "--shard",
        "--seqlaws-shard",
        metavar="K/N",
        help="run only part K of N of the checks; the parts do not overlap, and seqlaws-report "
        "merges their verdicts",
    )
    group.addoption(
        "--spec-cache",
        "--seqlaws-spec-cache",
        metavar="DIR",
        help="keep the specification's answers in this folder, and use those of earlier runs",
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
        "--unexecuted",
        "--seqlaws-unexecuted",
        action="store_true",
        help="report the lines of the implementation that no case executed; the nightly profile "
        "always does",
    )
    group.addoption(
        "--all-failures",
        "--seqlaws-all-failures",
        action="store_true",
        help="print the whole text of every law that failed, not of one for each cause",
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
    if meant := misspelt([name for option in group.options for name in option.names()]):
        parser.extra_info["seqlaws"] = meant  # pytest prints it if it refuses the command line


def misspelt(known: list[str]) -> str:
    """Return a sentence about options of the command line that are nearly ours; "" if none is."""
    words = [word.partition("=")[0] for word in sys.argv[1:] if word.startswith("--")]
    close = {w: difflib.get_close_matches(w, known, 1, 0.75) for w in words if w not in known}
    return "; ".join(f"did you mean {near[0]}, not {w}?" for w, near in close.items() if near)
