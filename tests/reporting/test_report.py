"""The page: strangers' text stays text, anyone can read it, and it says what the terminal says."""

import re
from itertools import pairwise

import pytest
from elements import Elements
from reported import HOSTILE, document, everything, large, timed, times, verdicts

from seqlaws.properties.judging.verdict import STATUSES
from seqlaws.properties.reporting.page import accuracy, details, overview
from seqlaws.properties.reporting.page.asked import asked
from seqlaws.properties.reporting.page.render import TEMPLATES, markdown, page
from seqlaws.properties.reporting.page.report import report_of
from seqlaws.properties.reporting.page.words import code_span, visible
from seqlaws.properties.reporting.tables import totals


def test_strangers_text_is_shown_as_text(tmp_path):
    plain, hostile = page(everything(tmp_path)), page(everything(tmp_path, HOSTILE))
    calm, angry = Elements(plain), Elements(hostile)
    shape = [(tag, sorted(attributes)) for tag, attributes in calm.elements]
    assert shape == [(tag, sorted(attributes)) for tag, attributes in angry.elements]
    assert calm.bodies["script"] == angry.bodies["script"]
    assert calm.bodies["style"] == angry.bodies["style"]
    said = "".join(angry.text)
    assert said.count("<script>alert(1)</script>␛[2J␀<U+202E>evil") > 50
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", hostile
    )


def test_strangers_text_is_no_markdown(tmp_path):
    text = markdown(everything(tmp_path, HOSTILE))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    outside = re.sub(r"\\.", "", outside)
    assert "alert(1)" in text
    for markup in ("<script", "[", "`", "# x", "{{", "://", "www."):
        assert markup not in outside
    columns = {line.replace("\\|", "").count("|") for line in text.splitlines() if line[:1] == "|"}
    assert columns == {4}  # three columns, however many bars there are in the names


@pytest.mark.parametrize(
    ("text", "span"),
    [("a", "`a`"), ("a`b", "``a`b``"), ("``", "``` `` ```"), ("a|b", "`a\\|b`"), ("", "` `"),
     ("a\nb", "`a b`"), ("\x1b", "`␛`")],
)  # fmt: skip
def test_a_code_span_holds_any_text(text, span):
    assert code_span(text) == span


def test_what_cannot_be_seen_is_made_visible():
    assert visible("é ∞ 日本") == "é ∞ 日本"
    assert visible("\x85\u200d\ufeff\ud800\u2028") == "<U+0085><U+200D><U+FEFF><U+D800><U+2028>"
    assert visible("a\tb\nc") == "a\tb\nc"


def test_the_page_stands_alone_and_can_be_read_by_anyone(tmp_path):
    found = Elements(page(everything(tmp_path)))
    assert found.open == []
    for tag, attributes in found.elements:
        assert not any(name.startswith("on") or name in ("style", "src") for name in attributes)
        assert attributes.get("href", "#").startswith(("#", "data:,")), attributes
        assert tag != "th" or attributes.get("scope") in ("col", "row"), attributes
        assert tag != "svg" or "aria-label" in attributes or attributes.get("aria-hidden") == "true"
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = [a["id"] for _, a in found.elements if "id" in a]
    assert len(ids) == len(set(ids))
    links = {a["href"][1:] for tag, a in found.elements if tag in ("a", "use")}
    assert links <= set(ids)
    assert found.elements[0] == ("html", {"lang": "en"})


def luminance(colour):
    """As WCAG defines it."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_colour_of_text_has_contrast():
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(schemes) == 3  # light, dark, print
    light = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", schemes[0]))
    dark = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", schemes[1]))
    assert light.keys() == dark.keys()
    for scheme in (light, dark):
        for name, colour in scheme.items():
            for ground in ("back", "raised") if name not in ("back", "raised", "rule") else ():
                low, high = sorted([luminance(colour), luminance(scheme[ground])])
                assert (high + 0.05) / (low + 0.05) >= 4.5, (name, ground)


def test_no_status_is_told_by_colour_alone(tmp_path):
    text = "".join(Elements(page(everything(tmp_path))).text)
    for status in STATUSES:
        assert status in text


def test_both_forms_say_the_same_as_the_terminal(tmp_path):
    report = everything(tmp_path)
    text, short = "".join(Elements(page(report)).text), markdown(report)
    assert totals(report.verdicts.values()) in text
    assert totals(report.verdicts.values()) in short
    for cell in overview.cells(report).values():
        assert ", ".join(said for _, said in cell.said) in short
        assert all(said in text for _, said in cell.said)
    told = "100 examples per law, suite seed 0, profile default"
    assert told in text
    assert told in short
    for line in overview.not_checked(report):
        assert line in text
        assert line in short


def test_causes_come_first_with_all_that_is_known_of_them(tmp_path):
    report = everything(tmp_path)
    total = totals(report.verdicts.values())
    for text in ("".join(Elements(page(report)).text), markdown(report).replace("`", "")):
        assert text.index("your output is that of softmax") < text.index(total)
        for found in report.causes.values():
            for one in found:
                for said in (one.sentence, *one.laws, *one.lines, one.remedy, one.smallest["law"]):
                    assert said in text
        for said in ("explains 1 law", "smallest case", "observed", "expected", "allowed error"):
            assert said in text
    assert text.count("SHOULD failed: your output") == 4  # of two implementations and operations


def test_a_page_without_failures_has_no_causes(write):
    report = report_of([write(document(verdicts(["mine"])))])
    assert "Causes" not in page(report)
    assert "cause" not in markdown(report)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"report": ["page.pdf"]}, "the suffix has to be .html or .md"),
        ({"report_with": ["a.json"]}, "needs --report"),
        ({"report": ["a.html"], "report_earlier": ["nowhere.json"]}, "cannot be read"),
    ],
)
def test_what_cannot_be_reported_is_said_before_the_run(options, says):
    with pytest.raises(pytest.UsageError, match=re.escape(says)):
        asked(options.get)


def test_a_run_writes_its_pages(run_suite, plug_in, tmp_path):
    path = plug_in("import numpy as np\ndef softmax(x, axis=-1):\n    return np.exp(x)\n")
    chosen = ("--op", "softmax", "-k", "rows_sum or test_values", "--hypothesis-profile", "quick")
    pages = [tmp_path / "deep" / "report.html", tmp_path / "report.md"]
    given = [f"--report={p}" for p in pages] + ["--verdict-json", tmp_path / "v.json"]
    run = run_suite(f"--impl={path}", "--impl", "numpy_vectorized", *chosen, *given)
    assert run.returncode == 1, run.stdout
    html, short = (p.read_text(encoding="utf-8") for p in pages)
    (line,) = [line for line in run.stdout.splitlines() if line.startswith("laws: ")]
    for text in (html, short):
        assert line in text
        assert "precision: " in text
    report = report_of([tmp_path / "v.json"])
    failed = next(v for v in report.verdicts.values() if v.law == "softmax.rows_sum_to_one")
    texts = details.law_texts(report)
    assert texts[failed.law].sentence
    assert any(f.script and f.compared for f in details.failures(texts, ("failed",)))
    assert {p.implementation for g in accuracy.groups(report) for p in g.panels} >= {"mine"}
    assert "laws of the selected operations" in " ".join(overview.not_checked(report))


@pytest.mark.slow
def test_twenty_implementations_are_less_than_five_megabytes(write):
    made = large()
    assert len(made) == 10_000
    rows = [
        timed(f"implementation_{k}", f"length {n}", 1e-5) for k in range(20) for n in (8, 16, 32)
    ]
    text = page(report_of([write(document(made)), write(times(rows), "times.json")]))
    assert len(text.encode()) < 5_000_000
