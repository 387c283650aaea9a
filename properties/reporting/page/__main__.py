"""`seqlaws-report`: make a report from verdicts and benchmarks.

seqlaws-report verdict.json times.json --to report.html --to report.md
seqlaws-report here.json gpu.json --earlier last_week.json --to report.html
seqlaws-report *.json --results docs/results --badge docs/results/badge.json
"""

import argparse
import sys
from pathlib import Path

from seqlaws.properties.reporting.page.documents import RefusedError


def main(arguments: list[str] | None = None) -> int:
    """Write the reports; return 2 with one sentence if a file is invalid."""
    parser = argparse.ArgumentParser(
        prog="seqlaws-report",
        description="Make a report from verdict.json and benchmark JSON files.",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="verdict.json, a benchmark's JSON or a receipt; several files are merged",
    )
    parser.add_argument(
        "--to",
        action="append",
        metavar="PATH",
        help="file to write, .html or .md (default report.html); repeatable",
    )
    parser.add_argument(
        "--earlier",
        action="append",
        default=[],
        metavar="FILE",
        help="show what changed since this file",
    )
    parser.add_argument(
        "--relative-to",
        default="",
        metavar="NAME",
        help="the implementation that times are compared with",
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="write a page of all bundled implementations, index.html, and extend history.json",
    )
    parser.add_argument(
        "--badge",
        type=Path,
        metavar="PATH",
        help="write the JSON of a badge, for an endpoint of shields.io",
    )
    given = parser.parse_args(arguments)
    from seqlaws.properties.reporting.page.asked import SUFFIXES
    from seqlaws.properties.reporting.page.badge import write_badge
    from seqlaws.properties.reporting.page.render import write
    from seqlaws.properties.reporting.page.report import report_of
    from seqlaws.properties.reporting.page.results import write_results

    paths = given.to or ([] if given.results or given.badge else ["report.html"])
    for path in paths:
        if Path(path).suffix not in SUFFIXES:
            parser.error(f"{path}: the suffix has to be {' or '.join(SUFFIXES)}")
    try:
        report = report_of(given.files, given.earlier, given.relative_to)
        for path in paths:
            write(report, path)
        if given.results:
            write_results(report, given.results)
        if given.badge:
            write_badge(report, given.badge)
    except RefusedError as error:
        sys.stderr.write(f"seqlaws-report: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"seqlaws-report: {error.filename}: {error.strerror}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
