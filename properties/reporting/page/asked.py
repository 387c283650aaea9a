"""Options of the page: `--report` and its companions, validated before the run."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seqlaws.properties.reporting.page.documents import RefusedError, Run, Times, read

SUFFIXES = (".html", ".md")


@dataclass(frozen=True)
class Asked:
    """Pages to write at the end of a run, what else is on them, what they are compared with."""

    pages: list[str]
    beside: list[Run | Times]
    earlier: list[Run | Times]

    def write(self, verdicts: str) -> None:
        """Write the pages; verdicts: this run's verdict.json."""
        from seqlaws.properties.reporting.page.render import write
        from seqlaws.properties.reporting.page.report import completed, merged

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "verdict.json"
            path.write_text(verdicts, encoding="utf-8")
            own = read(path)
        report = completed(merged([*own, *self.beside]), self.earlier)
        for page in self.pages:
            write(report, page)


def asked(option: Callable[[str], Any]) -> Asked | None:
    """Return the pages that the command line asks for, or None. Raises UsageError."""
    pages = option("report") or []
    for companion in ("report_with", "report_earlier"):
        if option(companion) and not pages:
            name = companion.replace("_", "-")
            raise pytest.UsageError(f"--{name} needs --report")
    for page in pages:
        if Path(page).suffix not in SUFFIXES:
            raise pytest.UsageError(f"--report {page}: the suffix has to be .html or .md")
    try:
        beside = [one for path in option("report_with") or [] for one in read(path)]
        earlier = [one for path in option("report_earlier") or [] for one in read(path)]
    except RefusedError as error:
        raise pytest.UsageError(str(error)) from None
    return Asked(pages, beside, earlier) if pages else None
