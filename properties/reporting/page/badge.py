"""A badge: one line about a report, as shields.io reads it from an endpoint.

https://shields.io/badges/endpoint-badge
"""

import json
from collections import Counter
from pathlib import Path

from seqlaws.properties.reporting.page.overview import CHECKED
from seqlaws.properties.reporting.page.report import Report
from seqlaws.properties.reporting.page.words import count, plural


def badge(report: Report) -> dict[str, str | int]:
    """Return the fields of a badge; green if every check was run and nothing failed or is known."""
    counts = Counter(v.status for v in report.verdicts.values())
    checked = sum(counts[s] for s in CHECKED)
    rest = {"known failure": "known", "not run": "not run"}
    besides = "".join(f", {count(counts[s])} {text}" for s, text in rest.items() if counts[s])
    if not checked:
        message, color = "not run", "lightgrey"
    elif counts["failed"]:
        message, color = f"{count(counts['failed'])} of {plural(checked, 'check')} failed", "red"
    elif any(run.ended for run in report.runs):
        message, color = f"interrupted after {plural(checked, 'check')}", "lightgrey"
    else:
        message = f"{plural(counts['passed'], 'check')} passed{besides}"
        color = "yellow" if besides else "brightgreen"
    return {"schemaVersion": 1, "label": "seqlaws", "message": message, "color": color}


def write_badge(report: Report, path: Path) -> None:
    """Write the badge as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(badge(report), indent=1) + "\n", encoding="utf-8")
