"""docs/results: the page is whole, and has what its history tells of its day."""

from pathlib import Path

from seqlaws.properties.reporting.page.history import read_history
from seqlaws.properties.reporting.page.words import count

FOLDER = Path(__file__).resolve().parents[2] / "docs/results"


def test_the_page_has_the_latest_of_its_history():
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    history = read_history(FOLDER / "history.json")
    assert len(history) >= 3
    for one in (r for r in history if r.date == max(r.date for r in history)):
        name = one.implementation
        assert f'<th scope="row">{name}</th><td>{one.date}</td>' in page
        checked = sum(one.totals[s] for s in ("passed", "failed", "known failure", "SHOULD failed"))
        assert f"in {count(checked)} checks" in page


def test_the_page_needs_no_other_file_and_is_small():
    page = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert not any(part in page for part in ("http:", "https:", '<link rel="stylesheet', 'src="'))
    assert len(page) < 300_000
