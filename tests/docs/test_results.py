"""docs/results: the page is whole, and has what its history tells of its day."""

from pathlib import Path

from seqlaws.properties.reporting.page.history import read_history
from seqlaws.properties.reporting.page.words import count

FOLDER = Path(__file__).resolve().parents[2] / "docs/results"


def test_the_page_has_the_latest_of_its_history():
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    history = read_history(FOLDER / "history.json")
    assert len(history) >= 3
    latest = [one for one in history if one.date == max(r.date for r in history)]
    for name in {one.implementation for one in latest}:
        some = [one for one in latest if one.implementation == name]  # by sections of laws
        assert f'<th scope="row">{name}</th><td>{some[0].date}</td>' in page
        assert any(f"in {count(checked_in(one))} checks" in page for one in some)


def checked_in(one):
    return sum(one.totals[s] for s in ("passed", "failed", "known failure", "SHOULD failed"))


def test_the_page_needs_no_other_file_and_is_small():
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not any(part in page for part in ("http:", "https:", '<link rel="stylesheet', 'src="'))
    assert len(page) < 800_000
