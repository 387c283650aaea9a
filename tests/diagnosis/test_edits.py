"""Edits of the specification that are made together."""

import pytest

from seqlaws.properties.misreadings import about
from seqlaws.properties.misreadings.edits import Edit, changed, merged, source

SCALE = "return 1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else float(scale)"


def edits(operation, *names):
    """The edits of misreadings, by their names."""
    return tuple(e for n in names for one in about(operation) if one.name == n for e in one.edits)


def test_edits_of_one_expression_are_merged_word_by_word():
    both = edits("attention", "scale 1/D", "scale 0.0 taken for none")
    text = changed("attention", both)["default_scale"]
    assert SCALE in source("attention", "default_scale")
    assert "return 1 / max(q.shape[-1], 1) if not scale else float(scale)" in text


def test_edits_that_change_the_same_words_in_different_ways_exclude_each_other():
    with pytest.raises(ValueError, match="two changes of"):
        changed("attention", edits("attention", "scale 1/D", "scale D"))


@pytest.mark.parametrize(
    ("text", "pairs", "expected"),
    [
        ("a + b * c", [("a + b", "a - b"), ("b * c", "b * d")], "a - b * d"),
        ("f(x, y)", [("f(x, y)", "f(y)"), ("y)", "z)")], "f(z)"),
        ("f(x)", [("f(x)", "g(x)"), ("f(x)", "g(x)")], "g(x)"),
    ],
)
def test_merged_has_the_changes_of_each(text, pairs, expected):
    several = [Edit("module", "statement", old, new) for old, new in pairs]
    assert merged(text, several) == expected


def test_two_insertions_at_one_place_have_no_order():
    several = [Edit("module", "statement", "b", new) for new in ("a b", "c b")]
    with pytest.raises(ValueError, match="two changes"):
        merged("b", several)
