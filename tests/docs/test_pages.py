"""The published pages are what their commands make of docstrings, laws and measured numbers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("specification", "certificate")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_current(name):
    command = [sys.executable, ROOT / "docs" / f"{name}.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"python docs/{name}.py writes it anew\n{done.stderr}"


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    page = ROOT / "docs" / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = [h.lower().replace(" ", "-") for h in headings]
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", prose):
        path, _, anchor = target.partition("#")
        assert not anchor or anchors.count(anchor) == 1, target
        assert not path or (page.parent / path).exists(), target


def test_no_bound_of_the_certificate_was_exceeded():
    text = (ROOT / "docs" / "certificate.md").read_text(encoding="utf-8")
    assert "; 0 violations." in text
