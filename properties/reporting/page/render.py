"""The page and its short form, from a report, through the templates.

Every text that goes into a page is made visible and then escaped, by the template engine, where it
is put in; nothing else decides. The page allows itself the one style sheet and the one script that
it carries, by their digests: even a text that got past the escaping could do nothing.
"""

import base64
import functools
import hashlib
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from seqlaws.properties.judging.verdict import STATUSES
from seqlaws.properties.reporting.page import (
    accuracy,
    causes,
    changes,
    details,
    flow,
    overview,
    speed,
    words,
)
from seqlaws.properties.reporting.page.report import Report
from seqlaws.properties.reporting.tables import asked, not_supported, sections, totals

TEMPLATES = Path(__file__).resolve().parent / "templates"
FILTERS = ("count", "few", "duration", "code_span", "escaped")


def shown(value: Any) -> Any:
    """Return a value of a template; invisible characters of plain text are made visible."""
    return words.visible(value) if type(value) is str else value


def enumerated(names: list[str]) -> list[tuple[str, int]]:
    """Each name with its number, by which the page's filters know it."""
    return [(name, number) for number, name in enumerate(names)]


@functools.cache
def environment() -> jinja2.Environment:
    """The template engine: what is named .html is escaped, Markdown by its own filters."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=jinja2.select_autoescape(("html",)),
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {name: getattr(words, name) for name in FILTERS}
    made.filters |= {"enumerated": enumerated, "log2": math.log2}
    made.globals |= {"plural": words.plural, "signs": words.STATUS_SIGNS, "caution": speed.caution}
    return made


def write(report: Report, path: str | Path) -> None:
    """Write the page to a path: HTML for the suffix .html, else Markdown."""
    path = Path(path)
    text = page(report) if path.suffix == ".html" else markdown(report)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def page(report: Report) -> str:
    """Return the page as one HTML file that needs no other file."""
    texts = details.law_texts(report)
    broken = details.failures(texts, details.BROKEN)
    return environment().get_template("page.html").render(
        first_screen(report),
        **styled(),
        **speed_shown(report),
        statuses=STATUSES,
        broken=broken[: details.OPENED],
        not_opened=len(broken) - details.OPENED,
        laws=details.by_operation(report, texts),
        accuracy=accuracy.groups(report),
        accuracy_shares=[text for _, text in accuracy.SHARES],
        flow=flow.pictures(report),
    )  # fmt: skip


def styled() -> dict[str, Any]:
    """Return the style sheet and the script of a page, and the digests that allow them."""
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    return {
        "style": Markup(style),  # noqa: S704 (our own file)
        "script": Markup(script),  # noqa: S704 (our own file)
        "style_digest": digest(style),
        "script_digest": digest(script),
    }


def speed_shown(report: Report) -> dict[str, Any]:
    """Return the variables of the template that shows times."""
    return {
        "speed": speed.tables(report),
        "ceilings": speed.ceilings(report),
        "conditions": speed.conditions(report),
        "untimed": speed.untimed(report),
    }


def markdown(report: Report) -> str:
    """The first screen, for a pull request."""
    texts = details.law_texts(report)
    broken = details.failures(texts, details.BROKEN)
    return environment().get_template("page.md").render(
        first_screen(report), broken=broken, at_most=20
    )  # fmt: skip


def first_screen(report: Report) -> dict[str, Any]:
    """Return the variables of the templates that the page and its short form share."""
    verdicts = list(report.verdicts.values())
    changed = changes.changes(report)
    return {
        "report": report,
        "implementations": report.implementations,
        "operations": report.operations,
        "cells": overview.cells(report),
        "causes": causes.told(report),
        "lines": [(n, *overview.verdict_line(n, verdicts)) for n in report.implementations],
        "totals": totals(verdicts),
        "not_checked": overview.not_checked(report),
        "asked": asked(verdicts),
        "unexecuted": report.runs[0].unexecuted if len(report.runs) == 1 else [],
        "options": not_supported(verdicts),
        "sections": sections(verdicts),
        "changes": changed,
        "changes_summary": changes.summary(changed),
        "meanings": changes.MEANINGS,
        "runs": [overview.run_told(run) for run in report.runs],
        "now": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def digest(text: str) -> str:
    """Return the digest by which a content security policy allows a script or a style sheet."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
