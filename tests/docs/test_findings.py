"""docs/findings.md: every script prints what the page says, where its release is installed."""

import importlib.metadata
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
SCRIPT = re.compile(
    r"### ([^\n]+)\n(?:(?!###).)*?```python\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL
)
FINDINGS = SCRIPT.findall(PAGE)


def installed(requirement):
    name, _, version = requirement.partition("==")
    try:
        return importlib.metadata.version(name).partition("+")[0] == version
    except importlib.metadata.PackageNotFoundError:
        return False


def test_every_finding_has_a_script_and_a_line_in_the_table():
    headings = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    assert [heading for heading, _, _ in FINDINGS] == headings
    anchors = ["".join(c for c in h.lower() if c.isalnum() or c in " _-") for h in headings]
    linked = re.findall(r"\]\(#([^)]+)\)", PAGE)
    assert linked == [anchor.replace(" ", "-") for anchor in anchors]


@pytest.mark.parametrize("heading, script, output", FINDINGS, ids=[f[0] for f in FINDINGS])
def test_a_finding_is_still_so(heading, script, output):
    first = script.splitlines()[0]
    assert first.startswith("# needs ")
    missing = [r for r in first.removeprefix("# needs ").split() if not installed(r)]
    if missing:
        pytest.skip(f"another release, or none, than {', '.join(missing)}")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False
    )
    ended = ""
    if done.returncode < 0:
        ended = f"(ended by {signal.Signals(-done.returncode).name})\n"
    assert done.stdout + ended == output, done.stderr
    assert done.returncode <= 0, done.stderr


def test_the_table_of_adapters_is_current():
    command = [sys.executable, ROOT / "docs" / "adapters.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"python docs/adapters.py writes it anew\n{done.stderr}"
