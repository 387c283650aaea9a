"""The site: it is built without a warning, nothing leads nowhere, every public name is there."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


class Links(HTMLParser):
    """Addresses that a page refers to or loads, and the names of its places."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.loaded, self.names = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.names |= {told["id"]} if told.get("id") else set()
        if tag == "a" and "href" in told:
            self.addresses.append(told["href"])
        if tag in ("link", "script", "img") and (address := told.get("href") or told.get("src")):
            self.loaded.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for module in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, ROOT / "docs/build_site.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {path: Links(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}


def test_every_link_leads_somewhere(site):
    checked = 0
    for page, links in site.items():
        for address in links.addresses + links.loaded:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                own = parts.scheme == "data" or address in links.addresses
                assert own, f"{page.name} loads {address}"
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.exists(), f"{page.name}: {address}"
            if parts.fragment and target in site and target.name != "search.html":
                assert parts.fragment in site[target].names, f"{page.name}: {address}"
            checked += 1
    assert checked > 500


def test_every_page_of_the_documentation_is_there(site):
    names = {path.stem for path in site if path.parent.name == "docs"}
    written = {p.stem for p in (ROOT / "docs").glob("*.md") if not p.stem.endswith(".template")}
    assert names == written
    assert {"README", "CHANGELOG", "index"} <= {path.stem for path in site}


def test_every_public_name_has_its_reference(site):
    (page,) = (links for path, links in site.items() if path.stem == "public")
    text = (ROOT / "docs/public.md").read_text(encoding="utf-8")
    promised = set(re.findall(r"`(seqlaws\.[\w.]+)\(", text))
    assert len(promised) >= 5
    assert promised <= page.names
    assert {"seqlaws.reference.lstm", "seqlaws.properties.laws.agree"} <= page.names
    assert "seqlaws.reference.numbers.Arithmetic.unit" not in page.names
