"""The full texts of failures that pytest prints: which, and in what form."""

from collections.abc import Iterable, Sequence

import pytest
from _pytest._code.code import ReprFileLocation, TerminalRepr
from _pytest._io import TerminalWriter

from seqlaws.properties.judging.cause import Cause
from seqlaws.properties.judging.verdict import Verdict, loaded

PLACE = ("law", "dtype", "device")  # of a cause's smallest failure


class Text(TerminalRepr):
    """A failure's text. In pytest's short summary, also that of CI, its first line stands alone."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.reprcrash = ReprFileLocation("", 0, text.partition("\n")[0])

    def toterminal(self, tw: TerminalWriter) -> None:
        """Write the whole text."""
        tw.line(self.text)


def told_whole(
    reports: Iterable[pytest.TestReport],
    verdicts: Iterable[Verdict],
    causes: Sequence[Cause],
    *,
    verbose: bool,
    every: bool,
) -> list[pytest.TestReport]:
    """The reports of failures whose text is printed, with what the causes have added to it.

    verbose: of each cause the law with the smallest case; every: all; else no law.
    """
    known = {v.key: v for v in verdicts}
    smallest = [(c.implementation, *(c.smallest[n] for n in PLACE)) for c in causes]
    told = []
    for report in reports:
        kept = [loaded(str(value)) for n, value in report.user_properties if n == "seqlaws"]
        if kept:
            v = known.get(kept[0].key, kept[0])
            shown = (v.implementation, v.law, v.dtype, v.device) in smallest
            if not (every or (verbose and shown)):
                continue
            if v.message:
                report.longrepr = Text(v.message)
        told.append(report)
    return told
