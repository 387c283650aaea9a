"""The cases that each law draws are those that digests.json says, bit for bit."""

import json

import pytest
from digests import FILE, bundled, digest

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))
WRITE = "if that is meant, python tests/digests.py --write"
LAWS = bundled()


def test_every_law_has_a_digest():
    assert KNOWN["laws"].keys() == LAWS.keys(), WRITE


def marked(key):
    """A sweep has many large cases."""
    sweep = key in LAWS and LAWS[key].sweep is not None
    return pytest.param(key, marks=pytest.mark.slow if sweep else ())


@pytest.mark.parametrize("key", [marked(key) for key in KNOWN["laws"]])
def test_cases_stay_the_same(key):
    assert digest(LAWS[key]) == KNOWN["laws"][key], WRITE
