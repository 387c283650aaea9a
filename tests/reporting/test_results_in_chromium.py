"""The page of results in a browser, on a phone too."""

import pytest
from chromium import Browser, chromium
from reported import HOSTILE, document, timed, times, verdicts

from seqlaws.properties.judging.verdict import STATUSES
from seqlaws.properties.reporting.page.__main__ import main

pytestmark = pytest.mark.skipif(chromium() is None, reason="there is no Chromium")
NAMES = ["numpy_vectorized", f"other{HOSTILE}"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A page with every part; the second implementation's name is hostile."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "v.json").write_text(document(verdicts(NAMES, statuses=STATUSES, text=HOSTILE)))
    (folder / "t.json").write_text(times([timed(n, "small", 1e-3) for n in NAMES]))
    assert main([str(folder / "v.json"), str(folder / "t.json"), "--results", str(folder)]) == 0
    return folder / "index.html"


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_it_opens_without_error_or_request(browser, written, width, dark, script):
    browser.errors.clear()
    browser.requests.clear()
    browser.open(written, width, dark=dark, script=script)
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.errors == []
    assert set(browser.requests) == {written.as_uri()}
    assert browser.run("document.documentElement.scrollWidth") <= width
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_names_stay_where_the_table_is_scrolled(browser, written):
    browser.open(written, 390, 844)
    place = "document.querySelector('.matrix tbody th').getBoundingClientRect().left"
    last = "document.querySelector('.matrix tbody td:last-child').getBoundingClientRect().right"
    assert browser.run(last) > 390
    height = "document.querySelector('.matrix tbody th').getBoundingClientRect().height"
    assert browser.run(height) < 40  # on one line
    before = browser.run(place)
    browser.run("document.querySelector('#matrix .scroll').scrollLeft = 10000")
    assert browser.run(last) <= 390
    assert abs(browser.run(place) - before) < 1  # half of a border


def test_a_name_leads_to_its_sheet(browser, written):
    browser.open(written)
    browser.run("document.querySelector('.matrix a').click()")
    assert browser.run("document.querySelector(location.hash).tagName") == "DETAILS"
    assert browser.run("document.querySelector(location.hash + ' table.sheet').checkVisibility()")
