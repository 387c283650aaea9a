"""The page in a browser: nothing in the console, nothing asked of a network, and what it can do."""

import pytest
from chromium import Browser, chromium
from reported import HOSTILE, LAWS, ceilings, document, large, timed, times, verdicts

from seqlaws.properties.judging.verdict import STATUSES
from seqlaws.properties.reporting.page.render import page
from seqlaws.properties.reporting.page.report import report_of

pytestmark = pytest.mark.skipif(chromium() is None, reason="there is no Chromium")
NAMES = ["mine", f"other{HOSTILE}"]
ROWS = len(NAMES) * len(LAWS) * 2  # of two operations


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A page with every part; the second implementation's name is hostile."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "v.json").write_text(document(verdicts(NAMES, statuses=STATUSES, text=HOSTILE)))
    rows = [timed(n, f"length {k}", 1e-6 * k, operation="gru") for n in NAMES for k in (8, 16, 32)]
    (folder / "t.json").write_text(times([*ceilings(), *rows]))
    path = folder / "report.html"
    path.write_text(page(report_of([folder / "v.json", folder / "t.json"])), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shared():
    """One browser for all."""
    with Browser() as browser:
        yield browser


@pytest.fixture
def browser(shared, written):
    """The browser, with the page just opened."""
    shared.errors.clear()
    shared.requests.clear()
    shared.open(written)
    return shared


def seen(browser, selector):
    """How many elements of a kind are shown."""
    return browser.run(
        f"[...document.querySelectorAll({selector!r})].filter(e => !e.closest('[hidden]')).length"
    )


def choose(browser, **chosen):
    """Set filters, as a reader does."""
    for name, text in chosen.items():
        browser.run(
            f"(() => {{ const s = document.forms.filters.elements.{name};"
            f"s.value = [...s.options].find(o => o.text.startsWith({text!r})).value;"
            "s.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_it_opens_without_error_or_request(browser, written, width, dark):
    browser.open(written, width, dark=dark)
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.errors == []
    assert set(browser.requests) == {written.as_uri()}
    assert browser.run("document.documentElement.scrollWidth") <= width
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_a_script_that_got_in_would_not_run(browser):
    browser.run(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.got = 1';"
        "document.body.append(s); })()"
    )
    assert browser.run("window.got") is None
    assert any("Content Security Policy" in error for error in browser.errors)


def test_failures_open_and_close(browser):
    assert browser.run("document.querySelectorAll('.failure[open]').length") == 0
    height = "document.querySelector('.failure').offsetHeight"
    closed = browser.run(height)
    browser.run("document.querySelector('.failure summary').click()")
    assert browser.run(height) > closed + 200
    browser.run("document.querySelector('.failure summary').click()")
    assert browser.run(height) == closed


def test_the_laws_of_a_cause_open_and_close(browser):
    assert browser.run("document.querySelectorAll('.cause details[open]').length") == 0
    height = "document.querySelector('.cause').offsetHeight"
    closed = browser.run(height)
    browser.run("document.querySelector('.cause summary').click()")
    assert browser.run(height) > closed


def test_a_cause_of_several_operations_is_found_by_each(browser):
    both = "document.querySelector('.cause').dataset.o += ' ' + document.forms.filters.o.value"
    choose(browser, o="lstm")
    before = seen(browser, ".cause")
    browser.run(both)  # the first is of softmax
    choose(browser, o="lstm")
    assert seen(browser, ".cause") == before + 1


def test_filters(browser):
    told = "document.getElementById('shown').textContent"
    assert seen(browser, ".law tbody tr") == ROWS
    assert browser.run(told) == f"{ROWS} of {ROWS} verdicts shown"
    choose(browser, i="mine")
    assert seen(browser, ".law tbody tr") == ROWS // 2
    assert seen(browser, ".overview thead th") == 2
    choose(browser, s="failed")
    assert seen(browser, ".law tbody tr") == seen(browser, ".law") == 2
    assert seen(browser, ".failure") == seen(browser, ".cause") == 2
    assert seen(browser, ".explained") == 1
    choose(browser, o="lstm")
    assert seen(browser, ".failure") == seen(browser, ".law") == seen(browser, ".operation") == 1
    assert seen(browser, ".cause") == 1
    assert seen(browser, ".overview tbody tr") == 1
    assert browser.run(told) == f"1 of {ROWS} verdicts shown"
    choose(browser, o="gru")
    assert seen(browser, ".law") == seen(browser, ".operation") == 0
    assert seen(browser, ".cause") == seen(browser, ".explained") == 0
    browser.run("document.querySelector('button[type=reset]').click()")
    browser.run("new Promise(done => setTimeout(done, 50))")
    assert seen(browser, ".law tbody tr") == ROWS
    assert browser.errors == []


@pytest.mark.parametrize("clipboard", [True, False])
def test_the_script_is_copied_as_it_is(browser, clipboard):
    browser.call("Page.bringToFront")
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite"])
    if not clipboard:  # an older way, for a page from where there is no clipboard to ask for
        browser.run("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    browser.run("document.querySelector('.failure').open = true")
    browser.run("document.querySelector('.failure .copy').click()")
    browser.run("new Promise(done => setTimeout(done, 200))")
    assert browser.run("document.querySelector('.failure .copy').textContent") == "Copied"
    copied = browser.run("navigator.clipboard.readText()")
    assert copied.startswith("import numpy as np\nprint(")
    compile(copied, "script", "exec")


def test_without_javascript_all_is_there_but_filters_and_copying(browser, written):
    browser.open(written, script=False)
    assert seen(browser, ".law tbody tr") == ROWS
    assert seen(browser, "form") == seen(browser, ".copy") == 0
    browser.open(written)


def test_on_paper_failures_are_open(browser):
    browser.size(800, 1000, media="print")
    shown = "document.querySelector('.failure pre.script').checkVisibility()"
    assert browser.run(shown)
    assert not browser.run("document.querySelector('form').checkVisibility()")
    browser.size(1280, 900)
    assert not browser.run(shown)


def test_twenty_implementations_open_in_two_seconds(shared, tmp_path):
    (tmp_path / "v.json").write_text(document(large()))
    path = tmp_path / "large.html"
    path.write_text(page(report_of([tmp_path / "v.json"])), encoding="utf-8")
    shared.call("Performance.enable", timeDomain="threadTicks")  # its own work, no waiting
    shared.open(path)
    metrics = {m["name"]: m["value"] for m in shared.call("Performance.getMetrics")["metrics"]}
    shared.call("Performance.disable")
    assert 0 < metrics["TaskDuration"] < 2
    assert seen(shared, ".law tbody tr") == 10_000
