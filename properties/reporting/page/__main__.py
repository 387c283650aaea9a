"""`seqlaws-report`, or `python -m seqlaws.properties.report`: a page from verdicts and times.

seqlaws-report verdict.json times.json --to report.html --to report.md
seqlaws-report here.json gpu.json --earlier last_week.json --to report.html
"""

import argparse
import sys
from pathlib import Path

from seqlaws.properties.reporting.page.documents import RefusedError


def main(arguments: list[str] | None = None) -> int:
    """Write the pages; 2 and one sentence where a file is refused."""
    parser = argparse.ArgumentParser(
        prog="seqlaws-report", description="A page from verdict.json and benchmarks' JSON files."
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="verdict.json or a benchmark's JSON; all are merged",
    )
    parser.add_argument(
        "--to", action="append", metavar="PATH", help="report.html or report.md; repeatable"
    )
    parser.add_argument(
        "--earlier", action="append", default=[], metavar="FILE", help="say what changed since"
    )
    parser.add_argument(
        "--relative-to",
        default="",
        metavar="NAME",
        help="the implementation that times are told in",
    )
    given = parser.parse_args(arguments)
    from seqlaws.properties.reporting.page.asked import SUFFIXES
    from seqlaws.properties.reporting.page.render import write
    from seqlaws.properties.reporting.page.report import report_of

    paths = given.to or ["report.html"]
    for path in paths:
        if Path(path).suffix not in SUFFIXES:
            parser.error(f"{path}: a page's name ends with {' or '.join(SUFFIXES)}")
    try:
        report = report_of(given.files, given.earlier, given.relative_to)
        for path in paths:
            write(report, path)
    except RefusedError as error:
        sys.stderr.write(f"seqlaws-report: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
